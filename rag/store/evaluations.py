"""Runs of evaluations, kept so that they can be looked at and compared."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, func, insert, select

from rag.access.principal import acting, acting_tenant
from rag.errors import NotFound
from rag.evaluation.runs import EvaluationRun, Measured
from rag.store.database import Database
from rag.store.page_tables import evaluation_runs as runs
from rag.store.records import jsonable, now
from rag.store.tables import storable
from rag.store.visible import of_tenant


class EvaluationStore:
    """Of the tenant of whoever asks; a key that is bound to collections sees the runs that name one of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, run: EvaluationRun) -> EvaluationRun:
        """As it is kept, with its id and time, without its questions."""
        row: dict[str, Any] = {
            "id": uuid4().hex,
            "tenant": acting_tenant(),
            "collection": run.collection,
            "name": storable(run.name),
            "set": storable(run.set),
            "model": storable(run.model),
            "note": storable(run.note),
            "figures": jsonable(dict(run.figures)),
            "questions": jsonable([asdict(one) for one in run.questions]),
            "question_count": len(run.questions),
            "created_at": now(),
        }
        async with self._database.write() as connection:
            await connection.execute(insert(runs).values(row))
            return _run((await connection.execute(select(*_HEAD).where(runs.c.id == row["id"]))).one())

    async def newest(self, *, set: str | None = None, limit: int = 50, offset: int = 0) -> list[EvaluationRun]:
        """Without their questions."""
        only = [runs.c.set == set] if set is not None else []
        query = select(*_HEAD).where(*_own(), *only).order_by(runs.c.created_at.desc(), runs.c.id)
        async with self._database.read() as connection:
            return [_run(row) for row in await connection.execute(query.limit(limit).offset(offset))]

    async def count(self) -> int:
        async with self._database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(runs).where(*_own())) or 0

    async def get(self, id: str) -> EvaluationRun:
        """With its questions. Raises NotFound."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(*_HEAD, runs.c.questions).where(runs.c.id == id, *_own()))).first()
        if row is None:
            raise _missing(id)
        return _run(row, tuple(Measured(**one) for one in row.questions))

    async def delete(self, id: str) -> None:
        """Raises NotFound."""
        async with self._database.write() as connection:
            if not (await connection.execute(delete(runs).where(runs.c.id == id, *_own()))).rowcount:
                raise _missing(id)


_HEAD: list[ColumnElement[Any]] = [column for column in runs.c if column.name not in ("questions", "tenant")]


def _own() -> list[ColumnElement[bool]]:
    principal = acting()
    bound = principal.collections if principal else None
    own = of_tenant(runs.c.tenant)
    return own if bound is None else [*own, runs.c.collection.in_(bound)]


def _run(row: Any, questions: tuple[Measured, ...] = ()) -> EvaluationRun:
    return EvaluationRun(
        name=row.name,
        set=row.set,
        figures=row.figures,
        questions=questions,
        model=row.model,
        note=row.note,
        collection=row.collection,
        id=row.id,
        created_at=row.created_at,
        count=row.question_count,
    )


def _missing(id: str) -> NotFound:
    return NotFound(f"There is no evaluation run '{id[:64]}'.", "GET /v1/evaluations lists what there is.")
