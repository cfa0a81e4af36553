"""One job from its first file to its summary: list, run the pipeline, wait for what others hold, prune, sum up."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import psutil
import structlog

from ingestion.inprocess import local_services
from ingestion.sources import WEB, Selection, SourceItem, items, manifest
from ingestion.steps import Plan, Steps, remove, remove_replaced
from ingestion.watch import watching
from rag.access.allowed import check
from rag.access.principal import acting_as, own_work, tenant_of, within
from rag.analyze import SIDE_BY_SIDE, versions
from rag.errors import InvalidInput, RedwellError, Unavailable
from rag.fields.stage import may_ask
from rag.intake.ingestions import Ingestion, ItemStatus, Progress, Request, RunStatus
from rag.model import Stage, Status
from rag.services import Services
from rag.settings import Settings

log = structlog.get_logger(__name__)

LISTED_AT_ONCE = 500
TELL_SECONDS = 0.5
PASSES = 10
"""How often files that another held, and let go, are taken up again."""

Tell = Callable[[str, Progress], None]
"""Called with what the job is doing and how far it is."""


class Pipeline(Protocol):
    """What carries files through the stages: Ray Data, or a plain loop in tests."""

    def execute(self, ids: Sequence[int], plan: Plan) -> None:
        """Blocking."""
        ...

    def abandon(self) -> None:
        """End an `execute` that runs on another thread, and every process that works for it."""
        ...


class Stopped(RedwellError):
    """The job was stopped."""

    code = "cancelled"
    default_remedy = "Run it again: it goes on where it was."


class TooManyFailures(RedwellError):
    """More files failed than the job allows."""

    code = "too_many_failures"
    default_remedy = "Look at the failures, then run it again with --retry-failed, or with a higher --max-failures."


@dataclass(frozen=True, slots=True)
class Outcome:
    ingestion: Ingestion
    progress: Progress
    seconds: float


def wanted_stages(names: Sequence[str]) -> tuple[Stage, ...]:
    """The stages after reading; all of them without names. Raises InvalidInput."""
    known = {stage.value: stage for stage in SIDE_BY_SIDE}
    for name in names:
        if name not in known and name != Stage.READ.value:
            raise InvalidInput(f"There is no stage '{name}'.", f"Choose from: read, {', '.join(known)}.")
    return tuple(stage for stage in SIDE_BY_SIDE if not names or stage.value in names)


async def asks_language_model(stages: Sequence[Stage], settings: Settings) -> bool:
    """Whether these stages need the language model: summaries do, fields where a schema or the settings say so."""
    if Stage.SUMMARY in stages:
        return True
    if Stage.CLASSIFY not in stages:  # fields come with the type
        return False
    async with opened(settings) as services:
        return await may_ask(services)


def runner_name(kind: str) -> str:
    """Owner of a job's lease: where its process is, and when that started, so that its death can be seen here."""
    process = psutil.Process()
    return f"{kind}/{socket.gethostname()}/{process.pid}/{process.create_time():.2f}"


def dead(owner: str) -> bool:
    """True when the owner was a process of this machine that is gone."""
    _, host, pid, started = ([*owner.split("/"), "", "", ""])[:4]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != started
    except psutil.NoSuchProcess:
        return True


class Run:
    """`owner` holds the job's lease; `stop` (an event) ends it early as a cancellation does.

    `watch`: after the first load it stays, and loads what comes or changes until it is stopped.
    `allow`: the only sources that may be read, for jobs that came over HTTP; what a manifest names is checked too.
    """

    def __init__(
        self,
        ingestion: Ingestion,
        settings: Settings,
        pipeline: Pipeline,
        *,
        owner: str,
        tell: Tell,
        services: Services,
        allow: Sequence[str] | None = None,
        watch: bool = False,
    ) -> None:
        self._watching = watch
        self._allow = allow
        self._id = ingestion.id
        self._ingestion = ingestion
        self._request = ingestion.request
        self._settings = settings
        self._pipeline = pipeline
        self._owner = owner
        self._tell = tell
        self._services = services
        self._state = services.state
        self._plan = Plan(ingestion.id, wanted_stages(self._request.stages), self._request.keep_versions)
        self._doing = "listing"
        self._why: RedwellError | None = None
        self._listed: set[str] | None = set() if watch and self._request.sync else None
        """What the last listing found: only a job that lists again has to know which of its own files are gone."""
        self.stop = asyncio.Event()

    async def run(self) -> Outcome:
        """Returns when the job is over, whatever its outcome; the outcome is in its row. It sees its collection's tenant only."""
        with acting_as(own_work(self._request.collection)):
            return await self._run()

    async def _run(self) -> Outcome:
        started = time.monotonic()
        watch = asyncio.create_task(self._watch())
        work = asyncio.create_task(self._work())
        status = RunStatus.DONE
        error: RedwellError | None = None
        try:
            await asyncio.wait({watch, work}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise self._why or Stopped()
            await work
        except Stopped as stopped:
            status, error = RunStatus.CANCELLED, stopped
        except RedwellError as failure:
            status, error = RunStatus.FAILED, failure
        except Exception as defect:
            log.exception("ingestion_defect", ingestion=self._id)
            status, error = RunStatus.FAILED, RedwellError(f"{type(defect).__name__}: {defect}", "Run it again.")
        finally:
            watch.cancel()
        if status is not RunStatus.DONE:
            await asyncio.to_thread(self._pipeline.abandon)
        work.cancel()
        await asyncio.gather(watch, work, return_exceptions=True)
        if status is RunStatus.CANCELLED:
            await self._close_cancelled()
        progress = await self._state.items.progress(self._id)
        seconds = time.monotonic() - started
        summary = await self._summary(progress, seconds)
        await self._state.ingestions.end(self._id, status, error=error.as_dict() if error else None, summary=summary)
        self._tell(status.value, progress)
        return Outcome(await self._state.ingestions.get(self._id), progress, seconds)

    async def _work(self) -> None:
        if not self._watching:
            await self._once()
            return
        async with watching(self._request.sources, self.stop) as changed:
            await self._once()
            while True:
                self._doing = "watching"
                await changed()
                if self.stop.is_set():
                    return
                await self._list()
                await self._load()

    async def _once(self) -> None:
        await self._bury_the_dead()
        await remove_replaced(await self._state.items.replaced(), self._services)
        await self._state.items.reopen(self._id)
        if self._request.retry_failed:
            await self._state.items.retry_failed(self._id, collection=self._collection_filter())
        else:
            await self._list()
            await self._state.items.orphans(self._id)
        await self._load()

    async def _load(self) -> None:
        self._doing = "loading"
        for _ in range(PASSES):
            if ids := await self._state.items.waiting(self._id):
                await asyncio.to_thread(self._pipeline.execute, ids, self._plan)
            if not await self._wait_for_others():
                break
        if self._request.sync:
            self._doing = "pruning"
            await self._prune()

    async def _watch(self) -> None:
        """Keep the leases, tell the progress, and end (with `_why`) when the job has to stop."""
        lease = self._settings.analysis.lease_seconds
        renewed = 0.0
        while True:
            try:
                if time.monotonic() - renewed > lease / 4:
                    renewed = time.monotonic()
                    await self._state.ingestions.renew(self._id, self._owner, lease_seconds=lease)
                if not await self._state.ingestions.mine(self._id, self._owner):
                    self._why = Stopped("The job was cancelled.")
                    return
                asked = time.monotonic()
                progress = await self._state.items.progress(self._id)
                self._tell(self._doing, progress)
                most = self._request.max_failures
                if most is not None and progress.failed > most:
                    self._why = TooManyFailures(f"{progress.failed} files failed; {most} are allowed.")
                    return
                # On a library of millions the sums take a moment: they may have a tenth of the time.
                pause = max(TELL_SECONDS, 10 * (time.monotonic() - asked))
            except Unavailable as error:
                log.warning("database_unavailable", detail=error.detail)
                pause = 1.0
            try:
                await asyncio.wait_for(self.stop.wait(), pause)
                if self._doing == "watching":
                    await asyncio.sleep(pause)  # nothing is under way: the work ends by itself
                    continue
                self._why = Stopped("The job was interrupted.")
                return
            except TimeoutError:
                continue

    # ------------------------------------------------------------------------------------------------- parts

    async def _list(self) -> None:
        current = await self._current()
        files = self._files()
        if self._listed is not None:
            self._listed.clear()
        while batch := await asyncio.to_thread(lambda: list(islice(files, LISTED_AT_ONCE))):
            for item in batch if self._allow is not None else ():
                check(item.uri, self._allow or ())
            if self._listed is not None:
                self._listed.update(item.uri for item in batch)
            await self._state.items.list_files(self._id, [self._row(item) for item in batch], current)

    def _files(self) -> Iterator[SourceItem]:
        request = self._request
        selection = Selection(request.include, request.exclude)
        yield from items(request.sources, selection)
        if request.manifest:
            yield from manifest(Path(request.manifest), selection)

    def _row(self, item: SourceItem) -> dict[str, Any]:
        own = self._request.collection
        given = {
            "metadata": {**self._request.metadata, **item.metadata},
            "language": item.language or self._request.language,
        }
        return {
            "uri": item.uri,
            "filename": item.filename,
            "collection": within(tenant_of(own), item.collection) if item.collection else own,
            "size": item.size,
            "fingerprint": item.fingerprint,
            "given": given,
        }

    async def _current(self) -> dict[str, str]:
        wanted = (Stage.READ, *self._plan.stages)
        return {stage.value: version for stage, version in (await versions(self._services)).items() if stage in wanted}

    def _collection_filter(self) -> str | None:
        return None if self._request.collection == "default" else self._request.collection

    async def _bury_the_dead(self) -> None:
        for other in await self._state.ingestions.running():
            if other.id != self._id and other.owner and dead(other.owner):
                await self._state.ingestions.bury(other)

    async def _wait_for_others(self) -> bool:
        """Wait for files whose documents an analyzer or another job works on. True when some are to be done here."""
        steps = Steps(self._plan, self._services)
        self._doing = "waiting for documents that others work on"
        while open_items := await self._state.items.items(self._id, status=[ItemStatus.RUNNING.value], limit=500):
            for item in open_items:
                document_id = item.document_id or ""
                lease = self._settings.analysis.lease_seconds
                job = await self._state.items.hold(document_id, self._id, lease_seconds=lease)
                if job is None:
                    continue
                if job.document.status.final and job.document.status is not Status.FAILED:
                    await steps.settle(document_id)
                else:
                    await self._state.items.let_go(document_id, self._id)
                    await self._state.items.reopen(self._id)
                    self._doing = "loading"
                    return True
            await asyncio.sleep(TELL_SECONDS)
        return False

    async def _prune(self) -> None:
        """Delete what an earlier job loaded from these sources and this one did not find."""
        request = self._request
        for source in request.sources:
            prefix = _prefix(source)
            if source.startswith(WEB) or set("*?[") & set(source):
                continue  # only a folder or a prefix says what is no longer there
            folder = f"{prefix.rstrip('/')}/"
            for item in await self._state.items.forgotten(self._id, request.collection, folder, listed=self._listed):
                document_id = await self._state.items.forget(item.id)
                if document_id is not None:
                    await remove(document_id, self._services)

    async def _close_cancelled(self) -> None:
        stopped = Stopped("The job that loaded it was cancelled.")
        for document_id in await self._state.items.cancelled(self._id):
            try:
                await self._state.documents.set_status(document_id, Status.FAILED, error=stopped)
            except RedwellError as error:
                log.info("cancelled_document_gone", document=document_id, detail=error.detail)

    async def _summary(self, progress: Progress, seconds: float) -> dict[str, Any]:
        """What the end of a job shows, as JSON."""
        failures = await self._state.items.items(self._id, status=["failed", "partial"], limit=500)
        causes: dict[str, int] = {}
        for item in failures:
            code = str((item.error or {}).get("code", "unknown"))
            causes[code] = causes.get(code, 0) + 1
        slow = await self._state.items.slowest(self._id)
        return {
            "seconds": round(seconds, 2),
            "files": progress.files,
            "done": progress.done,
            "partial": progress.partial,
            "failed": progress.failed,
            "pages": progress.pages_read,
            "pages_a_second": round(progress.pages_read / seconds, 2) if seconds else 0.0,
            "types": await self._state.items.types(self._id),
            "failures_by_cause": causes,
            "slowest": [
                {"uri": item.uri, "seconds": round(item.seconds or 0.0, 2), "pages": item.pages} for item in slow
            ],
        }


def _prefix(source: str) -> str:
    """How the URIs of a source's files begin."""
    return source if "://" in source else os.path.realpath(os.path.expanduser(source))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Services for the job's own use; the database is connected."""
    services = local_services(settings)
    await services.state.database.connect()
    try:
        yield services
    finally:
        await services.state.database.close()


async def start(request: Request, services: Services, *, owner: str, callback_url: str | None = None) -> Ingestion:
    """A job that this process runs itself."""
    wanted_stages(request.stages)
    lease = services.settings.analysis.lease_seconds
    return await services.state.ingestions.add(request, callback_url=callback_url, owner=owner, lease_seconds=lease)
