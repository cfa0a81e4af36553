"""Which documents: the list with its cursor, and filters resolved to ids."""

from __future__ import annotations

import base64
import binascii
import builtins
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select

from rag.errors import InvalidInput
from rag.model import Document, Filter, Status
from rag.store.database import Database
from rag.store.records import load, metadata_key
from rag.store.tables import documents, entities, instant, lookup_key, metadata_values, micros
from rag.store.tags import tagged
from rag.store.visible import collection_names, count_visible, visible

SORTS = {
    "created_at": documents.c.created_at,
    "updated_at": documents.c.updated_at,
    "filename": documents.c.filename_key,
    "size": documents.c.size,
}
MAX_LIMIT = 500
NO_PARENT = "none"


@dataclass(frozen=True, slots=True)
class DocumentPage:
    documents: tuple[Document, ...]
    next_cursor: str | None
    """Give it back for the next documents; None at the end."""
    total: int
    """Documents that match, on every page together."""


class Listing:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        *,
        collection: str | None = None,
        status: Status | str | None = None,
        type: str | None = None,
        entity: str | None = None,
        q: str | None = None,
        media_type: str | None = None,
        parent_id: str | None = None,
        tag: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
        sort: str = "-created_at",
    ) -> DocumentPage:
        """Documents that match every filter. `q` is a part of the file name, `type` the label, `entity` a name in the text;
        `parent_id` the document that they came in, NO_PARENT for those that were sent by themselves.

        `sort` is created_at, updated_at, filename or size, with '-' in front for descending. Raises InvalidInput.
        """
        column = SORTS.get(sort.removeprefix("-"))
        if column is None:
            raise InvalidInput(f"The list cannot be sorted by '{sort[:40]}'.", f"Choose one of: {', '.join(SORTS)}.")
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInput(f"`limit` is {limit}.", f"Choose 1 to {MAX_LIMIT}.")
        conditions: list[ColumnElement[bool]] = []
        for owner, value in (
            (documents.c.collection, collection),
            (documents.c.status, status),
            (documents.c.label, type),
            (documents.c.media_type, media_type),
            (documents.c.parent_id, None if parent_id == NO_PARENT else parent_id),
        ):
            if value is not None:
                conditions.append(owner == str(value))
        if parent_id == NO_PARENT:
            conditions.append(documents.c.parent_id.is_(None))
        if entity is not None:
            conditions.append(_mentions((entity,)))
        if tag is not None:
            conditions.append(tagged((tag,)))
        if created_after is not None:
            conditions.append(documents.c.created_at >= created_after)
        if created_before is not None:
            conditions.append(documents.c.created_at < created_before)
        if q:
            conditions.append(documents.c.filename_key.contains(lookup_key(q), autoescape=True))
        descending = sort.startswith("-")
        query = select(documents.c.id, column).where(*visible(), *conditions)
        if cursor is not None:
            query = query.where(_after(cursor, sort, column, descending))
        order = (column.desc(), documents.c.id.desc()) if descending else (column, documents.c.id)
        async with self._database.read() as connection:
            total = await connection.scalar(select(count_visible(conditions)))
            rows = (await connection.execute(query.order_by(*order).limit(limit + 1))).all()
            found = await load(connection, [row[0] for row in rows[:limit]])
        more = _cursor(sort, rows[limit - 1][1], rows[limit - 1][0]) if len(rows) > limit else None
        return DocumentPage(tuple(found), more, total or 0)

    async def document_ids(self, filter: Filter) -> builtins.list[str]:
        """Ids of the documents that a search with this filter may see, oldest first."""
        async with self._database.read() as connection:
            query = select(documents.c.id).where(*matches(filter)).order_by(documents.c.created_at, documents.c.id)
            return [*await connection.scalars(query)]

    async def collection_names(self) -> builtins.list[str]:
        """Stored names of all collections that hold documents, of every tenant."""
        async with self._database.read() as connection:
            return [*await connection.scalars(collection_names())]


def matches(filter: Filter) -> list[ColumnElement[bool]]:
    """Of a search with this filter, by whoever asks."""
    conditions: list[ColumnElement[bool]] = visible()
    for column, values in (
        (documents.c.collection, filter.collections),
        (documents.c.id, filter.document_ids),
        (documents.c.label, filter.types),
        (documents.c.media_type, filter.media_types),
    ):
        if values:
            conditions.append(column.in_(values))
    if filter.tags:
        conditions.append(tagged(filter.tags))
    if filter.entities:
        conditions.append(_mentions(filter.entities))
    for key in dict(filter.metadata):
        wanted = [metadata_key(v) for k, v in filter.metadata if k == key]
        conditions.append(
            exists().where(
                metadata_values.c.document_id == documents.c.id,
                metadata_values.c.key == metadata_key(key),
                metadata_values.c.value.in_(wanted),
            )
        )
    if filter.created_after is not None:
        conditions.append(documents.c.created_at >= filter.created_after)
    if filter.created_before is not None:
        conditions.append(documents.c.created_at < filter.created_before)
    return conditions


def _mentions(names: tuple[str, ...]) -> ColumnElement[bool]:
    keys = [lookup_key(name) for name in names]
    named = select(entities.c.document_id)
    # Two subqueries rather than an OR inside one: each has its own index.
    return or_(
        documents.c.id.in_(named.where(entities.c.key.in_(keys))),
        documents.c.id.in_(named.where(entities.c.text_key.in_(keys))),
    )


def _after(cursor: str, sort: str, column: Any, descending: bool) -> ColumnElement[bool]:
    try:
        made_for, value, id = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii", "strict")))
    except (ValueError, TypeError, binascii.Error) as error:
        raise InvalidInput("The cursor is damaged.", "Start again without a cursor.") from error
    if made_for != sort or not isinstance(id, str) or not isinstance(value, (int, str)):
        raise InvalidInput("The cursor belongs to another order.", "Start again without a cursor.")
    if isinstance(value, str) != (column is documents.c.filename_key) or isinstance(value, bool):
        raise InvalidInput("The cursor is damaged.", "Start again without a cursor.")
    bound = instant(value) if isinstance(value, int) and column.name.endswith("_at") else value
    if descending:
        return or_(column < bound, and_(column == bound, documents.c.id < id))
    return or_(column > bound, and_(column == bound, documents.c.id > id))


def _cursor(sort: str, value: Any, id: str) -> str:
    plain = micros(value) if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([sort, plain, id]).encode()).decode()
