"""Passages that people switched off: they stay in the document and are not retrieved any more."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, select

from rag.errors import NotFound
from rag.model import Chunk
from rag.store.database import Database
from rag.store.page_tables import switched_off
from rag.store.records import append_change, chunk_value, require, touch, upsert
from rag.store.tables import chunks, documents


@dataclass(frozen=True, slots=True)
class Switch:
    chunk: Chunk
    off: bool


def is_off() -> ColumnElement[bool]:
    """Of a statement on chunks."""
    return exists().where(
        switched_off.c.document_id == chunks.c.document_id,
        switched_off.c.page == chunks.c.page,
        switched_off.c.start == chunks.c.start,
        switched_off.c.end == chunks.c.end,
    )


class PassageSwitches:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, document_id: str) -> list[Switch]:
        """The document's passages in the order of its text. Raises DocumentNotFound."""
        query = select(chunks, is_off().label("off")).where(chunks.c.document_id == document_id).order_by(chunks.c.id)
        async with self._database.read() as connection:
            await require(connection, document_id)
            return [Switch(chunk_value(row), bool(row.off)) for row in await connection.execute(query)]

    async def switch(self, document_id: str, chunk_id: int, *, off: bool) -> None:
        """Searches that begin after this see it: the change feed tells the indexes. Raises DocumentNotFound, NotFound."""
        place = (chunks.c.document_id, chunks.c.page, chunks.c.start, chunks.c.end)
        mine = (chunks.c.id == chunk_id) & (chunks.c.document_id == document_id)
        async with self._database.write() as connection:
            await touch(connection, document_id)
            found = (await connection.execute(select(*place).where(mine))).mappings().first()
            if found is None:
                raise NotFound("The document has no such passage: it was cut anew meanwhile.", "List its chunks again.")
            row = dict(found)
            if off:
                await connection.execute(upsert(connection, switched_off).values(row).on_conflict_do_nothing())
            else:
                same = [switched_off.c[name] == value for name, value in row.items()]
                await connection.execute(delete(switched_off).where(*same))
            collection = await connection.scalar(select(documents.c.collection).where(documents.c.id == document_id))
            await append_change(self._database, connection, "upsert", document_id, collection or "")
