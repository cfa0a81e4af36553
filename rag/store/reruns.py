"""Re-running one stage: which documents are out of date, what they held before, what a shadow found; candidates' standing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, exists, func, insert, select

from rag.analysis.candidate import Mode, Rollout
from rag.model import Stage, StageStatus, Status
from rag.store.database import Database
from rag.store.records import jsonable, now, upsert
from rag.store.tables import documents, jobs, rollouts, stage_results, stages
from rag.store.visible import of_visible, visible

BEFORE, SHADOW = "before", "shadow"
_FINAL = (Status.READY.value, Status.PARTIAL.value)


class RerunStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def outdated(self, stage: Stage, versions: Sequence[str], collection: str | None = None) -> int:
        """Analysed documents whose record of the stage is of none of these versions, or failed."""
        async with self._database.read() as connection:
            query = select(func.count()).select_from(documents).where(*_outdated(stage, versions, collection))
            return await connection.scalar(query) or 0

    async def enqueue(self, stage: Stage, versions: Sequence[str], collection: str | None = None) -> int:
        """A job for this stage alone for each that is out of date and has no job yet; returns how many."""
        instant = now()
        async with self._database.write() as connection:
            waiting = exists().where(jobs.c.document_id == documents.c.id)
            query = select(documents.c.id).where(*_outdated(stage, versions, collection), ~waiting)
            ids = list(await connection.scalars(query))
            rows = [
                {"document_id": id, "attempt": 0, "due_at": instant, "created_at": instant, "stage": stage.value}
                for id in ids
            ]
            if rows:
                await connection.execute(insert(jobs), rows)
            return len(rows)

    async def waiting(self, stage: Stage) -> int:
        """Jobs of a re-run that are not finished."""
        async with self._database.read() as connection:
            query = (
                select(func.count())
                .select_from(jobs)
                .where(jobs.c.stage == stage.value, *of_visible(jobs.c.document_id))
            )
            return await connection.scalar(query) or 0

    async def keep(self, document_id: str, stage: Stage, kind: str, version: str, facts: Sequence[str]) -> None:
        """`kind` is BEFORE or SHADOW; replaces what was kept of it. Nothing is kept of a document that is gone."""
        row = {
            "document_id": document_id,
            "stage": stage.value,
            "kind": kind,
            "version": version,
            "facts": jsonable(list(facts)),
        }
        async with self._database.write() as connection:
            if await connection.scalar(select(documents.c.id).where(documents.c.id == document_id)) is None:
                return
            await connection.execute(
                upsert(connection, stage_results)
                .values(row)
                .on_conflict_do_update(index_elements=["document_id", "stage", "kind"], set_=row)
            )

    async def kept(self, stage: Stage, kind: str, collection: str | None = None) -> dict[str, list[str]]:
        """Document id -> facts."""
        query = (
            select(stage_results.c.document_id, stage_results.c.facts)
            .join(documents, documents.c.id == stage_results.c.document_id)
            .where(stage_results.c.stage == stage.value, stage_results.c.kind == kind, *visible())
            .order_by(stage_results.c.document_id)
        )
        if collection is not None:
            query = query.where(documents.c.collection == collection)
        async with self._database.read() as connection:
            return {row.document_id: row.facts for row in await connection.execute(query)}

    async def rollout(self, stage: Stage) -> Rollout | None:
        """What was decided over the API; None: the settings count."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(rollouts).where(rollouts.c.stage == stage.value))).first()
        return Rollout(Mode(row.mode), row.weight) if row else None

    async def decide(self, stage: Stage, rollout: Rollout) -> None:
        row = {"stage": stage.value, "mode": rollout.mode.value, "weight": rollout.weight, "updated_at": now()}
        async with self._database.write() as connection:
            await connection.execute(
                upsert(connection, rollouts).values(row).on_conflict_do_update(index_elements=["stage"], set_=row)
            )
            if rollout.mode is Mode.DROPPED:
                await connection.execute(
                    delete(stage_results).where(stage_results.c.stage == stage.value, stage_results.c.kind == SHADOW)
                )


def _outdated(stage: Stage, versions: Sequence[str], collection: str | None) -> list[ColumnElement[bool]]:
    current = exists().where(
        stages.c.document_id == documents.c.id,
        stages.c.stage == stage.value,
        stages.c.status.in_([StageStatus.DONE.value, StageStatus.SKIPPED.value]),
        stages.c.version.in_(list(versions)),
    )
    conditions: list[ColumnElement[bool]] = [documents.c.status.in_(_FINAL), ~current, *visible()]
    if collection is not None:
        conditions.append(documents.c.collection == collection)
    return conditions
