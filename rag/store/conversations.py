"""Conversations: what was asked and answered, kept for those who asked. What an answer quotes goes with its document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag.errors import Conflict, InvalidInput, NotFound
from rag.store.database import Database
from rag.store.page_tables import conversations, turn_documents, turns
from rag.store.records import BATCH, jsonable, now
from rag.store.tables import documents, storable

TITLE_CHARS = 120
MOST_TURNS = 500


@dataclass(frozen=True, slots=True)
class Turn:
    question: str
    answer: Mapping[str, Any] | None
    """As /v1/ask gave it; None when a document that it rested on was deleted."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    turns: int = 0


class ConversationStore:
    """`owner` names whose they are: nobody sees another's. Every method raises NotFound for what is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, owner: str, title: str) -> Conversation:
        new = Conversation(uuid4().hex, _title(title), instant := now(), instant)
        row = {"id": new.id, "owner": owner, "title": new.title, "created_at": instant, "updated_at": instant}
        async with self._database.write() as connection:
            await connection.execute(insert(conversations).values(row))
        return new

    async def list(self, owner: str, *, limit: int = 50, offset: int = 0) -> list[Conversation]:
        """Last used first."""
        asked = select(func.count()).where(turns.c.conversation_id == conversations.c.id).scalar_subquery()
        query = (
            select(*_COLUMNS, asked)
            .where(conversations.c.owner == owner)
            .order_by(conversations.c.updated_at.desc(), conversations.c.id)
            .limit(limit)
            .offset(offset)
        )
        async with self._database.read() as connection:
            return [Conversation(*row) for row in await connection.execute(query)]

    async def get(self, owner: str, id: str) -> tuple[Conversation, tuple[Turn, ...]]:
        """With its turns, oldest first."""
        async with self._database.read() as connection:
            found = (await connection.execute(select(*_COLUMNS).where(_mine(owner, id)))).first()
            if found is None:
                raise _missing(id)
            rows = await connection.execute(
                select(turns).where(turns.c.conversation_id == id).order_by(turns.c.position)
            )
            told = tuple(Turn(row.question, row.answer, row.created_at) for row in rows)
        return Conversation(*found, len(told)), told

    async def rename(self, owner: str, id: str, title: str) -> None:
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(conversations).where(_mine(owner, id)).values(title=_title(title))
            )
            if not changed.rowcount:
                raise _missing(id)

    async def delete(self, owner: str, id: str) -> None:
        """Its turns go with it."""
        async with self._database.write() as connection:
            if not (await connection.execute(delete(conversations).where(_mine(owner, id)))).rowcount:
                raise _missing(id)

    async def delete_all(self, owner: str) -> int:
        """How many there were."""
        async with self._database.write() as connection:
            return (await connection.execute(delete(conversations).where(conversations.c.owner == owner))).rowcount

    async def add(self, owner: str, id: str, question: str, answer: Mapping[str, Any]) -> None:
        """A turn at the end. An answer that rests on a document which is gone by now is not kept. Raises Conflict
        when the conversation is too long."""
        ids = sorted(quoted(answer))
        async with self._database.write() as connection:
            touched = await connection.execute(update(conversations).where(_mine(owner, id)).values(updated_at=now()))
            if not touched.rowcount:
                raise _missing(id)
            last = await connection.scalar(select(func.max(turns.c.position)).where(turns.c.conversation_id == id))
            position = 1 if last is None else last + 1
            if position > MOST_TURNS:
                raise Conflict(f"The conversation has {MOST_TURNS} turns.", "Start a new one.")
            there: set[str] = set()
            for i in range(0, len(ids), BATCH):
                there.update(
                    await connection.scalars(select(documents.c.id).where(documents.c.id.in_(ids[i : i + BATCH])))
                )
            row = {
                "conversation_id": id,
                "position": position,
                "question": storable(question),
                "answer": jsonable(answer) if len(there) == len(ids) else None,
                "created_at": now(),
            }
            [turn] = (await connection.execute(insert(turns).values(row).returning(turns.c.id))).one()
            if ids:
                await connection.execute(
                    insert(turn_documents), [{"turn_id": turn, "document_id": document_id} for document_id in ids]
                )


async def forget_answers(connection: AsyncConnection, document_ids: Sequence[str]) -> None:
    """In the transaction that deletes these documents: answers that quote them are emptied, the questions stay."""
    for i in range(0, len(document_ids), BATCH):
        part = turn_documents.c.document_id.in_(document_ids[i : i + BATCH])
        await connection.execute(
            update(turns).where(turns.c.id.in_(select(turn_documents.c.turn_id).where(part))).values(answer=null())
        )
        await connection.execute(delete(turn_documents).where(part))


def quoted(record: Any) -> set[str]:
    """Ids of all documents that an answer's record names, however deep."""
    if isinstance(record, Mapping):
        own = {str(value) for key, value in record.items() if key == "document_id" and value}
        return own.union(*(quoted(value) for value in record.values()))
    if isinstance(record, Iterable) and not isinstance(record, str | bytes):
        return set().union(*(quoted(value) for value in record))
    return set()


_COLUMNS = (conversations.c.id, conversations.c.title, conversations.c.created_at, conversations.c.updated_at)


def _mine(owner: str, id: str) -> Any:
    return (conversations.c.id == id) & (conversations.c.owner == owner)


def _title(text: str) -> str:
    title = " ".join(storable(text).split())
    if not title:
        raise InvalidInput("The title is empty.", "Give it a name.")
    return title if len(title) <= TITLE_CHARS else title[: TITLE_CHARS - 1].rstrip() + "…"


def _missing(id: str) -> NotFound:
    return NotFound(f"There is no conversation '{id[:64]}'.", "GET /v1/conversations lists what there is.")
