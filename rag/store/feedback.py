"""What people said of answers: kept for evaluation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select

from rag.access.principal import acting, acting_tenant
from rag.store.database import Database
from rag.store.records import BATCH, jsonable, now
from rag.store.tables import feedback
from rag.store.visible import of_tenant


@dataclass(frozen=True, slots=True)
class Feedback:
    question: str
    answer: str
    right: bool
    reason: str = ""
    collection: str | None = None
    citations: tuple[dict[str, Any], ...] = ()
    """{document_id, filename, page, start, end, quote} each, in the order of their markers."""
    model: str = ""
    prompt_version: str = ""
    id: int = 0
    created_at: datetime | None = None


class FeedbackStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, said: Feedback) -> Feedback:
        """Stored as it is, with its id and time."""
        row = {
            "question": said.question,
            "answer": said.answer,
            "verdict_right": said.right,
            "reason": said.reason,
            "collection": said.collection,
            "citations": jsonable(list(said.citations)),
            "model": said.model,
            "prompt_version": said.prompt_version,
            "created_at": now(),
            "tenant": acting_tenant(),
        }
        async with self._database.write() as connection:
            [id] = (await connection.execute(insert(feedback).values(row).returning(feedback.c.id))).one()
        return _said({**row, "id": id})

    async def all(self) -> AsyncIterator[Feedback]:
        """What was said in the tenant of whoever asks, oldest first, read in batches: it may be long."""
        after = 0
        while True:
            query = select(feedback).where(feedback.c.id > after, *_own()).order_by(feedback.c.id).limit(BATCH)
            async with self._database.read() as connection:
                rows = (await connection.execute(query)).mappings().all()
            for row in rows:
                yield _said(dict(row))
            if len(rows) < BATCH:
                return
            after = rows[-1]["id"]


def _own() -> list[ColumnElement[bool]]:
    """A key that is bound to collections reads what was said of answers from them alone."""
    principal = acting()
    bound = principal.collections if principal else None
    own = of_tenant(feedback.c.tenant)
    return own if bound is None else [*own, feedback.c.collection.in_(bound)]


def _said(row: dict[str, Any]) -> Feedback:
    return Feedback(
        question=row["question"],
        answer=row["answer"],
        right=bool(row["verdict_right"]),
        reason=row["reason"],
        collection=row["collection"],
        citations=tuple(row["citations"]),
        model=row["model"],
        prompt_version=row["prompt_version"],
        id=row["id"],
        created_at=row["created_at"],
    )
