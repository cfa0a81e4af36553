"""Which embedding model the library is searched with, and the making of another one's vectors beside it.

A model is `building` while its vectors are made, `failed` when that ended in an error, `active` when the indexes search it,
and `retired` from then until every index has left it and its vectors are deleted. One is active, at most one is building.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag.errors import Conflict, InvalidInput, RedwellError
from rag.model import Chunk
from rag.store.database import Database
from rag.store.index_tables import embedding_models, embeddings
from rag.store.records import append_change, chunk_value, now, upsert
from rag.store.tables import KEY_CHARS, chunks, documents

ACTIVE, BUILDING, FAILED, RETIRED = "active", "building", "failed", "retired"


@dataclass(frozen=True, slots=True)
class ModelRecord:
    version: str
    state: str
    done: int
    """Chunks that have a vector of it."""
    started_at: datetime
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A chunk without a vector of the model that is asked about."""

    chunk: Chunk
    filename: str
    collection: str


class Embeddings:
    def __init__(self, database: Database, *, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def active(self) -> str | None:
        """None before the first document was embedded."""
        async with self._database.read() as connection:
            return await connection.scalar(_with(ACTIVE))

    async def settle(self, version: str) -> str:
        """The active model; `version` becomes it where nothing has been embedded yet."""
        async with self._database.write() as connection:
            known = await connection.scalar(_with(ACTIVE))
            if known is not None and await connection.scalar(select(embeddings.c.chunk_id).limit(1)) is not None:
                return known
            await connection.execute(delete(embedding_models))
            await note_model(connection, version)
            return version

    async def models(self) -> list[ModelRecord]:
        """The active one first."""
        done = select(embeddings.c.model, func.count().label("done")).group_by(embeddings.c.model).subquery()
        query = select(embedding_models, done.c.done).outerjoin(done, done.c.model == embedding_models.c.version)
        async with self._database.read() as connection:
            rows = (
                await connection.execute(query.order_by(embedding_models.c.state, embedding_models.c.version))
            ).all()
        return [ModelRecord(row.version, row.state, row.done or 0, row.started_at, row.error) for row in rows]

    async def chunks(self) -> int:
        async with self._database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(chunks)) or 0

    async def begin(self, version: str) -> None:
        """Start (or start again) the making of another model's vectors. Raises Conflict while one is being made."""
        if len(version) > KEY_CHARS:
            raise InvalidInput(f"The model's name is longer than {KEY_CHARS} characters.", "Name a model or a folder.")
        async with self._database.write() as connection:
            if await connection.scalar(_with(ACTIVE)) == version:
                raise Conflict(f"The library is indexed with {version} already.", "There is nothing to do.")
            other = await connection.scalar(_with(BUILDING))
            if other is not None and other != version:
                raise Conflict(f"Embeddings of {other} are being made.", "Wait for its end, or cancel it first.")
            values = {"version": version, "state": BUILDING, "started_at": self._clock()}
            again = {"state": BUILDING, "error": None}
            statement = upsert(connection, embedding_models).values(values)
            await connection.execute(statement.on_conflict_do_update(index_elements=["version"], set_=again))

    async def cancel(self) -> bool:
        """Stop what is building (or failed) and delete its vectors; False when there is nothing."""
        async with self._database.write() as connection:
            waiting = select(embedding_models.c.version).where(embedding_models.c.state.in_((BUILDING, FAILED)))
            versions = (await connection.scalars(waiting)).all()
            await _forget(connection, versions)
            return bool(versions)

    async def work(self, owner: str, *, lease_seconds: float) -> tuple[str, str] | None:
        """(version, state) of a model that wants work, leased to `owner`; None when there is none or another has it."""
        instant = self._clock()
        wanted = embedding_models.c.state.in_((BUILDING, RETIRED))
        async with self._database.read() as connection:
            if await connection.scalar(select(embedding_models.c.version).where(wanted).limit(1)) is None:
                return None
        free = or_(
            embedding_models.c.lease_until.is_(None),
            embedding_models.c.lease_until < instant,
            embedding_models.c.owner == owner,
        )
        query = select(embedding_models.c.version, embedding_models.c.state).where(wanted, free)
        async with self._database.write() as connection:
            row = (
                await connection.execute(query.order_by(embedding_models.c.state).limit(1).with_for_update())
            ).first()
            if row is None:
                return None
            await connection.execute(
                update(embedding_models)
                .where(embedding_models.c.version == row.version)
                .values(owner=owner, lease_until=instant + timedelta(seconds=lease_seconds))
            )
            return row.version, row.state

    async def missing(self, version: str, *, after: int = 0, limit: int = 64) -> list[Pending]:
        """Chunks with larger ids than `after` that have no vector of this model, by id."""
        query = (
            select(chunks, documents.c.filename.label("name"), documents.c.collection.label("within"))
            .join(documents, documents.c.id == chunks.c.document_id)
            .outerjoin(embeddings, and_(embeddings.c.chunk_id == chunks.c.id, embeddings.c.model == version))
            .where(chunks.c.id > after, embeddings.c.chunk_id.is_(None))
            .order_by(chunks.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [Pending(chunk_value(row), row.name, row.within) for row in await connection.execute(query)]

    async def save(self, version: str, pending: Sequence[Pending], vectors: np.ndarray, *, announce: bool) -> None:
        """Chunks that were deleted meanwhile are left out. `announce` tells the indexes: for the active model only."""
        rows = {
            item.chunk.id: {"chunk_id": item.chunk.id, "model": version, "vector": vector.tobytes()}
            for item, vector in zip(pending, np.ascontiguousarray(vectors, "<f4"), strict=True)
        }
        async with self._database.write() as connection:
            # Locked against deletion until the vectors are in.
            living = select(chunks.c.id).where(chunks.c.id.in_(rows)).with_for_update(read=True, key_share=True)
            there = set((await connection.scalars(living)).all())
            if there:
                statement = upsert(connection, embeddings).on_conflict_do_nothing()
                await connection.execute(statement, [rows[key] for key in rows if key in there])
            if announce:
                owners = {i.chunk.document_id: i.collection for i in pending if i.chunk.id in there}
                for document_id, collection in owners.items():
                    await append_change(self._database, connection, "upsert", document_id, collection)

    async def promote(self, version: str) -> bool:
        """Make it the active one. False when chunks without a vector came meanwhile, or it was cancelled."""
        lacking = (
            select(chunks.c.id)
            .outerjoin(embeddings, and_(embeddings.c.chunk_id == chunks.c.id, embeddings.c.model == version))
            .where(embeddings.c.chunk_id.is_(None))
            .limit(1)
        )
        of_version = embedding_models.c.version == version
        async with self._database.write() as connection:
            state = await connection.scalar(select(embedding_models.c.state).where(of_version))
            if state != BUILDING or await connection.scalar(lacking) is not None:
                return False
            await connection.execute(
                update(embedding_models).where(embedding_models.c.state == ACTIVE).values(state=RETIRED, owner=None)
            )
            await connection.execute(
                update(embedding_models).where(of_version).values(state=ACTIVE, owner=None, lease_until=None)
            )
            return True

    async def fail(self, version: str, error: RedwellError) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                update(embedding_models)
                .where(embedding_models.c.version == version, embedding_models.c.state == BUILDING)
                .values(state=FAILED, error=error.as_dict(), owner=None, lease_until=None)
            )

    async def forget(self, version: str) -> None:
        """Delete a retired model and its vectors."""
        async with self._database.write() as connection:
            await _forget(connection, [version])


async def note_model(connection: AsyncConnection, version: str) -> None:
    """Vectors of this model were written: it is active when none is, and otherwise retired when it is unknown, so that
    someone makes the vectors of the active one for them."""
    active = await connection.scalar(_with(ACTIVE))
    if active == version:
        return
    values = {"version": version, "state": ACTIVE if active is None else RETIRED, "started_at": now()}
    await connection.execute(upsert(connection, embedding_models).values(values).on_conflict_do_nothing())


def _with(state: str) -> Any:
    return select(embedding_models.c.version).where(embedding_models.c.state == state).limit(1)


async def _forget(connection: AsyncConnection, versions: Sequence[str]) -> None:
    await connection.execute(delete(embeddings).where(embeddings.c.model.in_(versions)))
    await connection.execute(delete(embedding_models).where(embedding_models.c.version.in_(versions)))
