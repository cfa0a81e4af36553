"""Stage book-keeping: each stage of a document is timed, recorded, and skipped when it was done by the same version."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import structlog

from rag.errors import DocumentNotFound, RedwellError, StageFailed
from rag.model import Document, Stage, StageRecord, StageStatus
from rag.runtime.metrics import CACHE, Metrics, NoMetrics, stage_ended
from rag.runtime.tracing import span
from rag.store.documents import DocumentStore

log = structlog.get_logger(__name__)
T = TypeVar("T")

PROGRESS_SECONDS = 0.4


class Stages:
    """The stages of one document in one run."""

    def __init__(self, documents: DocumentStore, document: Document, metrics: Metrics | None = None) -> None:
        self._documents = documents
        self._metrics = metrics or NoMetrics()
        self._document = document
        self._records: dict[Stage, StageRecord] = {Stage(name): record for name, record in document.stages.items()}
        self._told: dict[Stage, float] = {}
        self.failures: dict[Stage, RedwellError] = {}

    def done(self, stage: Stage, version: str) -> bool:
        """True when an earlier run finished this stage with the same version: its result is in the store."""
        record = self._records.get(stage)
        done = record is not None and record.status is StageStatus.DONE and record.version == version
        self._metrics.count(CACHE, cache="stage", outcome="hit" if done else "miss")
        return done

    async def run(self, stage: Stage, version: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run and record. Raises what `work` raises; anything that is not ours becomes StageFailed."""
        await self._save(stage, StageRecord(StageStatus.RUNNING, version=version))
        started = time.perf_counter()
        result = await self._guarded(stage, work, started)
        seconds = time.perf_counter() - started
        stage_ended(stage.value, StageStatus.DONE, seconds, self._metrics)
        last = self._records[stage]
        await self._save(stage, replace(last, status=StageStatus.DONE, seconds=seconds, done=last.total))
        return result

    async def part(self, stage: Stage, version: str, work: Callable[[], Awaitable[bool]], *, began: float) -> None:
        """Run one part of a stage that several processes share; it is done when `work` says so.

        `began` is the time.time() at which the first of them began.
        """
        before = self._records.get(stage, StageRecord())
        await self._save(stage, replace(before, status=StageStatus.RUNNING, version=version, error=None))
        whole = await self._guarded(stage, work, time.perf_counter())
        record = replace(self._records[stage], seconds=max(0.0, time.time() - began))
        await self._save(stage, replace(record, status=StageStatus.DONE, done=record.total) if whole else record)

    async def optional(self, stage: Stage, version: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run a stage whose failure is recorded and does not sink the document."""
        if self.done(stage, version):
            return
        try:
            await self.run(stage, version, work)
        except DocumentNotFound:
            raise
        except RedwellError as error:
            self.failures[stage] = error

    async def skip(self, stage: Stage, version: str) -> None:
        await self._save(stage, StageRecord(StageStatus.SKIPPED, version=version))

    async def progress(self, stage: Stage, done: int, total: int) -> None:
        """Told to the record at most every `PROGRESS_SECONDS`."""
        self._records[stage] = replace(self._records[stage], done=done, total=total)
        now = time.monotonic()
        if done == 0 or now - self._told.get(stage, 0.0) >= PROGRESS_SECONDS:
            self._told[stage] = now
            await self._documents.set_stage(self._document.id, stage, self._records[stage])

    async def _guarded(self, stage: Stage, work: Callable[[], Awaitable[T]], started: float) -> T:
        try:
            with span(f"stage {stage.value}"):
                return await work()
        except RedwellError as error:
            await self._failed(stage, error, time.perf_counter() - started)
            raise
        except Exception as error:
            log.exception("stage_defect", document=self._document.id, stage=stage.value)
            failure = StageFailed(f"{stage.value}: {type(error).__name__}: {error}")
            await self._failed(stage, failure, time.perf_counter() - started)
            raise failure from error

    async def _failed(self, stage: Stage, error: RedwellError, seconds: float) -> None:
        stage_ended(stage.value, StageStatus.FAILED, seconds, self._metrics)
        record = replace(self._records[stage], status=StageStatus.FAILED, seconds=seconds, error=error.as_dict())
        if not isinstance(error, DocumentNotFound):
            await self._save(stage, record)

    async def _save(self, stage: Stage, record: StageRecord) -> None:
        self._records[stage] = record
        await self._documents.set_stage(self._document.id, stage, record)
