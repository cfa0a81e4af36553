"""The change feed: what indexes follow, and the rows that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from sqlalchemy import func, select

from rag.store.database import Database
from rag.store.records import BATCH
from rag.store.tables import changes, chunks, documents

Op = Literal["upsert", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """'upsert': the document's chunks are all new, whatever the index has of it goes. 'delete': it is gone."""

    seq: int
    op: Op
    document_id: str
    collection: str


@dataclass(frozen=True, slots=True, eq=False)
class ChunkRow:
    chunk_id: int
    document_id: str
    collection: str
    filename: str
    page: int
    heading: str
    text: str
    embedding: np.ndarray
    """float32 of shape (dimensions,), read-only."""


class ChangeFeed:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, seq: int, *, limit: int = 500) -> list[Change]:
        """The changes after number `seq`, in order. Numbers commit in their order: none appears behind a reader's back."""
        query = select(changes).where(changes.c.seq > seq).order_by(changes.c.seq).limit(limit)
        async with self._database.read() as connection:
            found = await connection.execute(query)
            return [Change(row.seq, cast(Op, row.op), row.document_id, row.collection) for row in found]

    async def head(self) -> int:
        """The last number, 0 before the first change."""
        async with self._database.read() as connection:
            return await connection.scalar(select(func.max(changes.c.seq))) or 0

    async def rows(self, document_ids: Sequence[str]) -> list[ChunkRow]:
        """Chunks as they are now, by chunk id; a document that is gone meanwhile has none."""
        rows: list[ChunkRow] = []
        query = (
            select(chunks, documents.c.collection, documents.c.filename)
            .join(documents, documents.c.id == chunks.c.document_id)
            .order_by(chunks.c.id)
        )
        ids = list(dict.fromkeys(document_ids))
        async with self._database.read() as connection:
            for i in range(0, len(ids), BATCH):
                for row in await connection.execute(query.where(chunks.c.document_id.in_(ids[i : i + BATCH]))):
                    vector = np.frombuffer(row.embedding, dtype="<f4")
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

    async def embedding_models(self) -> set[str]:
        """Versions that made the stored embeddings: more than one, or another than the embedder's, calls for a re-index."""
        query = select(documents.c.embedding_model).where(documents.c.embedding_model.is_not(None)).distinct()
        async with self._database.read() as connection:
            return set(await connection.scalars(query))
