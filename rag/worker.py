"""The analyzer's loop: claim a leased job, keep the lease alive while analysing, settle it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from rag.access.principal import acting_as, own_work
from rag.analysis.reanalyse import rerun
from rag.analysis.trying import analyze_with_candidate
from rag.errors import Busy, Crashed, DocumentNotFound, RedwellError, Unavailable
from rag.model import Stage, Status
from rag.ports import Job
from rag.retrieval.reindex import reindex
from rag.runtime.logs import DOCUMENT, about
from rag.runtime.metrics import DOCUMENTS
from rag.runtime.tracing import span
from rag.services import Services

log = structlog.get_logger(__name__)

IDLE_SECONDS = 0.25
DUE_SECONDS = 2.0
"""What falls due by time alone (another attempt, a lease that ended) is claimed this much later at most."""
UNAVAILABLE_SECONDS = 2.0
REINDEX_SECONDS = 2.0
REINDEX_DUE_SECONDS = 10.0
AWAY_SECONDS = 10.0
"""Between two looks whether what a document needs is back. Such attempts are not counted: an outage is not its fault."""
LOOKS_A_SECOND = 5.0
"""At most, however many documents wait: a long queue must not keep the cores busy with looking."""


class Worker:
    """Runs `concurrent_documents` jobs at once until it is stopped. `owner` names the lease holder."""

    def __init__(self, services: Services, *, owner: str) -> None:
        self._services = services
        self._owner = owner
        self._looking = asyncio.Lock()
        """Held by the free slot that looks at the queue: an idle analyzer looks once in IDLE_SECONDS, not once a slot."""
        self._watch = services.state.database.watch(at_most=DUE_SECONDS)
        self._slots = [
            asyncio.create_task(self._slot(i)) for i in range(services.settings.analysis.concurrent_documents)
        ]
        self._slots.append(asyncio.create_task(self._reindex()))

    async def stop(self) -> None:
        """Cancel what runs and give its leases back: others go on at once, from the stages that are done."""
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)

    @property
    def healthy(self) -> bool:
        return not any(slot.done() for slot in self._slots)

    async def _slot(self, number: int) -> None:
        while True:
            async with self._looking:
                job = await self._next(f"{self._owner}/{number}")
            try:
                await self._hold(job)
            except Unavailable as error:
                await _database_away(error)

    async def _next(self, owner: str) -> Job:
        """Look until there is a job."""
        while True:
            try:
                job = await self._services.state.jobs.claim(
                    owner, lease_seconds=self._services.settings.analysis.lease_seconds
                )
            except Unavailable as error:
                await _database_away(error)
                continue
            if job is not None:
                return job
            await self._watch.pause(IDLE_SECONDS)

    async def _reindex(self) -> None:
        """Work on another embedding model's vectors, when somebody asked for them."""
        watch = self._services.state.database.watch(at_most=REINDEX_DUE_SECONDS)
        while True:
            try:
                await reindex(self._services.state, self._services.embedder, owner=self._owner)
            except Unavailable as error:
                log.warning("reindex_waits", detail=error.detail)
            await watch.pause(REINDEX_SECONDS)

    async def _hold(self, job: Job) -> None:
        """Run a job under its lease: when the lease is lost (or the document deleted), the run is cancelled."""
        run = asyncio.create_task(run_job(job, self._services))
        lease = asyncio.create_task(self._renew(job))
        try:
            await asyncio.wait({run, lease}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await _ended(run, lease)
            with suppress(RedwellError):  # it ends by itself, only later
                await self._services.state.jobs.release(job, counted=False)
            raise
        finally:
            await _ended(run, lease)
        if not run.cancelled() and (error := run.exception()) is not None:
            raise error

    async def _renew(self, job: Job) -> None:
        seconds = self._services.settings.analysis.lease_seconds
        held = True
        while held:
            await asyncio.sleep(seconds / 3)
            try:
                held = await self._services.state.jobs.renew(job, lease_seconds=seconds)
            except Unavailable:
                continue
        log.info("lease_lost", document=job.document.id)


async def _database_away(error: Unavailable) -> None:
    log.warning("database_unavailable", detail=error.detail)
    await asyncio.sleep(UNAVAILABLE_SECONDS)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def run_job(job: Job, services: Services) -> None:
    """Analyse and settle: ready, partial, failed, or back to the queue when the cause may pass."""
    own = own_work(job.document.collection)
    with (
        acting_as(own),
        about(**{DOCUMENT: job.document.id}),
        span("analyze", document=job.document.id, attempt=str(job.attempt)),
    ):
        await _run(job, services)


async def _run(job: Job, services: Services) -> None:
    document, state = job.document, services.state
    attempts_left = services.settings.analysis.max_attempts - job.attempt
    if job.stage is not None:
        await _run_again(job, job.stage, services)
        return
    try:
        # A partial document that waits for what is away stays what it is until then.
        failures = await analyze_with_candidate(document, services, again=document.status is Status.PARTIAL)
    except DocumentNotFound:
        await state.jobs.finish(job)
        return
    except RedwellError as error:
        if _away(error) or (error.retryable and attempts_left > 0):
            await state.documents.set_status(document.id, Status.QUEUED)
            await _again(job, services, away=_away(error))
            return
        log.warning("document_failed", code=error.code, detail=error.detail)
        await _settle(job, services, Status.FAILED, error)
        return
    required = failures.get(Stage.INDEX)
    if any(error.retryable for error in failures.values()) and attempts_left > 0:
        await _again(job, services)
        return
    if required is not None and _away(required):
        await state.documents.set_status(document.id, Status.QUEUED)
        await _again(job, services, away=True)
        return
    if required is None and any(_away(error) for error in failures.values()):
        # It can be searched and asked; what is left is done when the missing part is back.
        if document.status is not Status.PARTIAL:
            await state.documents.set_status(document.id, Status.PARTIAL)
        await _again(job, services, away=True)
        return
    status = Status.FAILED if required else Status.PARTIAL if failures else Status.READY
    await _settle(job, services, status, required)
    log.info("document_analysed", status=status.value)


def _away(error: RedwellError) -> bool:
    """A part cannot be reached or has no room; not one that this document may have ended."""
    return isinstance(error, Busy) and not isinstance(error, Crashed)


async def _again(job: Job, services: Services, *, away: bool = False) -> None:
    if away:
        delay = max(AWAY_SECONDS, await services.state.jobs.depth() / LOOKS_A_SECOND)
        await services.state.jobs.release(job, delay_seconds=delay, counted=False)
    else:
        await services.state.jobs.release(job, delay_seconds=2.0**job.attempt)


async def _settle(job: Job, services: Services, status: Status, error: RedwellError | None) -> None:
    await services.state.documents.set_status(job.document.id, status, error=error.as_dict() if error else None)
    await services.state.jobs.finish(job)
    services.metrics.count(DOCUMENTS, status=status.value)


async def _run_again(job: Job, stage: Stage, services: Services) -> None:
    """One stage of a document that is ready: its status stays, and what failed is on the stage's record."""
    attempts_left = services.settings.analysis.max_attempts - job.attempt
    try:
        failures = await rerun(job.document, stage, services)
    except DocumentNotFound:
        failures = {}
    except RedwellError as error:
        log.warning("rerun_failed", document=job.document.id, stage=stage.value, code=error.code, detail=error.detail)
        failures = {stage: error}
    away = any(_away(error) for error in failures.values())
    if attempts_left > 0 and any(error.retryable for error in failures.values()):
        await _again(job, services)
    elif away:
        await _again(job, services, away=True)
    else:
        await services.state.jobs.finish(job)
