"""What came in an archive or a mail becomes documents of their own, each with its job in the queue."""

from __future__ import annotations

from collections.abc import Sequence

from rag.errors import ParserLimit
from rag.model import Document
from rag.ports import Member
from rag.services import Services
from rag.store.family import NewChild


async def adopt(document: Document, members: Sequence[Member], services: Services) -> list[str]:
    """Queue the members, whose bytes are stored, as children; returns warnings. Idempotent.

    Raises ParserLimit where archives are nested too deeply, or where all that came in the outermost one is too much.
    """
    store, limits = services.state.documents, services.settings.limits
    above = await store.ancestors(document.id)
    if len(above) >= limits.archive_depth:
        raise ParserLimit(
            f"Archives and mails are nested {len(above) + 1} deep, more than {limits.archive_depth}.",
            "Unpack the inner ones, or raise `limits.archive_depth`.",
        )
    others, size = await store.family_size(above[-1] if above else document.id, without=document.id)
    if others + len(members) > limits.archive_members:
        raise ParserLimit(
            f"With the archives inside it the archive holds more than {limits.archive_members} files.",
            "Split it, or raise `limits.archive_members`.",
        )
    if size + sum(member.size for member in members) > limits.archive_bytes:
        raise ParserLimit(
            "With the archives inside it the archive unpacks to more than is allowed.",
            "Split it, or raise `limits.archive_bytes`.",
        )
    accepted = [
        NewChild(f"{number:06d}", f"{document.filename}/{one.name}", one.media_type, one.sha256, one.size)
        for number, one in enumerate(members)
        if one.error is None
    ]
    refused = [(one.name, one.error) for one in members if one.error is not None]
    records = [{"path": name, "error": error} for name, error in refused]
    await store.add_children(document.id, accepted, refused=records)
    if not refused:
        return []
    names = ", ".join(f"{name} ({error['code']})" for name, error in refused[:10])
    more = f" and {len(refused) - 10} more" if len(refused) > 10 else ""
    return [f"{len(refused)} of {len(members)} files in it are not read: {names}{more}."]
