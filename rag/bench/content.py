"""What a library holds, to compare two of them: every document by its name, without the ids and times that each load gives."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Table, select

from rag.services import open_state
from rag.settings import Settings
from rag.store import tables
from rag.store.index_tables import embeddings

FACTS = ("collection", "filename", "sha256", "status", "page_count", "detected_language", "label", "classification")
PARTS: dict[str, tuple[str, ...]] = {
    "stages": ("stage", "status", "version", "done", "total"),
    "pages": ("number", "width", "height", "text", "source", "words", "confidence", "rotation", "error", "language"),
    "entities": ("page", "start", "end", "text", "type", "norm"),
    "chunks": ("page", "start", "end", "text", "heading"),
    "fields": ("schema", "name", "position", "text", "value", "page", "start", "end", "source", "score"),
}
"""Table -> columns that two loads of the same file have in common."""


async def content(settings: Settings) -> dict[str, list[str]]:
    """Filename -> a digest for each document of that name: of its facts, pages, entities, chunks, vectors and fields."""
    database = open_state(settings).database
    try:
        async with database.read() as connection:
            documents = (await connection.execute(select(tables.documents))).all()
            held: dict[str, list[Any]] = {row.id: [] for row in documents}
            for name, columns in PARTS.items():
                table: Table = tables.metadata.tables[name]
                order = (table.c.stage,) if name == "stages" else (table.c.document_id, *_order(table))
                for row in await connection.execute(select(table).order_by(*order)):
                    held[row.document_id].append((name, *(getattr(row, column) for column in columns)))
            vectors = select(tables.chunks.c.document_id, embeddings.c.vector).join_from(
                tables.chunks, embeddings, tables.chunks.c.id == embeddings.c.chunk_id
            )
            for row in await connection.execute(vectors.order_by(tables.chunks.c.id)):
                held[row.document_id].append(("vector", row.vector))
    finally:
        await database.close()
    found: dict[str, list[str]] = {}
    for row in documents:
        facts = tuple(getattr(row, name) for name in FACTS)
        digest = hashlib.sha256(repr((facts, held[row.id])).encode()).hexdigest()
        found.setdefault(row.filename, []).append(digest)
    return found


def _order(table: Table) -> tuple[Any, ...]:
    return (table.c.number,) if "number" in table.c and table.name == "pages" else (table.c.id,)
