"""Callbacks that were asked for: due once their document or job is over, leased by whoever delivers them.

The row is the queue: nothing has to be sent on at the moment a document ends, and nothing is forgotten with a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, insert, or_, select, update

from rag.intake.ingestions import RunStatus
from rag.model import Status
from rag.store.database import Database
from rag.store.records import now
from rag.store.tables import callbacks, documents, ingestions

FINAL_DOCUMENT = [status.value for status in Status if status.final]
FINAL_RUN = [status.value for status in RunStatus if status.final]


@dataclass(frozen=True, slots=True)
class Callback:
    """Of a document or of a job; `attempt` counts from 1."""

    id: int
    url: str
    attempt: int
    document_id: str | None = None
    ingestion_id: str | None = None
    error: str | None = None
    ended: bool = False


class CallbackStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, document_id: str, url: str) -> None:
        """Tell `url` when the document is final; nothing when that is asked for already."""
        mine = (callbacks.c.document_id == document_id) & (callbacks.c.url == url) & callbacks.c.ended_at.is_(None)
        async with self._database.write() as connection:
            if await connection.scalar(select(callbacks.c.id).where(mine)) is None:
                await connection.execute(
                    insert(callbacks).values(document_id=document_id, url=url, attempt=0, due_at=now())
                )

    async def claim(self, *, lease_seconds: float) -> Callback | None:
        """The oldest one that is due and whose document or job is over."""
        instant = now()
        due = and_(
            callbacks.c.ended_at.is_(None),
            callbacks.c.due_at <= instant,
            or_(callbacks.c.lease_until.is_(None), callbacks.c.lease_until <= instant),
            or_(documents.c.status.in_(FINAL_DOCUMENT), ingestions.c.status.in_(FINAL_RUN)),
        )
        query = (
            select(callbacks.c.id)
            .outerjoin(documents, documents.c.id == callbacks.c.document_id)
            .outerjoin(ingestions, ingestions.c.id == callbacks.c.ingestion_id)
            .where(due)
            .order_by(callbacks.c.due_at, callbacks.c.id)
            .limit(1)
        )
        async with self._database.read() as connection:
            if await connection.scalar(query) is None:
                return None
        async with self._database.write() as connection:
            id = await connection.scalar(query.with_for_update(skip_locked=True, of=callbacks))
            if id is None:
                return None
            claimed = await connection.execute(
                update(callbacks)
                .where(callbacks.c.id == id)
                .values(attempt=callbacks.c.attempt + 1, lease_until=instant + timedelta(seconds=lease_seconds))
                .returning(callbacks)
            )
            row = claimed.one()
            return Callback(row.id, row.url, row.attempt, row.document_id, row.ingestion_id)

    async def taken(self, callback: Callback) -> None:
        """It was delivered."""
        await self._end(callback, error=None)

    async def give_up(self, callback: Callback, error: str) -> None:
        await self._end(callback, error=error)

    async def again(self, callback: Callback, error: str, *, seconds: float) -> None:
        values = {"lease_until": None, "due_at": now() + timedelta(seconds=seconds), "error": error}
        async with self._database.write() as connection:
            await connection.execute(update(callbacks).where(callbacks.c.id == callback.id).values(values))

    async def of(self, *, document_id: str | None = None, ingestion_id: str | None = None) -> list[Callback]:
        mine = callbacks.c.document_id == document_id if document_id else callbacks.c.ingestion_id == ingestion_id
        async with self._database.read() as connection:
            rows = await connection.execute(select(callbacks).where(mine).order_by(callbacks.c.id))
            return [
                Callback(
                    row.id, row.url, row.attempt, row.document_id, row.ingestion_id, row.error, row.ended_at is not None
                )
                for row in rows
            ]

    async def _end(self, callback: Callback, *, error: str | None) -> None:
        values = {"lease_until": None, "ended_at": now(), "error": error}
        async with self._database.write() as connection:
            await connection.execute(update(callbacks).where(callbacks.c.id == callback.id).values(values))
