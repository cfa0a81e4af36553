"""What batch jobs have done, looked at: sums, failures, types, the slowest files."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from rag.intake.ingestions import MEMBER, Item, ItemStatus, Progress
from rag.store.database import Database
from rag.store.tables import documents, ingestion_items
from rag.store.visible import visible

_items = ingestion_items


class ItemLists:
    _database: Database

    async def progress(self, ingestion_id: str) -> Progress:
        query = (
            select(
                _items.c.status,
                _items.c.stage,
                func.count().label("files"),
                func.sum(_items.c.pages).label("pages"),
                func.sum(_items.c.pages_read).label("read"),
            )
            .where(_items.c.ingestion_id == ingestion_id, *visible(_items.c.collection))
            .group_by(_items.c.status, _items.c.stage)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        by_status = {status: sum(row.files for row in rows if row.status == status.value) for status in ItemStatus}
        under_way = {row.stage: row.files for row in rows if row.status == ItemStatus.RUNNING.value}
        return Progress(
            files=sum(row.files for row in rows),
            waiting=by_status[ItemStatus.WAITING],
            running=by_status[ItemStatus.RUNNING],
            done=by_status[ItemStatus.DONE],
            partial=by_status[ItemStatus.PARTIAL],
            failed=by_status[ItemStatus.FAILED],
            cancelled=by_status[ItemStatus.CANCELLED],
            pages=int(sum(row.pages for row in rows)),
            pages_read=int(sum(row.read for row in rows)),
            stages=under_way,
        )

    async def items(
        self, ingestion_id: str | None = None, *, status: Sequence[str] = (), after: int = 0, limit: int = 100
    ) -> list[Item]:
        """By id, after id `after`."""
        where = [_items.c.id > after, *visible(_items.c.collection)]
        if ingestion_id is not None:
            where.append(_items.c.ingestion_id == ingestion_id)
        if status:
            where.append(_items.c.status.in_(status))
        async with self._database.read() as connection:
            found = await connection.execute(select(_items).where(*where).order_by(_items.c.id).limit(limit))
            return [item_value(row) for row in found]

    async def slowest(self, ingestion_id: str, *, limit: int = 5) -> list[Item]:
        query = (
            select(_items)
            .where(_items.c.ingestion_id == ingestion_id, _items.c.seconds.is_not(None))
            .order_by(_items.c.seconds.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [item_value(row) for row in await connection.execute(query)]

    async def types(self, ingestion_id: str) -> dict[str, int]:
        """Document type -> files, most frequent first."""
        query = (
            select(documents.c.label, func.count().label("files"))
            .join(_items, _items.c.document_id == documents.c.id)
            .where(_items.c.ingestion_id == ingestion_id)
            .group_by(documents.c.label)
            .order_by(func.count().desc(), documents.c.label)
        )
        async with self._database.read() as connection:
            return {row.label or "unknown": row.files for row in await connection.execute(query)}

    async def forgotten(
        self, ingestion_id: str, collection: str, prefix: str, *, listed: Container[str] | None = None
    ) -> list[Item]:
        """Files under a prefix that an earlier job loaded and this one did not list, with what came in them.

        `listed`: URIs that this job listed last; of what it listed itself before, what is not among them is forgotten too.
        """
        where: list[ColumnElement[bool]] = [
            _items.c.collection == collection,
            func.substr(_items.c.uri, 1, len(prefix)) == prefix,
        ]
        if listed is None:
            # A member is not listed: it stays and goes with the file that it came in.
            where.append(or_(_items.c.ingestion_id != ingestion_id, _items.c.uri.contains(MEMBER, autoescape=True)))
        gone: set[str] = set()
        found = []
        async with self._database.read() as connection:
            for row in await connection.execute(select(_items).where(*where).order_by(func.length(_items.c.uri))):
                root, member, _ = row.uri.partition(MEMBER)
                mine = row.ingestion_id == ingestion_id
                unseen = listed is not None and row.uri not in listed if mine else True
                if root in gone if member else unseen:
                    gone.add(row.uri)
                    found.append(item_value(row))
        return found


def item_value(row: Row[Any]) -> Item:
    return Item(
        id=row.id,
        uri=row.uri,
        collection=row.collection,
        filename=row.filename,
        given=row.given,
        size=row.size,
        fingerprint=row.fingerprint,
        status=ItemStatus(row.status),
        stage=row.stage,
        attempt=row.attempt,
        version=row.version,
        sha256=row.sha256,
        document_id=row.document_id,
        replaces=row.replaces,
        duplicate=bool(row.duplicate),
        pages=row.pages,
        pages_read=row.pages_read,
        seconds=row.seconds,
        error=row.error,
        updated_at=row.updated_at,
    )
