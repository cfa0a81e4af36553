"""What a key may store: counted in the transaction that stores, from the documents themselves, so that no counter can drift."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from rag.access.principal import Principal
from rag.errors import QuotaExceeded
from rag.store.access_tables import api_keys
from rag.store.tables import documents


async def check_quota(connection: AsyncConnection, principal: Principal | None) -> None:
    """After the document was inserted. Raises QuotaExceeded, which takes it back."""
    if principal is None or (principal.limits.documents is None and principal.limits.bytes is None):
        return
    # Uploads with one key wait for each other here; SQLite has one writer anyway.
    await connection.execute(select(api_keys.c.id).where(api_keys.c.id == principal.key_id).with_for_update())
    mine = documents.c.key_id == principal.key_id
    query = select(func.count(), func.coalesce(func.sum(documents.c.size), 0)).where(mine)
    count, size = (await connection.execute(query)).one()
    for what, used, most in (
        ("documents", int(count), principal.limits.documents),
        ("bytes", int(size), principal.limits.bytes),
    ):
        if most is not None and used > most:
            raise QuotaExceeded(f"The API key may have {most} {what} stored, and this would make {used}.")
