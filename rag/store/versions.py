"""Versions of a document: those of the same name, in the same collection and the same mail or archive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from rag.store.database import Database
from rag.store.records import missing
from rag.store.tables import documents, ingestion_items
from rag.store.visible import visible

MOST = 100


@dataclass(frozen=True, slots=True)
class Version:
    id: str
    version: int
    created_at: datetime
    size: int
    status: str
    sha256: str


class Versions:
    _database: Database

    async def versions(self, id: str) -> list[Version]:
        """Newest first, the document itself among them. A source that is synchronised counts its versions and keeps the
        last one; uploads of one name are counted here. Raises DocumentNotFound."""
        own = select(documents.c.collection, documents.c.filename_key, documents.c.parent_id).where(
            documents.c.id == id, *visible()
        )
        counted = (
            select(func.max(ingestion_items.c.version))
            .where(ingestion_items.c.document_id == documents.c.id)
            .scalar_subquery()
        )
        columns = (documents.c.id, counted, documents.c.created_at, documents.c.size, documents.c.status)
        async with self._database.read() as connection:
            mine = (await connection.execute(own)).first()
            if mine is None:
                raise missing(id)
            same = (
                documents.c.collection == mine.collection,
                documents.c.filename_key == mine.filename_key,
                documents.c.parent_id.is_(None) if mine.parent_id is None else documents.c.parent_id == mine.parent_id,
            )
            query = (
                select(*columns, documents.c.sha256)
                .where(*same)
                .order_by(documents.c.created_at.desc(), documents.c.id)
                .limit(MOST)
            )
            rows = (await connection.execute(query)).all()
        return [Version(row[0], max(row[1] or 0, len(rows) - at), *row[2:]) for at, row in enumerate(rows)]
