"""API keys in the database, and what each has used of its minute, shared by all replicas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, func, insert, literal, select, update

from rag.access.keys import ApiKey, NewKey
from rag.access.principal import Limited, Permission
from rag.errors import NotFound
from rag.store.access_tables import api_keys, key_minutes
from rag.store.database import Database
from rag.store.records import now, storable, upsert
from rag.store.tables import Instant, documents


class KeyStore:
    """`clock` gives the time as an aware datetime; tests move it by hand."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self.clock = clock

    async def add(
        self,
        new: NewKey,
        *,
        name: str,
        tenant: str,
        permissions: Sequence[Permission | str],
        collections: Sequence[str] | None = None,
        limits: Limited = Limited(),
        expires_at: datetime | None = None,
        created_by: str = "",
    ) -> ApiKey:
        """Only the digest of `new` is kept."""
        row = {
            "id": new.id,
            "digest": new.digest,
            "name": storable(name),
            "tenant": tenant,
            "permissions": sorted(Permission(one).value for one in permissions),
            "collections": None if collections is None else sorted(set(collections)),
            "requests_per_minute": limits.requests_per_minute,
            "most_documents": limits.documents,
            "most_bytes": limits.bytes,
            "created_at": self.clock(),
            "created_by": created_by,
            "expires_at": expires_at,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(api_keys).values(row))
        found = await self.find(new.id)
        assert found is not None
        return found

    async def find(self, id: str) -> ApiKey | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(api_keys).where(api_keys.c.id == id))).first()
        return _value(row) if row else None

    async def list(self, tenant: str | None = None) -> list[ApiKey]:
        """Newest first; those of one tenant, or all."""
        query = select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        if tenant is not None:
            query = query.where(api_keys.c.tenant == tenant)
        async with self._database.read() as connection:
            return [_value(row) for row in await connection.execute(query)]

    async def revoke(self, id: str, tenant: str | None = None) -> ApiKey:
        """Once and for all; again changes nothing. Raises NotFound, also for a key of another tenant than `tenant`."""
        mine = api_keys.c.id == id if tenant is None else (api_keys.c.id == id) & (api_keys.c.tenant == tenant)
        async with self._database.write() as connection:
            when = func.coalesce(api_keys.c.revoked_at, literal(self.clock(), Instant))
            gone = await connection.execute(update(api_keys).where(mine).values(revoked_at=when).returning(api_keys))
            row = gone.first()
        if row is None:
            raise NotFound(f"There is no key '{id[:64]}'.", "GET /v1/keys lists them.")
        return _value(row)

    async def take(self, id: str, minute: int, wanted: int, limit: int) -> int:
        """How many of `wanted` requests the key may still send in this minute (counted since 1970), taken off at once."""
        async with self._database.write() as connection:
            newer = key_minutes.c.minute < minute
            begun = upsert(connection, key_minutes).values(key_id=id, minute=minute, used=0)
            begun = begun.on_conflict_do_update(
                index_elements=["key_id"],
                set_={
                    "minute": case((newer, minute), else_=key_minutes.c.minute),
                    "used": case((newer, 0), else_=key_minutes.c.used),
                },
            )
            await connection.execute(begun)
            used = await connection.scalar(select(key_minutes.c.used).where(key_minutes.c.key_id == id)) or 0
            granted = max(0, min(wanted, limit - used))
            if granted:
                mine = update(key_minutes).where(key_minutes.c.key_id == id)
                await connection.execute(mine.values(used=key_minutes.c.used + granted))
            return granted

    async def stored(self, id: str) -> tuple[int, int]:
        """(documents, bytes) that were stored with the key and are still there."""
        query = select(func.count(), func.coalesce(func.sum(documents.c.size), 0)).where(documents.c.key_id == id)
        async with self._database.read() as connection:
            count, size = (await connection.execute(query)).one()
        return int(count), int(size)


def _value(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        tenant=row.tenant,
        permissions=frozenset(Permission(name) for name in row.permissions),
        collections=None if row.collections is None else tuple(row.collections),
        limits=Limited(row.requests_per_minute, row.most_documents, row.most_bytes),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        digest=row.digest,
    )
