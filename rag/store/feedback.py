"""What people said of answers: kept for evaluation. What is quoted of a document goes with the document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag.access.principal import acting, acting_tenant
from rag.store.database import Database
from rag.store.page_tables import feedback, feedback_documents
from rag.store.records import BATCH, jsonable, now
from rag.store.tables import documents
from rag.store.visible import of_tenant, visible


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
        """Stored with its id and time; without its answer and what it quotes of documents that are not there (any more)."""
        ids = sorted({str(one["document_id"]) for one in said.citations})
        async with self._database.write() as connection:
            query = select(documents.c.id).where(documents.c.id.in_(ids), *visible())
            there = set(await connection.scalars(query))
            row = _row(said, there)
            [id] = (await connection.execute(insert(feedback).values(row).returning(feedback.c.id))).one()
            if there:
                named = [{"feedback_id": id, "document_id": document_id} for document_id in sorted(there)]
                await connection.execute(insert(feedback_documents), named)
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


async def forget_quotes(connection: AsyncConnection, document_ids: Sequence[str]) -> None:
    """In the transaction that deletes these documents: feedback loses its answer and what it cites of them; question, verdict and
    reason stay."""
    for i in range(0, len(document_ids), BATCH):
        part = feedback_documents.c.document_id.in_(document_ids[i : i + BATCH])
        rows = select(feedback.c.id, feedback.c.citations).where(
            feedback.c.id.in_(select(feedback_documents.c.feedback_id).where(part))
        )
        gone = set(document_ids[i : i + BATCH])
        for id, citations in (await connection.execute(rows)).all():
            left = [one for one in citations if one["document_id"] not in gone]
            await connection.execute(update(feedback).where(feedback.c.id == id).values(answer="", citations=left))
        await connection.execute(delete(feedback_documents).where(part))


def _row(said: Feedback, there: set[str]) -> dict[str, Any]:
    """An answer repeats what it cites: it is kept only while all of that is there."""
    cited = [one for one in said.citations if one["document_id"] in there]
    return {
        "question": said.question,
        "answer": said.answer if len(cited) == len(said.citations) else "",
        "verdict_right": said.right,
        "reason": said.reason,
        "collection": said.collection,
        "citations": jsonable(cited),
        "model": said.model,
        "prompt_version": said.prompt_version,
        "created_at": now(),
        "tenant": acting_tenant(),
    }


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
