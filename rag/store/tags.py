"""Tags: words that people put to documents. Two tags that differ in case only are one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from rag.errors import InvalidInput
from rag.store.database import Database
from rag.store.page_tables import tags
from rag.store.records import touch, upsert
from rag.store.tables import documents, lookup_key, storable

MOST = 50
"""Of one document."""
LONGEST = 60


@dataclass(frozen=True, slots=True)
class TagCount:
    tag: str
    documents: int


def checked(names: Iterable[str]) -> tuple[str, ...]:
    """The tags as they are stored: white space joined, each once, in their order. Raises InvalidInput."""
    found: dict[str, str] = {}
    for name in names:
        tag = " ".join(storable(name).split())
        if not 0 < len(tag) <= LONGEST or "," in tag:
            raise InvalidInput(
                f"'{tag[:LONGEST]}' is no tag.", f"A tag has 1 to {LONGEST} characters and no comma among them."
            )
        found.setdefault(lookup_key(tag), tag)
    if len(found) > MOST:
        raise InvalidInput(f"{len(found)} tags are too many.", f"A document has at most {MOST}.")
    return tuple(found.values())


def tagged(names: Sequence[str]) -> ColumnElement[bool]:
    """Documents with any of these tags."""
    keys = [lookup_key(name) for name in names]
    return documents.c.id.in_(select(tags.c.document_id).where(tags.c.key.in_(keys)))


class TagStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def replace(self, document_id: str, names: Sequence[str]) -> None:
        """All of the document's tags. Raises DocumentNotFound, InvalidInput."""
        wanted = checked(names)
        async with self._database.write() as connection:
            await touch(connection, document_id)
            await connection.execute(delete(tags).where(tags.c.document_id == document_id))
            await _put(connection, document_id, wanted)

    async def change(self, document_ids: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """For all of the documents or, where one is missing, for none. Raises DocumentNotFound, InvalidInput."""
        new, gone = checked(add), [lookup_key(tag) for tag in checked(remove)]
        async with self._database.write() as connection:
            for document_id in dict.fromkeys(document_ids):
                await touch(connection, document_id)
                await connection.execute(delete(tags).where(tags.c.document_id == document_id, tags.c.key.in_(gone)))
                await _put(connection, document_id, new)
                count = select(func.count()).select_from(tags).where(tags.c.document_id == document_id)
                if (await connection.scalar(count) or 0) > MOST:
                    raise InvalidInput(f"That would be more than {MOST} tags.", "Take others away first.")

    async def counts(self, *conditions: ColumnElement[bool]) -> list[TagCount]:
        """Every tag with the number of its documents that meet the conditions, by name."""
        query = (
            select(tags.c.key, func.min(tags.c.tag).label("tag"), func.count().label("documents"))
            .join(documents, documents.c.id == tags.c.document_id)
            .where(*conditions)
            .group_by(tags.c.key)
            .order_by(tags.c.key)
        )
        async with self._database.read() as connection:
            return [TagCount(row.tag, row.documents) for row in await connection.execute(query)]


async def _put(connection: AsyncConnection, document_id: str, names: Sequence[str]) -> None:
    rows = [{"document_id": document_id, "key": lookup_key(tag), "tag": tag} for tag in names]
    if rows:
        await connection.execute(upsert(connection, tags).on_conflict_do_nothing(), rows)
