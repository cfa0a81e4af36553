"""Rows to values and back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import Table

from rag.errors import DocumentNotFound
from rag.model import (
    Chunk,
    Classification,
    Document,
    Entity,
    Label,
    Page,
    Source,
    Stage,
    StageRecord,
    StageStatus,
    Status,
    Summary,
    Words,
    pack_boxes,
    unpack_boxes,
)
from rag.store import tables
from rag.store.database import Database
from rag.store.page_tables import tags
from rag.store.tables import KEY_CHARS, documents, lookup_key, stages, storable
from rag.store.visible import visible

BATCH = 500
"""Values in one IN list: under every database's limit on parameters."""


def now() -> datetime:
    return datetime.now(UTC)


def upsert(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect of the connection."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


async def load(connection: AsyncConnection, ids: Sequence[str]) -> list[Document]:
    """The documents with their stages, in the order of `ids`; what does not exist is left out."""
    rows: dict[str, Row[Any]] = {}
    found: defaultdict[str, dict[str, StageRecord]] = defaultdict(dict)
    tagged: defaultdict[str, list[str]] = defaultdict(list)
    for i in range(0, len(ids), BATCH):
        part = ids[i : i + BATCH]
        for row in await connection.execute(select(documents).where(documents.c.id.in_(part), *visible())):
            rows[row.id] = row
        for row in await connection.execute(select(stages).where(stages.c.document_id.in_(part))):
            found[row.document_id][row.stage] = StageRecord(
                StageStatus(row.status), row.seconds, row.error, row.version, row.done, row.total
            )
        for row in await connection.execute(select(tags).where(tags.c.document_id.in_(part)).order_by(tags.c.key)):
            tagged[row.document_id].append(row.tag)
    return [_document(rows[id], found[id], tuple(tagged[id])) for id in ids if id in rows]


async def load_one(connection: AsyncConnection, id: str) -> Document:
    """Raises DocumentNotFound."""
    for document in await load(connection, [id]):
        return document
    raise missing(id)


async def touch(connection: AsyncConnection, id: str, **values: Any) -> None:
    """Change a document's row: first statement of every change, since it locks the row against a deletion.

    Raises DocumentNotFound.
    """
    changed = await connection.execute(
        update(documents)
        .where(documents.c.id == id, *visible())
        .values(revision=documents.c.revision + 1, updated_at=now(), **values)
    )
    if changed.rowcount == 0:
        raise missing(id)


async def require(connection: AsyncConnection, id: str) -> None:
    """Raises DocumentNotFound."""
    mine = select(func.count()).select_from(documents).where(documents.c.id == id, *visible())
    if await connection.scalar(mine) == 0:
        raise missing(id)


async def append_change(
    database: Database, connection: AsyncConnection, op: str, document_id: str, collection: str
) -> int:
    """Add to the change feed and return the sequence number. Last statement of a change: others wait for its commit."""
    await database.lock_changes(connection)
    row = (
        insert(tables.changes)
        .values(op=op, document_id=document_id, collection=collection)
        .returning(tables.changes.c.seq)
    )
    return (await connection.execute(row)).scalar_one()


def missing(id: str) -> DocumentNotFound:
    return DocumentNotFound(f"There is no document '{id[:64]}'.")


def jsonable(value: Any) -> Any:
    """The value as JSON types, with every text storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    return value


def metadata_rows(id: str, metadata: Mapping[str, Any]) -> list[dict[str, str]]:
    """Rows of metadata_values: one a key, one an element where the value is a list."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for key, value in metadata.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is not None:
                pair = metadata_key(str(key)), metadata_key(item if isinstance(item, str) else json.dumps(item))
                rows[pair] = {"document_id": id, "key": pair[0], "value": pair[1]}
    return list(rows.values())


def metadata_key(text: str) -> str:
    return storable(text)[:KEY_CHARS]


def page_row(id: str, page: Page) -> dict[str, Any]:
    return {
        "document_id": id,
        "number": page.number,
        "width": page.width,
        "height": page.height,
        "text": storable(page.text),
        "source": page.source.value,
        "words": page.words.data,
        "confidence": page.confidence,
        "rotation": page.rotation,
        "error": None if page.error is None else storable(page.error),
        "language": page.language,
        "part": page.part,
    }


def page_value(row: Row[Any]) -> Page:
    return Page(
        row.number,
        row.width,
        row.height,
        row.text,
        Source(row.source),
        Words(row.words),
        row.confidence,
        row.rotation,
        row.error,
        row.language,
        row.part,
    )


def chunk_row(chunk: Chunk) -> dict[str, Any]:
    return {
        "document_id": chunk.document_id,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "text": storable(chunk.text),
        "heading": storable(chunk.heading),
        "boxes": None if chunk.boxes is None else pack_boxes(chunk.boxes),
        "confidence": chunk.confidence,
    }


def chunk_value(row: Any) -> Chunk:
    boxes = None if row.boxes is None else unpack_boxes(row.boxes)
    return Chunk(row.document_id, row.page, row.start, row.end, row.text, row.id, row.heading, boxes, row.confidence)


def entity_row(id: str, entity: Entity) -> dict[str, Any]:
    return {
        "document_id": id,
        "page": entity.page,
        "start": entity.start,
        "end": entity.end,
        "text": storable(entity.text),
        "type": entity.type,
        "norm": storable(entity.norm),
        "key": lookup_key(entity.norm or entity.text),
        "text_key": lookup_key(entity.text),
    }


def entity_value(row: Row[Any]) -> Entity:
    return Entity(row.text, row.type, row.page, row.start, row.end, row.norm)


def stage_row(id: str, stage: Stage, record: StageRecord) -> dict[str, Any]:
    return {
        "document_id": id,
        "stage": stage.value,
        "status": record.status.value,
        "seconds": record.seconds,
        "error": None if record.error is None else jsonable(record.error),
        "version": record.version,
        "done": record.done,
        "total": record.total,
    }


def plain(value: Classification | Summary) -> dict[str, Any]:
    converted: dict[str, Any] = jsonable(asdict(value))
    return converted


def _document(row: Row[Any], found: Mapping[str, StageRecord], tagged: tuple[str, ...]) -> Document:
    kind, summary = row.classification, row.summary
    return Document(
        id=row.id,
        collection=row.collection,
        filename=row.filename,
        media_type=row.media_type,
        sha256=row.sha256,
        size=row.size,
        status=Status(row.status),
        created_at=row.created_at,
        updated_at=row.updated_at,
        language=row.language,
        metadata=row.metadata,
        page_count=row.page_count,
        detected_language=row.detected_language,
        classification=kind
        and Classification(
            kind["label"], kind["score"], tuple(Label(**label) for label in kind["scores"]), kind["model"]
        ),
        summary=summary
        and Summary(
            summary["text"],
            tuple(summary["pages"]),
            summary["method"],
            summary["model"],
            summary.get("long", ""),
            tuple(summary.get("long_pages", ())),
        ),
        error=row.error,
        stages={stage.value: found[stage.value] for stage in Stage if stage.value in found},
        warnings=tuple(row.warnings),
        revision=row.revision,
        parent_id=row.parent_id,
        refused=tuple(row.refused or ()),
        unlocked=row.unlocked,
        tags=tagged,
    )
