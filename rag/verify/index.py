"""Indexes against the chunks: snapshots on this machine, and the views of a service that runs.

An index brings a document to what the database holds whenever the feed names it, so that one more change for a document mends
every index, the snapshots on other machines too.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from rag.errors import RedwellError
from rag.retrieval import snapshots
from rag.retrieval.holdings import Holdings
from rag.retrieval.shards import shard_of
from rag.store.database import Database
from rag.store.records import append_change
from rag.store.switches import is_off
from rag.store.tables import changes, chunks, documents
from rag.store.views import IndexViews
from rag.verify.findings import Damage, Finding

CHANGES_AT_ONCE = 200


async def examine_index(database: Database, folder: Path, *, shards: int = 1) -> AsyncIterator[Finding]:
    """`folder`: where the indexes of this machine leave their snapshots."""
    for root in await asyncio.to_thread(snapshots.roots, folder):
        newest = True
        for place, snapshot, wrong in await asyncio.to_thread(_examined, root):
            if snapshot is None:
                yield Finding(
                    Damage.SNAPSHOT,
                    place.name,
                    wrong,
                    "--repair deletes it; the index is made of the rows again.",
                    partial(_discard, place),
                )
            elif newest:
                newest = False
                async for finding in _snapshot(database, snapshot, _shard(root, folder), shards):
                    yield finding
    async for finding in _live(database, shards):
        yield finding


async def _snapshot(
    database: Database, snapshot: snapshots.Snapshot, shard: int, shards: int
) -> AsyncIterator[Finding]:
    """Documents that it holds otherwise than the database, and that no later change mends."""
    try:
        held = (await asyncio.to_thread(Holdings.load, snapshot.folder / "documents.json")).chunks
    except (OSError, ValueError, KeyError, TypeError) as error:
        mend = partial(_discard, snapshot.folder)
        yield Finding(Damage.SNAPSHOT, snapshot.folder.name, str(error), "--repair deletes it.", mend)
        return
    async with database.read() as connection:
        first = await connection.scalar(select(func.min(changes.c.seq)))
        if first is not None and snapshot.sequence < first - 1:
            return  # it is not used any more: everything is read again
        later = select(changes.c.document_id).where(changes.c.seq > snapshot.sequence)
        moving = set(await connection.scalars(later))
        rows = await connection.execute(select(chunks.c.document_id, chunks.c.id).where(~is_off()))
        wanted: defaultdict[str, set[int]] = defaultdict(set)
        for document_id, chunk_id in rows:
            if shard_of(document_id, shards) == shard:
                wanted[document_id].add(chunk_id)
    for id in sorted(({*held, *wanted}) - moving):
        there, due = set(held.get(id, ())), wanted.get(id, set())
        if there != due:
            detail = f"{snapshot.folder.name}: {len(there - due)} rows too many, {len(due - there)} missing"
            yield _stale(database, id, detail, [id])


async def _live(database: Database, shards: int) -> AsyncIterator[Finding]:
    """Views that have read the whole feed and hold another number of chunks. Not told which, all their documents are
    announced."""
    views = await IndexViews(database).live()
    async with database.read() as connection:
        head = await connection.scalar(select(func.max(changes.c.seq))) or 0
        found = await connection.execute(
            select(chunks.c.document_id, func.count())
            .where(~is_off())
            .group_by(chunks.c.document_id)
            .order_by(chunks.c.document_id)
        )
        counts: dict[str, int] = {row[0]: row[1] for row in found}
    for view in views:
        mine = [id for id in counts if shard_of(id, shards) == view.shard]
        due = sum(counts[id] for id in mine)
        if view.sequence == head and view.chunks != due:
            yield _stale(database, f"index {view.id[:8]}", f"holds {view.chunks} chunks of {due}", mine)


def _stale(database: Database, subject: str, detail: str, ids: Iterable[str]) -> Finding:
    remedy = "--repair makes the indexes read it again."
    return Finding(Damage.STALE, subject, detail, remedy, partial(_announce, database, list(ids)))


async def _announce(database: Database, ids: list[str]) -> bool:
    for start in range(0, len(ids), CHANGES_AT_ONCE):
        async with database.write() as connection:
            for id in ids[start : start + CHANGES_AT_ONCE]:
                query = select(documents.c.collection).where(documents.c.id == id)
                collection = await connection.scalar(query)
                op = "upsert" if collection is not None else "delete"
                await append_change(database, connection, op, id, collection or "")
    return True


async def _discard(folder: Path) -> bool:
    await asyncio.to_thread(snapshots.discard, folder, "found damaged by verify")
    return True


def _examined(root: Path) -> list[tuple[Path, snapshots.Snapshot | None, str]]:
    return list(snapshots.examined(root))


def _shard(root: Path, folder: Path) -> int:
    """`<number>-of-<shards>` below the indexes' folder; one index has none."""
    try:
        return 0 if root == folder else int(root.name.partition("-of-")[0]) - 1
    except ValueError as error:
        raise RedwellError(f"{root} is no folder of snapshots.", "Move it away.") from error
