"""Documents that came in others: the files of an archive, the attachments of a mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import CTE, func, insert, select

from rag.model import Document, Stage, StageRecord, Status
from rag.store.database import Database
from rag.store.records import jsonable, load, load_one, metadata_rows, now, stage_row, storable, touch, upsert
from rag.store.tables import documents, jobs, lookup_key, metadata_values, stages


@dataclass(frozen=True, slots=True)
class NewChild:
    """A file of an archive or mail, its bytes already stored. `place` names it among its siblings."""

    place: str
    filename: str
    media_type: str
    sha256: str
    size: int


class Family:
    """Every method raises DocumentNotFound when the document that it names is gone."""

    _database: Database

    async def add_children(
        self, parent_id: str, new: Sequence[NewChild], *, refused: Sequence[Mapping[str, Any]] = ()
    ) -> int:
        """Queue each child with its job and record what was refused, in one transaction; how many are new.

        They take over collection, metadata and language of their parent. What is there already stays as it is, so that
        a run that was cut off can be repeated.
        """
        async with self._database.write() as connection:
            await touch(connection, parent_id, refused=jsonable(list(refused)) or None)
            parent = await load_one(connection, parent_id)
            instant = now()
            key_id = await connection.scalar(select(documents.c.key_id).where(documents.c.id == parent_id))
            rows = [
                {
                    "id": uuid4().hex,
                    "collection": storable(parent.collection),
                    "filename": storable(child.filename),
                    "filename_key": lookup_key(child.filename),
                    "media_type": child.media_type,
                    "sha256": child.sha256,
                    "size": child.size,
                    "status": Status.QUEUED.value,
                    "created_at": instant,
                    "updated_at": instant,
                    "language": parent.language,
                    "metadata": jsonable(parent.metadata),
                    "warnings": [],
                    "revision": 1,
                    "parent_id": parent_id,
                    "place": f"{parent_id}/{child.place}",
                    "key_id": key_id,
                }
                for child in new
            ]
            there = set(await connection.scalars(select(documents.c.place).where(documents.c.parent_id == parent_id)))
            rows = [row for row in rows if row["place"] not in there]
            if not rows:
                return 0
            await connection.execute(upsert(connection, documents), rows)
            records = [stage_row(str(row["id"]), stage, StageRecord()) for row in rows for stage in Stage]
            await connection.execute(insert(stages), records)
            if values := [pair for row in rows for pair in metadata_rows(str(row["id"]), parent.metadata)]:
                await connection.execute(insert(metadata_values), values)
            queued = [
                {"document_id": row["id"], "attempt": 0, "due_at": instant, "created_at": instant} for row in rows
            ]
            await connection.execute(insert(jobs), queued)
            return len(rows)

    async def children(self, id: str, *, limit: int = 100) -> list[Document]:
        """The first `limit` children in the order in which they stood in their parent."""
        async with self._database.read() as connection:
            ids = await connection.scalars(
                select(documents.c.id).where(documents.c.parent_id == id).order_by(documents.c.place).limit(limit)
            )
            return await load(connection, list(ids))

    async def child_count(self, id: str) -> int:
        async with self._database.read() as connection:
            return (
                await connection.scalar(select(func.count()).select_from(documents).where(documents.c.parent_id == id))
                or 0
            )

    async def ancestors(self, id: str) -> list[str]:
        """Ids from the parent up to the document that was sent by itself; empty for that one."""
        up = select(documents.c.id, documents.c.parent_id).where(documents.c.id == id).cte("up", recursive=True)
        up = up.union_all(select(documents.c.id, documents.c.parent_id).join(up, documents.c.id == up.c.parent_id))
        async with self._database.read() as connection:
            return [row.id for row in await connection.execute(select(up.c.id)) if row.id != id]

    async def family_size(self, id: str, *, without: str) -> tuple[int, int]:
        """(documents, bytes) that came in this document, at any depth, but for the children of `without`."""
        down = below(id)
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(func.count(), func.coalesce(func.sum(documents.c.size), 0)).where(
                        documents.c.id.in_(select(down.c.id)), documents.c.parent_id != without
                    )
                )
            ).one()
        return int(row[0]), int(row[1])


def below(id: str) -> CTE:
    """Ids of everything that came in the document, at any depth."""
    down = select(documents.c.id).where(documents.c.parent_id == id).cte("down", recursive=True)
    return down.union_all(select(documents.c.id).join(down, documents.c.parent_id == down.c.id))
