"""Leases on the analysis of documents. Whoever dies, the lease ends and another takes over.

Leases are compared with the clock of the machine that asks: machines have to agree on the time to well under a lease.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, Update, and_, delete, func, or_, select, update

from rag.model import Stage
from rag.ports import Job
from rag.store.database import Database
from rag.store.records import load_one, now
from rag.store.tables import jobs


class JobQueue:
    """`clock` gives the time as an aware datetime; tests move it by hand."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, owner: str, *, lease_seconds: float) -> Job | None:
        """The oldest due job that nobody holds, or None. Its `attempt` counts from 1.

        `owner` of the job is the name given plus a token of this claim, so that a worker that lost a lease cannot be
        taken for the same worker's next one.
        """
        instant = self._clock()
        free = (
            select(jobs.c.document_id)
            .where(_free(instant))
            .order_by(jobs.c.due_at, jobs.c.document_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if not await self._any(instant):
            return None  # most polls end here and never ask for SQLite's one write lock
        async with self._database.write() as connection:
            id = await connection.scalar(free)
            if id is None:
                return None
            token = f"{owner}/{uuid4().hex[:12]}"
            claimed = await connection.execute(
                update(jobs)
                .where(jobs.c.document_id == id)
                .values(owner=token, attempt=jobs.c.attempt + 1, lease_until=instant + timedelta(seconds=lease_seconds))
                .returning(jobs.c.attempt, jobs.c.stage)
            )
            attempt, stage = claimed.one()
            return Job(await load_one(connection, id), token, attempt, Stage(stage) if stage else None)

    async def renew(self, job: Job, *, lease_seconds: float) -> bool:
        """False: another has taken the job, or the document is deleted; stop working on it."""
        return await self._change(_of(job).values(lease_until=self._clock() + timedelta(seconds=lease_seconds)))

    async def finish(self, job: Job) -> bool:
        """Remove the job. False, and nothing happens, when the lease was lost."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(jobs).where(_held(job)))
            return gone.rowcount == 1

    async def release(self, job: Job, *, delay_seconds: float = 0, counted: bool = True) -> bool:
        """Give it back, to be claimed after the delay; not `counted`, this attempt was none. False, and nothing happens,
        when the lease was lost."""
        due = self._clock() + timedelta(seconds=delay_seconds)
        attempt = jobs.c.attempt if counted else jobs.c.attempt - 1
        return await self._change(_of(job).values(owner=None, lease_until=None, due_at=due, attempt=attempt))

    async def depth(self) -> int:
        """Jobs that are not finished, the running ones included."""
        async with self._database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(jobs)) or 0

    async def oldest_age(self) -> float:
        """Seconds since the oldest job that nobody holds was due; 0 when there is none."""
        instant = self._clock()
        async with self._database.read() as connection:
            due = await connection.scalar(select(func.min(jobs.c.due_at)).where(_free(instant)))
        return 0.0 if due is None else max(0.0, (instant - due).total_seconds())

    async def _any(self, instant: datetime) -> bool:
        async with self._database.read() as connection:
            return await connection.scalar(select(jobs.c.document_id).where(_free(instant)).limit(1)) is not None

    async def _change(self, statement: Update) -> bool:
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount == 1


def _free(instant: datetime) -> ColumnElement[bool]:
    return and_(jobs.c.due_at <= instant, or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= instant))


def _held(job: Job) -> ColumnElement[bool]:
    return and_(jobs.c.document_id == job.document.id, jobs.c.owner == job.owner)


def _of(job: Job) -> Update:
    return update(jobs).where(_held(job))
