"""What is waiting, and how long the stages took of late."""

from __future__ import annotations

import statistics
from collections import defaultdict

from sqlalchemy import select

from rag.model import Stage, StageStatus
from rag.runtime.system import StageTimes
from rag.store.database import Database
from rag.store.tables import documents, stages

LATEST = 300
"""Documents that are looked at: those that changed last."""


class WorkStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def stage_times(self) -> list[StageTimes]:
        """In the order of the stages; those that no document had are left out."""
        newest = select(documents.c.id).order_by(documents.c.updated_at.desc()).limit(LATEST)
        query = select(stages.c.stage, stages.c.status, stages.c.seconds).where(stages.c.document_id.in_(newest))
        took: defaultdict[str, list[float]] = defaultdict(list)
        failed: defaultdict[str, int] = defaultdict(int)
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                failed[row.stage] += row.status == StageStatus.FAILED.value
                if row.status == StageStatus.DONE.value and row.seconds is not None:
                    took[row.stage].append(row.seconds)
        return [
            StageTimes(
                stage.value,
                len(took[stage.value]),
                round(statistics.median(took[stage.value] or [0.0]), 3),
                round(_p95(took[stage.value]), 3),
                failed[stage.value],
            )
            for stage in Stage
            if took[stage.value] or failed[stage.value]
        ]


def _p95(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else 0.0
