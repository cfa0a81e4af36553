"""What the pipeline's operators do to one file, one page, one document: the same arrows as `rag.analyze`.

Every step is durable before it returns and safe to repeat, so that an operator may die anywhere. A file that cannot be
loaded becomes a dead letter and leaves the pipeline.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from ingestion.sources import SourceItem, fetched
from rag.access.principal import acting_as, own_work
from rag.analyze import SIDE_BY_SIDE, analyze, outline, read_version, recognize_page, report_reading, versions
from rag.errors import DocumentNotFound, EmptyFile, RedwellError, StageFailed
from rag.intake.antivirus import check_upload
from rag.intake.ingestions import MEMBER, Item, ItemStatus
from rag.intake.names import safe_filename
from rag.intake.originals import original
from rag.intake.removal import remove as remove_document
from rag.intake.spool import spool
from rag.model import Document, PageTask, Stage, StageRecord, StageStatus, Status
from rag.read.sniff import sniff
from rag.services import Services
from rag.stages import Stages
from rag.store.ingestions import lease_owner

log = structlog.get_logger(__name__)
LATER = tuple(stage for stage in Stage if stage is not Stage.READ)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job wants of every file, known to all operators."""

    ingestion_id: str
    stages: tuple[Stage, ...] = SIDE_BY_SIDE
    keep_versions: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A document on its way, with the pages that OCR has to read; without any it is read already."""

    document_id: str
    tasks: tuple[PageTask, ...] = ()


class Steps:
    def __init__(self, plan: Plan, services: Services) -> None:
        self._plan = plan
        self._services = services
        self._documents = services.state.documents
        self._items = services.state.items
        self._lease = services.settings.analysis.lease_seconds
        self._attempts = services.settings.analysis.max_attempts

    async def take(self, item_id: int) -> Taken | None:
        """Read a file's bytes, store them, and read the document but for OCR. None: nothing is left to do for it."""
        attempt = await self._items.begin(item_id)
        found = await self._items.get([item_id])
        if not found:
            return None
        [item] = found
        try:
            if attempt > self._attempts:
                raise StageFailed(
                    f"The worker that read it died {attempt - 1} times.", "Look at the file; it may be made to do harm."
                )
            document = await self._patiently(lambda: self._document(item))
        except RedwellError as error:
            await self._items.fail(item_id, error, stage="store")
            return None
        if await self._items.attach(
            item, document, duplicate=document.id != item.document_id and document.revision > 1
        ):
            return None  # the same bytes under another name are on their way: their end is this file's end too
        job = await self._items.hold(document.id, self._plan.ingestion_id, lease_seconds=self._lease)
        if job is None:
            return None  # the service or another job works on it; this job waits for the outcome at its end
        try:
            return await self._patiently(lambda: self._outline(item, job.document))
        except DocumentNotFound:
            return None
        except RedwellError as error:
            await self._fail(document.id, error, Stage.READ)
            return None

    async def read_page(self, document_id: str, task: PageTask, began: float) -> bool:
        """OCR of one page; True for the page that makes the document complete. `began`: when reading began, time()."""
        try:
            page = await self._patiently(lambda: recognize_page(task, self._services))
            saved, total = await self._documents.save_page(document_id, page)
            await self._items.pages(document_id, pages=total, read=saved, stage="ocr")
            if saved < total:
                return False
            document = await self._documents.get(document_id)

            async def work() -> bool:
                await report_reading(document, await self._documents.pages(document_id), self._services)
                return True

            await Stages(self._documents, document).part(Stage.READ, read_version(self._services), work, began=began)
            return True
        except DocumentNotFound:
            return False
        except RedwellError as error:
            await self._fail(document_id, error, Stage.READ)
            return False

    async def analyse(self, document_id: str, only: tuple[Stage, ...]) -> bool:
        """Stages after reading. A failure is on the record, as in the served application. False: the document is gone."""
        wanted = tuple(stage for stage in only if stage in self._plan.stages)
        try:
            await self._items.stage(document_id, only[0].value)
            for attempt in range(1, self._attempts + 1):
                document = await self._documents.get(document_id)
                with acting_as(own_work(document.collection)):
                    failures = await analyze(document, self._services, only=wanted)
                if attempt == self._attempts or not any(error.retryable for error in failures.values()):
                    break
                await asyncio.sleep(2.0**attempt)
        except DocumentNotFound:
            return False
        except RedwellError as error:
            await self._fail(document_id, error, Stage.READ)
            return False
        return True

    async def settle(self, document_id: str) -> None:
        """The document's end: ready, partial or failed, its lease gone, what it replaces gone."""
        try:
            document = await self._documents.get(document_id)
            for stage in LATER:
                record = document.stages.get(stage.value, StageRecord())
                if record.status is StageStatus.WAITING:
                    await self._documents.set_stage(document_id, stage, StageRecord(StageStatus.SKIPPED))
            failed = [stage for stage in LATER if _status(document, stage) is StageStatus.FAILED]
            error = document.stages[failed[0].value].error if failed else None
            status = Status.FAILED if Stage.INDEX in failed else Status.PARTIAL if failed else Status.READY
            await self._documents.set_status(document_id, status, error=error if status is Status.FAILED else None)
        except DocumentNotFound:
            return
        outcome = {Status.READY: ItemStatus.DONE, Status.PARTIAL: ItemStatus.PARTIAL}.get(status, ItemStatus.FAILED)
        where = failed[0].value if failed else "done"
        seconds = sum(record.seconds or 0.0 for record in document.stages.values())
        old = await self._items.settle(
            document_id,
            outcome,
            ingestion_id=self._plan.ingestion_id,
            seconds=seconds,
            error=error,
            stage=where,
            keep_versions=self._plan.keep_versions,
        )
        await remove_replaced(old, self._services)

    async def _document(self, item: Item) -> Document:
        """A member of an archive has its document already; any other file gets it from its bytes."""
        if MEMBER in item.uri and item.document_id:
            return await self._documents.get(item.document_id)
        return await self._store(item)

    async def _store(self, item: Item) -> Document:
        """The file's bytes as a blob and its document; duplicates give the document that is there."""
        source = SourceItem(item.uri, item.filename, item.size)
        limit = self._services.settings.limits.upload_bytes
        private = self._services.settings.ingestion.private_addresses
        blobs = self._services.state.blobs
        with tempfile.TemporaryDirectory(prefix="redwell-ingest-") as folder:
            # A copy: a blob may become a link to the file that is handed over, and the user's own file may change.
            copy = Path(folder) / "file"

            def bring() -> tuple[str, int, str]:
                with fetched(source, limit=limit, private=private) as path, path.open("rb") as file:
                    sha256, size = spool(file, copy)
                if size == 0:
                    raise EmptyFile(f"'{item.filename}' is empty.")
                return sha256, size, sniff(copy, safe_filename(item.filename))

            sha256, size, media_type = await asyncio.to_thread(bring)
            await check_upload(copy, sha256, item.filename, self._services.settings.antivirus, blobs)
            key = original(sha256)
            if not await blobs.exists(key):
                await blobs.put_file(key, copy)
            document, _ = await self._documents.add(
                filename=safe_filename(item.filename),
                media_type=media_type,
                sha256=sha256,
                size=size,
                collection=item.collection,
                metadata=item.given.get("metadata") or {},
                language=item.given.get("language"),
                owner=lease_owner(self._plan.ingestion_id),
                lease_seconds=self._lease,
            )
            if not await blobs.exists(key):
                # The last other document with these bytes was deleted between the two: its blob went with it.
                await blobs.put_file(key, copy)
        return document

    async def _outline(self, item: Item, document: Document) -> Taken | None:
        stages = Stages(self._documents, document)
        version = read_version(self._services)
        tasks: list[PageTask] = []
        if not stages.done(Stage.READ, version):

            async def work() -> bool:
                read, left = await outline(document, self._services)
                tasks.extend(left)
                await stages.progress(Stage.READ, len(read), len(read) + len(left))
                await self._items.pages(document.id, pages=len(read) + len(left), read=len(read), stage="read")
                if not left:
                    await report_reading(document, [read[number] for number in sorted(read)], self._services)
                return not left

            await stages.part(Stage.READ, version, work, began=time.time())
            await self._take_members(item, document)
        elif await self._nothing_left(document):
            await self.settle(document.id)
            return None
        else:
            count = document.page_count or 0
            await self._items.pages(document.id, pages=count, read=count, stage="read")
        return Taken(document.id, tuple(tasks))

    async def _take_members(self, item: Item, document: Document) -> None:
        """What came in an archive or a mail is work of this job too, in its next pass."""
        children = await self._documents.children(document.id, limit=self._services.settings.limits.archive_members)
        await self._items.take_members(
            self._plan.ingestion_id, item, [child for child in children if not child.status.final]
        )

    async def _nothing_left(self, document: Document) -> bool:
        with acting_as(own_work(document.collection)):
            current = await versions(self._services)
        records = {stage: document.stages.get(stage.value, StageRecord()) for stage in self._plan.stages}
        kept = (StageStatus.DONE, StageStatus.SKIPPED)
        return all(record.status in kept and record.version == current[stage] for stage, record in records.items())

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Again, after a pause, what may succeed later. Anything that is not ours becomes StageFailed."""
        for attempt in range(1, self._attempts + 1):
            try:
                return await work()
            except RedwellError as error:
                if attempt == self._attempts or not error.retryable:
                    raise
                await asyncio.sleep(2.0**attempt)
            except Exception as error:
                log.exception("step_defect", ingestion=self._plan.ingestion_id)
                raise StageFailed(f"{type(error).__name__}: {error}") from error
        raise AssertionError("the loop returns or raises")

    async def _fail(self, document_id: str, error: RedwellError, stage: Stage) -> None:
        problem = error.as_dict()
        try:
            await self._documents.set_status(document_id, Status.FAILED, error=problem)
        except DocumentNotFound:
            return
        await self._items.settle(
            document_id,
            ItemStatus.FAILED,
            ingestion_id=self._plan.ingestion_id,
            seconds=None,
            error=problem,
            stage=stage.value,
        )


def _status(document: Document, stage: Stage) -> StageStatus:
    return document.stages.get(stage.value, StageRecord()).status


async def remove(document_id: str, services: Services) -> None:
    """Delete a document, with all that came in it, when no file stands for it any more."""
    if await services.state.items.shared(document_id):
        return
    try:
        await remove_document(document_id, services.state)
    except DocumentNotFound:
        return


async def remove_replaced(document_ids: Sequence[str], services: Services) -> None:
    """Delete earlier contents of files whose new version is there."""
    for old in document_ids:
        await remove(old, services)
        await services.state.items.removed(old)
