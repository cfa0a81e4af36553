"""The files that batch jobs have seen: what is loaded, what is left, what failed and why (the dead letters)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag.errors import RedwellError
from rag.intake.ingestions import MEMBER, Item, ItemStatus, RunStatus
from rag.model import Document
from rag.ports import Job
from rag.store.database import Database
from rag.store.ingestions import lease_owner
from rag.store.item_lists import ItemLists, item_value
from rag.store.records import BATCH, jsonable, load, now, upsert
from rag.store.tables import documents, ingestion_items, ingestions, jobs, stages, storable
from rag.store.visible import visible

_items = ingestion_items
OPEN = (ItemStatus.WAITING.value, ItemStatus.RUNNING.value)
FINISHED = (ItemStatus.DONE.value, ItemStatus.PARTIAL.value)
DEAD = (ItemStatus.FAILED.value, ItemStatus.PARTIAL.value)


def item_key(collection: str, uri: str) -> str:
    """A file is known by its collection and URI."""
    return hashlib.sha256(f"{collection}\0{uri}".encode(errors="surrogatepass")).hexdigest()


class ItemStore(ItemLists):
    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------------------------------------ listing

    async def list_files(
        self, ingestion_id: str, files: Sequence[Mapping[str, Any]], current: Mapping[str, str]
    ) -> int:
        """Take a batch of listed files into a job; returns how many of them are to do.

        A file is `{uri, filename, collection, size, fingerprint, given}`. It is left as it is when its fingerprint is
        known and its document has every stage of `current` (stage -> version), or it is a dead letter; all else waits.
        """
        keys = [item_key(file["collection"], file["uri"]) for file in files]
        async with self._database.write() as connection:
            known = {row.key: row for row in await _by(connection, _items.c.key, keys)}
            ids = [row.document_id for row in known.values() if row.document_id]
            complete = await _complete(connection, ids, current)
            new, left = [], 0
            for key, file in zip(keys, files, strict=True):
                row = known.get(key)
                if row is None:
                    new.append(_row(ingestion_id, key, file))
                    left += 1
                    continue
                same = bool(file["fingerprint"]) and row.fingerprint == file["fingerprint"]
                loaded = row.status == ItemStatus.DONE.value and row.document_id in complete
                if same and (loaded or row.status in DEAD):
                    if row.ingestion_id == ingestion_id:
                        continue
                    values: dict[str, Any] = {"ingestion_id": ingestion_id}
                else:
                    values = _again(ingestion_id, file)
                    left += 1
                await connection.execute(update(_items).where(_items.c.id == row.id).values(values))
            if new:
                await connection.execute(upsert(connection, _items).on_conflict_do_nothing(), new)
            return left

    async def retry_failed(self, ingestion_id: str, *, collection: str | None = None) -> int:
        """Take the dead letters (of a collection) into a job; returns how many."""
        where: list[ColumnElement[bool]] = [_items.c.status.in_(DEAD), *visible(_items.c.collection)]
        if collection is not None:
            where.append(_items.c.collection == collection)
        values = {
            "ingestion_id": ingestion_id,
            "status": ItemStatus.WAITING.value,
            "stage": "read",
            "updated_at": now(),
        }
        async with self._database.write() as connection:
            changed = await connection.execute(update(_items).where(*where).values(values | {"error": None}))
            return changed.rowcount

    async def reopen(self, ingestion_id: str) -> int:
        """Files of a job whose runner died in the middle wait again; returns how many."""
        values = {"status": ItemStatus.WAITING.value, "stage": "read"}
        mine = and_(_items.c.ingestion_id == ingestion_id, _items.c.status == ItemStatus.RUNNING.value)
        async with self._database.write() as connection:
            return (await connection.execute(update(_items).where(mine).values(values))).rowcount

    async def waiting(self, ingestion_id: str) -> list[int]:
        """Ids of the files to do, the smallest first: many are in soon, and the largest share the whole cluster."""
        query = (
            select(_items.c.id)
            .where(_items.c.ingestion_id == ingestion_id, _items.c.status == ItemStatus.WAITING.value)
            .order_by(_items.c.size, _items.c.id)
        )
        async with self._database.read() as connection:
            return list(await connection.scalars(query))

    async def get(self, ids: Sequence[int]) -> list[Item]:
        """In the order of the ids; what is gone is left out."""
        async with self._database.read() as connection:
            found = {row.id: item_value(row) for row in await _by(connection, _items.c.id, ids)}
        return [found[id] for id in ids if id in found]

    # ------------------------------------------------------------------------------------------------ working

    async def begin(self, id: int) -> int:
        """The file is taken up; returns which attempt this is. A worker that dies on it again and again is seen here."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(_items)
                .where(_items.c.id == id)
                .values(attempt=_items.c.attempt + 1, stage="read", updated_at=now())
                .returning(_items.c.attempt)
            )
            return changed.scalar_one_or_none() or 0

    async def attach(self, item: Item, document: Document, *, duplicate: bool) -> bool:
        """The file's bytes are stored as this document. Another content than before is a new version of the file.

        True when another file of the job with the same bytes is being worked on: its end settles both.
        """
        async with self._database.write() as connection:
            await connection.execute(select(documents.c.id).where(documents.c.id == document.id).with_for_update())
            changed = item.sha256 not in (None, document.sha256)
            others = await connection.scalar(
                select(func.count())
                .select_from(_items)
                .join(ingestions, ingestions.c.id == _items.c.ingestion_id)
                .where(
                    _items.c.document_id == document.id,
                    _items.c.id != item.id,
                    _items.c.status == ItemStatus.RUNNING.value,
                    ingestions.c.status == RunStatus.RUNNING.value,
                )
            )
            values = {
                "document_id": document.id,
                "sha256": document.sha256,
                "size": document.size,
                "duplicate": int(duplicate),
                "status": ItemStatus.RUNNING.value,
                "version": item.version + changed,
                "replaces": item.document_id if changed else item.replaces,
                "updated_at": now(),
            }
            await connection.execute(update(_items).where(_items.c.id == item.id).values(values))
            return bool(others)

    async def take_members(self, ingestion_id: str, parent: Item, children: Sequence[Document]) -> None:
        """Documents that came in an archive become files of the job, waiting."""
        rows = [
            _row(
                ingestion_id,
                item_key(child.collection, f"{parent.uri}{MEMBER}{child.filename}"),
                {
                    "uri": f"{parent.uri}{MEMBER}{child.filename}",
                    "collection": child.collection,
                    "filename": child.filename,
                    "size": child.size,
                    "fingerprint": child.sha256,
                    "given": {},
                },
            )
            | {"document_id": child.id, "sha256": child.sha256}
            for child in children
        ]
        async with self._database.write() as connection:
            for row in rows:
                statement = upsert(connection, _items).values(row)
                await connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row))

    async def orphans(self, ingestion_id: str) -> None:
        """Members of archives whose job died wait for this one: a listing does not find them."""
        under_way = select(ingestions.c.id).where(ingestions.c.status == RunStatus.RUNNING.value)
        lost = and_(
            _items.c.status.in_(OPEN),
            _items.c.uri.contains(MEMBER, autoescape=True),
            _items.c.ingestion_id.not_in(under_way),
            *visible(_items.c.collection),
        )
        values = {"status": ItemStatus.WAITING.value, "ingestion_id": ingestion_id}
        async with self._database.write() as connection:
            await connection.execute(update(_items).where(lost).values(values))

    async def let_go(self, document_id: str, ingestion_id: str) -> None:
        """The job's lease on a document is over, and with it the document's place in the queue."""
        async with self._database.write() as connection:
            await connection.execute(delete(jobs).where(_leased(document_id, ingestion_id)))

    async def pages(self, document_id: str, *, pages: int, read: int, stage: str) -> None:
        """How many pages the document has, how many are read, where it is now."""
        await self._of_document(document_id, pages=pages, pages_read=read, stage=stage)

    async def stage(self, document_id: str, stage: str) -> None:
        await self._of_document(document_id, stage=stage)

    async def fail(self, id: int, error: RedwellError, *, stage: str) -> None:
        """A dead letter without a document: the file could not even be stored."""
        values = {"status": ItemStatus.FAILED.value, "stage": stage, "error": jsonable(error.as_dict())}
        async with self._database.write() as connection:
            await connection.execute(update(_items).where(_items.c.id == id).values(**values, updated_at=now()))

    async def settle(
        self,
        document_id: str,
        status: ItemStatus,
        *,
        ingestion_id: str,
        seconds: float | None,
        error: Mapping[str, Any] | None,
        stage: str,
        keep_versions: bool = False,
    ) -> list[str]:
        """Every file with this document is over, and the job's place for it in the queue is gone with that: a job killed
        between the two would leave work that is done. Returns the documents of earlier contents, which may go now and are
        in `replaced` until they are `removed`."""
        mine = and_(_items.c.document_id == document_id, _items.c.status.in_(OPEN))
        values: dict[str, Any] = {
            "status": status.value,
            "stage": stage,
            "seconds": seconds,
            "error": None if error is None else jsonable(error),
            "updated_at": now(),
        }
        if status.value in FINISHED:
            values["replaces"] = None if keep_versions else func.nullif(_items.c.replaces, document_id)
        async with self._database.write() as connection:
            settled = await connection.execute(update(_items).where(mine).values(values).returning(_items.c.replaces))
            old = {row.replaces for row in settled if row.replaces} if status.value in FINISHED else set()
            await connection.execute(delete(jobs).where(_leased(document_id, ingestion_id)))
            return sorted(old)

    async def replaced(self) -> list[str]:
        """Documents of earlier contents whose new version is there: what killed jobs left."""
        query = select(_items.c.replaces).where(
            _items.c.status.in_(FINISHED),
            _items.c.replaces.is_not(None),
            *visible(_items.c.collection),
        )
        async with self._database.read() as connection:
            return sorted(set(await connection.scalars(query)))

    async def removed(self, document_id: str) -> None:
        """An earlier content is gone, or kept because another file is stored as it."""
        done = and_(_items.c.replaces == document_id, _items.c.status.in_(FINISHED))
        async with self._database.write() as connection:
            await connection.execute(update(_items).where(done).values(replaces=None))

    async def hold(self, document_id: str, ingestion_id: str, *, lease_seconds: float) -> Job | None:
        """Lease a document for a job. None when an analyzer or another job holds it now."""
        instant, owner = now(), lease_owner(ingestion_id)
        until = instant + timedelta(seconds=lease_seconds)
        row = {"document_id": document_id, "attempt": 0, "due_at": instant, "created_at": instant}
        async with self._database.write() as connection:
            if not (found := await load(connection, [document_id])):
                return None
            await connection.execute(upsert(connection, jobs).values(row).on_conflict_do_nothing())
            free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= instant, jobs.c.owner == owner)
            held = await connection.execute(
                update(jobs)
                .where(jobs.c.document_id == document_id, free)
                .values(owner=owner, lease_until=until, attempt=jobs.c.attempt + 1)
                .returning(jobs.c.attempt)
            )
            attempt = held.scalar_one_or_none()
            return None if attempt is None else Job(found[0], owner, attempt)

    async def cancelled(self, ingestion_id: str) -> list[str]:
        """Close what is open of a cancelled job; returns the documents that are not finished, their leases gone."""
        mine = and_(_items.c.ingestion_id == ingestion_id, _items.c.status.in_(OPEN))
        async with self._database.write() as connection:
            held = select(jobs.c.document_id).where(jobs.c.owner == lease_owner(ingestion_id))
            unfinished = list(await connection.scalars(held))
            await connection.execute(
                update(_items).where(mine).values(status=ItemStatus.CANCELLED.value, updated_at=now())
            )
            await connection.execute(delete(jobs).where(jobs.c.owner == lease_owner(ingestion_id)))
            return unfinished

    async def forget(self, id: int) -> str | None:
        """Drop a file's row. Returns its document when no other file is stored as that."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(_items).where(_items.c.id == id).returning(_items.c.document_id))
            row = gone.first()
            if row is None or row.document_id is None:
                return None
            others = await connection.scalar(
                select(func.count()).select_from(_items).where(_items.c.document_id == row.document_id)
            )
            return None if others else row.document_id

    async def shared(self, document_id: str) -> bool:
        """True when a file is stored as this document."""
        async with self._database.read() as connection:
            query = select(func.count()).select_from(_items).where(_items.c.document_id == document_id)
            return bool(await connection.scalar(query))

    async def _of_document(self, document_id: str, **values: Any) -> None:
        mine = and_(_items.c.document_id == document_id, _items.c.status.in_(OPEN))
        async with self._database.write() as connection:
            await connection.execute(update(_items).where(mine).values(**values, updated_at=now()))


def _leased(document_id: str, ingestion_id: str) -> ColumnElement[bool]:
    return and_(jobs.c.document_id == document_id, jobs.c.owner == lease_owner(ingestion_id))


async def _by(connection: AsyncConnection, column: Any, values: Sequence[Any]) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    for start in range(0, len(values), BATCH):
        rows += (await connection.execute(select(_items).where(column.in_(values[start : start + BATCH])))).all()
    return rows


async def _complete(connection: AsyncConnection, ids: Sequence[str], current: Mapping[str, str]) -> set[str]:
    """The documents that have every stage of `current` by its version, done or skipped."""
    have: dict[str, int] = {}
    for start in range(0, len(ids), BATCH):
        query = select(stages).where(stages.c.document_id.in_(ids[start : start + BATCH]))
        for row in await connection.execute(query):
            good = row.status == "done" or (row.status == "skipped" and row.stage != "read")
            if good and row.version == current.get(row.stage):
                have[row.document_id] = have.get(row.document_id, 0) + 1
    return {id for id, count in have.items() if count == len(current)}


def _row(ingestion_id: str, key: str, file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": key,
        "uri": storable(file["uri"]),
        "collection": file["collection"],
        "version": 1,
        "duplicate": 0,
        "attempt": 0,
        "pages": 0,
        "pages_read": 0,
        **_again(ingestion_id, file),
    }


def _again(ingestion_id: str, file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "filename": storable(file["filename"]),
        "given": jsonable(file["given"]),
        "size": file["size"] or 0,
        "fingerprint": file["fingerprint"],
        "ingestion_id": ingestion_id,
        "status": ItemStatus.WAITING.value,
        "stage": "read",
        "attempt": 0,
        "error": None,
        "updated_at": now(),
    }
