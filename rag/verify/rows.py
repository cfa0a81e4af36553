"""Rows against one another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, and_, delete, exists, func, select, update

from rag.model import Stage, Status
from rag.store.database import Database
from rag.store.index_tables import embedding_models, embeddings
from rag.store.records import append_change, now, upsert
from rag.store.schema import metadata
from rag.store.tables import chunks, documents, jobs
from rag.verify.findings import Damage, Finding

_FINAL = tuple(status.value for status in Status if status.final)


async def examine_rows(database: Database) -> AsyncIterator[Finding]:
    """Parents first: what is deleted for want of one may be the parent of others, which the next look finds gone."""
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name):
            lost = _without_parent(key)
            async with database.read() as connection:
                count = await connection.scalar(select(func.count()).select_from(table).where(lost)) or 0
            if count:
                yield Finding(
                    Damage.PARENTLESS,
                    table.name,
                    f"{count} rows whose {key.parent.name} is not in {key.column.table.name}",
                    "--repair deletes them; documents stay, as documents of their own.",
                    partial(_delete_lost, database, key),
                )
    async with database.read() as connection:
        idle = list(await connection.scalars(select(documents.c.id).where(_idle())))
        lacking = list(await connection.scalars(_unembedded()))
        misnamed = list(await connection.scalars(_misnamed()))
    for id in idle:
        yield Finding(
            Damage.IDLE, id, "is not analysed, and no job says so", "--repair queues it.", partial(_queue, database, id)
        )
    for id in lacking:
        yield Finding(
            Damage.UNEMBEDDED,
            id,
            "has chunks that cannot be found by their meaning",
            "--repair queues the index stage.",
            partial(_queue, database, id, stage=Stage.INDEX),
        )
    for id in misnamed:
        yield Finding(
            Damage.MISNAMED,
            id,
            "has passages that tell another name or collection than its own",
            "--repair corrects them.",
            partial(_name, database, id),
        )


def _without_parent(key: ForeignKey) -> ColumnElement[bool]:
    parent = key.column.table.alias("parent")
    return and_(key.parent.is_not(None), ~exists().where(parent.c[key.column.name] == key.parent))


def _idle() -> ColumnElement[bool]:
    return and_(documents.c.status.not_in(_FINAL), ~exists().where(jobs.c.document_id == documents.c.id))


def _unembedded() -> Any:
    """Documents that are done and have a chunk without a vector of the active model; not while one is being made."""
    active = select(embedding_models.c.version).where(embedding_models.c.state == "active").scalar_subquery()
    moving = exists().where(embedding_models.c.state == "retired")
    return (
        select(chunks.c.document_id)
        .distinct()
        .join(documents, documents.c.id == chunks.c.document_id)
        .outerjoin(embeddings, and_(embeddings.c.chunk_id == chunks.c.id, embeddings.c.model == active))
        .where(
            embeddings.c.chunk_id.is_(None),
            documents.c.status.in_(_FINAL),
            ~moving,
            ~exists().where(jobs.c.document_id == documents.c.id),
        )
        .order_by(chunks.c.document_id)
    )


def _misnamed() -> Any:
    """Documents with a passage that keeps another name or collection; those of an earlier version keep none."""
    other = (chunks.c.filename != documents.c.filename) | (chunks.c.collection != documents.c.collection)
    own = documents.c.id == chunks.c.document_id
    return select(chunks.c.document_id).distinct().join(documents, own).where(other).order_by(chunks.c.document_id)


async def _name(database: Database, id: str) -> bool:
    own = documents.c.id == id
    async with database.write() as connection:
        told = {name: select(documents.c[name]).where(own).scalar_subquery() for name in ("filename", "collection")}
        await connection.execute(update(chunks).where(chunks.c.document_id == id).values(told))
    return True


async def _delete_lost(database: Database, key: ForeignKey) -> bool:
    """Indexes hear of chunks that go: they look what the database holds of that document now."""
    table = key.parent.table
    lost = _without_parent(key)
    async with database.write() as connection:
        if table is documents:  # what came in an archive that is gone stays, as a document of its own
            await connection.execute(update(documents).where(lost).values(parent_id=None, place=documents.c.id))
            return True
        gone: list[str] = []
        if table is chunks:
            gone = list(await connection.scalars(select(chunks.c.document_id).distinct().where(lost)))
        await connection.execute(delete(table).where(lost))
        for id in gone:
            await append_change(database, connection, "delete", id, "")
    return True


async def _queue(database: Database, id: str, stage: Stage | None = None) -> bool:
    instant = now()
    row = {"document_id": id, "attempt": 0, "due_at": instant, "created_at": instant, "stage": stage and stage.value}
    async with database.write() as connection:
        await connection.execute(upsert(connection, jobs).values(row).on_conflict_do_nothing())
    return True
