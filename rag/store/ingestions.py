"""Batch jobs as rows: queued, leased by whoever runs them, ended. Their items are in items.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, literal, or_, select, update

from rag.access.principal import acting, tenant_of
from rag.errors import Conflict, NotFound
from rag.intake.ingestions import Ingestion, Request, RunStatus
from rag.store.database import Database
from rag.store.records import jsonable, now
from rag.store.tables import Instant, callbacks, ingestions, jobs
from rag.store.visible import of_tenant, visible

SERVICE = "service/"
"""How owners begin that run jobs of the API."""


def lease_owner(ingestion_id: str) -> str:
    """Owner of the leases on documents that a batch job works on; the served analyzers leave those alone."""
    return f"ingest/{ingestion_id}"


class IngestionStore:
    """`clock` gives the time as an aware datetime; tests move it by hand."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self, request: Request, *, callback_url: str | None = None, owner: str | None = None, lease_seconds: float = 0
    ) -> Ingestion:
        """A queued job; with an `owner`, one that its creator runs himself and nobody takes over."""
        id, instant = uuid4().hex, self._clock()
        row = {
            "id": id,
            "tenant": tenant_of(request.collection),
            "request": jsonable(asdict(request)),
            "status": RunStatus.QUEUED.value,
            "attempt": 0,
            "cancel": 0,
            "created_at": instant,
        }
        if owner is not None:
            row |= {"status": RunStatus.RUNNING.value, "owner": owner, "started_at": instant, "attempt": 1}
            row["lease_until"] = instant + timedelta(seconds=lease_seconds)
        async with self._database.write() as connection:
            await connection.execute(insert(ingestions).values(row))
            if callback_url:
                await connection.execute(
                    insert(callbacks).values(ingestion_id=id, url=callback_url, attempt=0, due_at=instant)
                )
        return await self.get(id)

    async def get(self, id: str) -> Ingestion:
        """Raises NotFound."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(ingestions).where(ingestions.c.id == id, *_own()))).first()
        if row is None:
            raise NotFound(f"There is no job '{id[:64]}'.", "GET /v1/jobs lists what there is.")
        return _value(row)

    async def newest(self, *, limit: int = 50) -> list[Ingestion]:
        """Newest first."""
        query = select(ingestions).where(*_own()).order_by(ingestions.c.created_at.desc(), ingestions.c.id).limit(limit)
        async with self._database.read() as connection:
            return [_value(row) for row in await connection.execute(query)]

    async def claim(self, owner: str, *, lease_seconds: float, id: str | None = None) -> Ingestion | None:
        """Lease a queued job, or one whose runner is gone: the oldest, or `id`. None when there is nothing to do.

        `owner` starts with `SERVICE`, and only jobs of such owners are taken over.
        """
        instant = self._clock()
        free = _free(instant)
        wanted = free if id is None else and_(free, ingestions.c.id == id)
        query = select(ingestions.c.id).where(wanted).order_by(ingestions.c.created_at).limit(1)
        async with self._database.read() as connection:
            if await connection.scalar(query) is None:
                return None
        async with self._database.write() as connection:
            found = await connection.scalar(query.with_for_update(skip_locked=True))
            if found is None:
                return None
            row = await connection.execute(
                update(ingestions)
                .where(ingestions.c.id == found)
                .values(
                    status=RunStatus.RUNNING.value,
                    owner=owner,
                    lease_until=instant + timedelta(seconds=lease_seconds),
                    attempt=ingestions.c.attempt + 1,
                    started_at=func.coalesce(ingestions.c.started_at, literal(instant, Instant)),
                    ended_at=None,
                    error=None,
                )
                .returning(ingestions)
            )
            return _value(row.one())

    async def next_free(self) -> str | None:
        """Id of a job of the API that waits for a runner."""
        query = select(ingestions.c.id).where(_free(self._clock())).order_by(ingestions.c.created_at).limit(1)
        async with self._database.read() as connection:
            return await connection.scalar(query)

    async def mine(self, id: str, owner: str) -> bool:
        """False: cancelled, or taken over by another runner."""
        query = select(ingestions.c.id).where(
            ingestions.c.id == id, ingestions.c.owner == owner, ingestions.c.cancel == 0
        )
        async with self._database.read() as connection:
            return await connection.scalar(query) is not None

    async def renew(self, id: str, owner: str, *, lease_seconds: float) -> bool:
        """Prolong the job's lease and those of its documents. False: cancelled, or taken over by another runner."""
        until = self._clock() + timedelta(seconds=lease_seconds)
        async with self._database.write() as connection:
            kept = await connection.execute(
                update(ingestions)
                .where(ingestions.c.id == id, ingestions.c.owner == owner, ingestions.c.cancel == 0)
                .values(lease_until=until)
            )
            if kept.rowcount == 0:
                return False
            await connection.execute(
                update(jobs)
                .where(jobs.c.owner == lease_owner(id), jobs.c.lease_until < until)
                .values(lease_until=until)
            )
            return True

    async def end(
        self,
        id: str,
        status: RunStatus,
        *,
        error: Mapping[str, Any] | None = None,
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        """The job is over: its leases on documents end with it, so that analyzers may finish what is left."""
        async with self._database.write() as connection:
            await connection.execute(
                update(ingestions)
                .where(ingestions.c.id == id)
                .values(
                    status=status.value,
                    owner=None,
                    lease_until=None,
                    ended_at=self._clock(),
                    error=None if error is None else jsonable(error),
                    summary=None if summary is None else jsonable(summary),
                )
            )
            await connection.execute(
                update(jobs).where(jobs.c.owner == lease_owner(id)).values(owner=None, lease_until=None)
            )

    async def cancel(self, id: str) -> Ingestion:
        """Ask the runner to stop; a job that nobody runs is over at once. Raises NotFound, Conflict when it is over."""
        job = await self.get(id)
        if job.status.final:
            raise Conflict(f"The job is {job.status.value} already.", "Only queued and running jobs can be cancelled.")
        ended = {"status": RunStatus.CANCELLED.value, "ended_at": self._clock()}
        async with self._database.write() as connection:
            await connection.execute(update(ingestions).where(ingestions.c.id == id).values(cancel=1))
            nobody = or_(
                ingestions.c.status == RunStatus.QUEUED.value,
                ingestions.c.lease_until.is_(None),
                ingestions.c.lease_until <= self._clock(),
            )
            await connection.execute(update(ingestions).where(ingestions.c.id == id, nobody).values(ended))
        return await self.get(id)

    async def drop(self, id: str) -> None:
        """Forget a job that is over; its items stay, they are the memory of what is loaded. Raises NotFound, Conflict."""
        if not (await self.get(id)).status.final:
            raise Conflict("The job is under way.", "Cancel it first.")
        async with self._database.write() as connection:
            await connection.execute(delete(ingestions).where(ingestions.c.id == id))

    async def running(self) -> list[Ingestion]:
        """Jobs that somebody holds, or held when he died."""
        query = select(ingestions).where(ingestions.c.status == RunStatus.RUNNING.value)
        async with self._database.read() as connection:
            return [_value(row) for row in await connection.execute(query)]

    async def bury(self, ingestion: Ingestion) -> None:
        """A job whose runner is known to be dead: its leases end now, without waiting for them."""
        dead = {"code": "runner_died", "detail": "The process that ran the job ended.", "remedy": "Run it again."}
        values = {"status": RunStatus.FAILED.value, "lease_until": None, "ended_at": self._clock(), "error": dead}
        async with self._database.write() as connection:
            mine = and_(ingestions.c.id == ingestion.id, ingestions.c.owner == ingestion.owner)
            gone = await connection.execute(update(ingestions).where(mine).values(values))
            if gone.rowcount:
                await connection.execute(
                    update(jobs).where(jobs.c.owner == lease_owner(ingestion.id)).values(owner=None, lease_until=None)
                )


def _own() -> list[ColumnElement[bool]]:
    own = of_tenant(ingestions.c.tenant)
    principal = acting()
    if principal is None or principal.collections is None:
        return own
    return [*own, *visible(ingestions.c.request["collection"].as_string())]


def _free(instant: datetime) -> ColumnElement[bool]:
    return or_(
        ingestions.c.status == RunStatus.QUEUED.value,
        and_(
            ingestions.c.status == RunStatus.RUNNING.value,
            ingestions.c.owner.startswith(SERVICE, autoescape=True),
            or_(ingestions.c.lease_until.is_(None), ingestions.c.lease_until <= instant),
        ),
    )


def _value(row: Row[Any]) -> Ingestion:
    return Ingestion(
        id=row.id,
        request=Request.of(row.request),
        status=RunStatus(row.status),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        attempt=row.attempt,
        owner=row.owner,
        cancel=bool(row.cancel),
        error=row.error,
        summary=row.summary,
    )
