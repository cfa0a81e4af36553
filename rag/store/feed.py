"""The change feed: what indexes follow, and the rows that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from sqlalchemy import and_, func, select

from rag.store.database import Database
from rag.store.index_tables import embedding_models, embeddings
from rag.store.records import BATCH
from rag.store.switches import is_off
from rag.store.tables import changes, chunks, documents
from rag.store.watching import Watch

Op = Literal["upsert", "delete"]
LOOK_SECONDS = 10.0
"""From look to look of who follows, when nothing is committed."""


@dataclass(frozen=True, slots=True)
class Change:
    """'upsert': the document's chunks are all new, whatever the index has of it goes. 'delete': it is gone."""

    seq: int
    op: Op
    document_id: str
    collection: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """What an index asks several times a second."""

    head: int
    """The last change's number."""
    model: str | None
    """The embedding model that is to be searched; None before the first document."""


@dataclass(frozen=True, slots=True, eq=False)
class ChunkRow:
    chunk_id: int
    document_id: str
    collection: str
    filename: str
    page: int
    heading: str
    text: str
    embedding: np.ndarray | None
    """float32 of shape (dimensions,), read-only; None where the model has not seen the chunk yet."""


_HELD = (chunks.c.id, chunks.c.document_id, chunks.c.page, chunks.c.heading, chunks.c.text)
"""Of a chunk, what an index holds: not the boxes, which it would read of the whole library when it starts."""


class ChangeFeed:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, seq: int, *, limit: int = 500) -> list[Change] | None:
        """The changes after number `seq`, in order. Numbers commit in their order: none appears behind a reader's back.
        None: some of them were pruned, read all `documents` instead."""
        query = select(changes).where(changes.c.seq > seq).order_by(changes.c.seq).limit(limit)
        async with self._database.read() as connection:
            first = await connection.scalar(select(func.min(changes.c.seq)))
            if first is not None and seq < first - 1:
                return None
            found = await connection.execute(query)
            return [Change(row.seq, cast(Op, row.op), row.document_id, row.collection) for row in found]

    async def head(self) -> int:
        """The last number, 0 before the first change."""
        async with self._database.read() as connection:
            return await connection.scalar(select(func.max(changes.c.seq))) or 0

    def watch(self) -> Watch:
        """For whoever follows."""
        return self._database.watch(at_most=LOOK_SECONDS)

    async def pulse(self) -> Pulse:
        active = select(embedding_models.c.version).where(embedding_models.c.state == "active").limit(1)
        query = select(select(func.max(changes.c.seq)).scalar_subquery(), active.scalar_subquery())
        async with self._database.read() as connection:
            head, model = (await connection.execute(query)).one()
            return Pulse(head or 0, model)

    async def documents(self) -> tuple[int, list[str]]:
        """The last number, and the documents that had chunks at that moment."""
        async with self._database.read() as connection:
            head = await connection.scalar(select(func.max(changes.c.seq))) or 0
            ids = await connection.scalars(select(chunks.c.document_id).distinct().order_by(chunks.c.document_id))
            return head, list(ids)

    async def rows(self, document_ids: Sequence[str], model: str) -> list[ChunkRow]:
        """Chunks as they are now, by chunk id, with this model's vectors; a document that is gone meanwhile has none.
        Those that were switched off are left out."""
        rows: list[ChunkRow] = []
        query = (
            select(*_HELD, documents.c.collection, documents.c.filename, embeddings.c.vector)
            .join(documents, documents.c.id == chunks.c.document_id)
            .outerjoin(embeddings, and_(embeddings.c.chunk_id == chunks.c.id, embeddings.c.model == model))
            .where(~is_off())
            .order_by(chunks.c.id)
        )
        ids = list(dict.fromkeys(document_ids))
        async with self._database.read() as connection:
            for i in range(0, len(ids), BATCH):
                for row in await connection.execute(query.where(chunks.c.document_id.in_(ids[i : i + BATCH]))):
                    vector = None if row.vector is None else np.frombuffer(row.vector, dtype="<f4")
                    rows.append(
                        ChunkRow(
                            row.id,
                            row.document_id,
                            row.collection,
                            row.filename,
                            row.page,
                            row.heading,
                            row.text,
                            vector,
                        )
                    )
        return sorted(rows, key=lambda row: row.chunk_id)

    async def vectors(self, chunk_ids: Sequence[int], model: str) -> tuple[list[int], np.ndarray]:
        """Those of the chunks that have a vector of this model, and the vectors: float32, one row an id."""
        found: list[tuple[int, np.ndarray]] = []
        query = select(embeddings.c.chunk_id, embeddings.c.vector).where(embeddings.c.model == model)
        async with self._database.read() as connection:
            for i in range(0, len(chunk_ids), BATCH):
                part = query.where(embeddings.c.chunk_id.in_(chunk_ids[i : i + BATCH]))
                for row in await connection.execute(part):
                    found.append((row.chunk_id, np.frombuffer(row.vector, dtype="<f4")))
        if not found:
            return [], np.zeros((0, 0), np.float32)
        return [key for key, _ in found], np.stack([vector for _, vector in found])
