"""Blobs against the documents that name them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Protocol

from sqlalchemy import select

from rag.errors import NotFound
from rag.intake import originals
from rag.intake.antivirus import QUARANTINE
from rag.ports import Blobs
from rag.store.backup import Backup, checked_file
from rag.store.database import Database
from rag.store.tables import documents
from rag.verify.findings import Damage, Finding

FRESH_SECONDS = 3600.0
"""Files younger than this may belong to an upload or an archive that has no row yet: they are left alone."""
OF_DOCUMENTS = ("originals/", "unlocked/", "converted/", "redacted/", "instant/")
"""Only these are called orphans. What was put into quarantine, or lies there for another reason, is not ours to delete."""
_FROM = "Restore it: `redwell verify --repair --from BACKUP`; or delete the document and send it again."


class DatedBlobs(Blobs, Protocol):
    """What is needed of rag.store.blobs.FsspecBlobs."""

    async def changed_at(self, key: str) -> float: ...

    async def sweep(self, before: float) -> int: ...


async def examine_files(
    database: Database, blobs: DatedBlobs, *, now: float, backup: tuple[Backup, Blobs] | None = None
) -> AsyncIterator[Finding]:
    """Every file is read and hashed. The files are listed before the rows: what is uploaded meanwhile is no finding."""
    keys = set(await blobs.keys())
    async with database.read() as connection:
        rows = (await connection.execute(select(documents.c.sha256, documents.c.unlocked, documents.c.filename))).all()
    named = {originals.original(row.sha256): row.filename for row in rows}
    needed = dict(named) | {originals.unlocked(originals.original(r.sha256)): r.filename for r in rows if r.unlocked}
    for key, filename in sorted(needed.items()):
        if not await blobs.exists(key):
            if await _named(database, key):
                yield _lost(Damage.MISSING, key, f"of '{filename}'", blobs, backup)
            continue
        if key in named and await _sum(blobs, key) != key.rpartition("/")[2]:
            yield _lost(Damage.ALTERED, key, f"of '{filename}': its bytes are not those that were sent", blobs, backup)
    wanted = {one for key in named for one in (key, *originals.copies(key))}
    for key in sorted(one for one in keys - wanted if not one.startswith(QUARANTINE)):
        try:
            old = now - await blobs.changed_at(key) > FRESH_SECONDS
        except NotFound:
            continue
        if old and not await _named(database, key):
            yield Finding(
                Damage.ORPHANED,
                key,
                "no document has it",
                "--repair deletes it.",
                partial(_delete, database, blobs, key),
            )


async def examine_unfinished(blobs: DatedBlobs, *, now: float, mend: bool) -> AsyncIterator[Finding]:
    """What writers that died left behind; counted by deleting it, so only when mending."""
    if mend and (count := await blobs.sweep(now - FRESH_SECONDS)):

        async def done() -> bool:
            return True

        yield Finding(Damage.UNFINISHED, "blob store", f"{count} files of writes that were cut off", "", done)


def _lost(damage: Damage, key: str, detail: str, blobs: Blobs, backup: tuple[Backup, Blobs] | None) -> Finding:
    held = backup is not None and key in backup[0].files
    return Finding(damage, key, detail, _FROM, partial(_bring_back, key, blobs, backup) if held else None)


async def _bring_back(key: str, blobs: Blobs, backup: tuple[Backup, Blobs] | None) -> bool:
    assert backup is not None
    data = await checked_file(backup[1], key, backup[0].files[key])
    if key.startswith("originals/") and hashlib.sha256(data).hexdigest() != key.rpartition("/")[2]:
        return False  # it was altered before the backup was made
    await blobs.put(key, data)
    return True


async def _delete(database: Database, blobs: Blobs, key: str) -> bool:
    """An upload of the same bytes may come in between: it stores them again when it finds them gone, an archive's member may
    not, so they are put back when somebody names them now."""
    if await _named(database, key):
        return True
    try:
        data = await blobs.get(key)
    except NotFound:
        return True
    await blobs.delete(key)
    if await _named(database, key):
        await blobs.put(key, data)
    return True


async def _named(database: Database, key: str) -> bool:
    """Whether a document has these bytes, or those that this is a copy of."""
    async with database.read() as connection:
        query = select(documents.c.id).where(documents.c.sha256 == key.rpartition("/")[2]).limit(1)
        return await connection.scalar(query) is not None


async def _sum(blobs: Blobs, key: str) -> str:
    try:
        return hashlib.sha256(await blobs.get(key)).hexdigest()
    except NotFound:
        return ""
