"""What a job leaves behind: everything once, nothing twice, failures named."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ingestion.inline import InlinePipeline
from ingestion.run import Run, asks_language_model, start, wanted_stages
from rag.analyze import analyze
from rag.errors import Conflict
from rag.fields.schema import parse
from rag.intake.ingestions import ItemStatus, Request, RunStatus
from rag.model import Stage, Status
from rag.services import Services
from rag.store.ingestions import SERVICE
from tests.unit.batch.conftest import OWNER, Load


async def names(services: Services, collection: str = "default") -> dict[str, str]:
    found = await services.state.documents.list(collection=collection, limit=100)
    return {document.filename: document.status.value for document in found.documents}


async def test_a_folder_is_loaded_and_searchable(services: Services, folder: Path, load: Load) -> None:
    outcome = await load(folder)
    assert outcome.ingestion.status is RunStatus.DONE
    assert (outcome.progress.files, outcome.progress.done, outcome.progress.pages_read) == (3, 3, 4)
    assert await names(services) == {"a.txt": "ready", "b.txt": "ready", "c.txt": "ready"}
    assert await services.state.jobs.depth() == 0
    assert outcome.ingestion.summary["types"] == {"contract": 1, "invoice": 1, "letter": 1}


async def test_the_result_is_that_of_an_upload(services: Services, folder: Path, load: Load) -> None:
    await load(folder, collection="batch")
    documents = services.state.documents
    for batch in (await documents.list(collection="batch")).documents:
        single, _ = await documents.add(
            filename=batch.filename, media_type=batch.media_type, sha256=batch.sha256, size=batch.size, collection="one"
        )
        await analyze(single, services)
        single = await documents.get(single.id)
        assert await documents.pages(batch.id) == await documents.pages(single.id)
        assert await documents.entities(batch.id) == await documents.entities(single.id)
        assert (batch.classification, batch.summary) == (single.classification, single.summary)
        texts = [
            [(chunk.page, chunk.start, chunk.text) for chunk in await documents.chunks(id)]
            for id in (batch.id, single.id)
        ]
        assert texts[0] == texts[1]
        for name, record in single.stages.items():
            assert (batch.stages[name].status, batch.stages[name].version) == (record.status, record.version)


async def test_a_second_run_does_nothing(services: Services, folder: Path, load: Load) -> None:
    await load(folder)
    head = await services.state.feed.head()
    taken: list[int] = []
    outcome = await load(folder, after=taken.append)
    assert (outcome.progress.done, taken) == (3, [])
    assert await services.state.feed.head() == head


# A killed run leaves a database thread without its event loop, as it would leave a process.
# The other file is cancelled, sometimes while aiosqlite opens a connection: its thread then finds the loop closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_run_that_broke_off_goes_on(services: Services, folder: Path, load: Load) -> None:
    def die(taken: int) -> None:
        if taken == 2:
            raise RuntimeError("killed")

    broken = await load(folder, after=die)
    assert broken.ingestion.status is RunStatus.FAILED
    assert broken.progress.done < 3
    outcome = await load(folder)
    assert outcome.progress.done == 3
    assert await names(services) == {"a.txt": "ready", "b.txt": "ready", "c.txt": "ready"}


async def test_the_same_bytes_are_read_once(services: Services, folder: Path, load: Load) -> None:
    (folder / "z.txt").write_bytes((folder / "a.txt").read_bytes())
    outcome = await load(folder)
    assert outcome.progress.done == 4
    assert len(await names(services)) == 3
    items = await services.state.items.items(outcome.ingestion.id)
    assert [item.filename for item in items if item.duplicate] == ["z.txt"]


async def test_a_changed_file_is_a_new_version_that_replaces_the_old(
    services: Services, folder: Path, load: Load
) -> None:
    await load(folder)
    [before] = [d for d in (await services.state.documents.list()).documents if d.filename == "b.txt"]
    (folder / "b.txt").write_text("An invoice over EUR 20 to Anna Keller, corrected.")
    outcome = await load(folder)
    [after] = [d for d in (await services.state.documents.list()).documents if d.filename == "b.txt"]
    assert after.id != before.id
    [item] = [item for item in await services.state.items.items(outcome.ingestion.id) if item.filename == "b.txt"]
    assert (item.version, item.document_id) == (2, after.id)


async def test_a_job_killed_before_it_removes_the_old_version_leaves_that_to_the_next(
    services: Services, folder: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(document_id: str, services: Services) -> None:
        raise RuntimeError("killed")

    await load(folder)
    (folder / "b.txt").write_text("An invoice over EUR 20 to Anna Keller, corrected.")
    with monkeypatch.context() as broken:
        broken.setattr("ingestion.steps.remove", killed)
        assert (await load(folder)).ingestion.status is RunStatus.FAILED
    found = [d.filename for d in (await services.state.documents.list()).documents]
    assert sorted(found) == ["a.txt", "b.txt", "b.txt", "c.txt"]
    assert await services.state.jobs.depth() == 0, "the place in the queue went when the file was done"
    await load(folder)
    assert sorted(await names(services)) == ["a.txt", "b.txt", "c.txt"]
    assert len((await services.state.documents.list()).documents) == 3
    assert await services.state.items.replaced() == []


async def test_the_end_of_a_file_takes_only_its_own_jobs_place_in_the_queue(
    services: Services, folder: Path, load: Load
) -> None:
    await load(folder)
    items = services.state.items
    document, other = (await services.state.documents.list()).documents[:2]
    assert await items.hold(document.id, "mine", lease_seconds=60)
    assert await items.hold(other.id, "theirs", lease_seconds=60)
    for id in (document.id, other.id):
        await items.settle(id, ItemStatus.DONE, ingestion_id="mine", seconds=1.0, error=None, stage="done")
    assert await services.state.jobs.depth() == 1
    assert await items.hold(document.id, "theirs", lease_seconds=60), "free again"
    assert await items.hold(other.id, "mine", lease_seconds=60) is None


async def test_versions_can_be_kept(services: Services, folder: Path, load: Load) -> None:
    await load(folder)
    (folder / "b.txt").write_text("An invoice over EUR 20 to Anna Keller, corrected.")
    await load(folder, keep_versions=True)
    found = [d.filename for d in (await services.state.documents.list()).documents]
    assert sorted(found) == ["a.txt", "b.txt", "b.txt", "c.txt"]


async def test_sync_deletes_what_is_gone(services: Services, folder: Path, load: Load) -> None:
    (folder / "copy.txt").write_bytes((folder / "a.txt").read_bytes())
    await load(folder)
    (folder / "a.txt").unlink()
    (folder / "b.txt").unlink()
    await load(folder, sync=True)
    assert sorted(await names(services)) == ["a.txt", "c.txt"], "the copy still stands for the first document"


async def test_without_sync_nothing_is_deleted(services: Services, folder: Path, load: Load) -> None:
    await load(folder)
    (folder / "a.txt").unlink()
    await load(folder)
    assert len(await names(services)) == 3


async def test_a_bad_file_is_a_dead_letter_and_stops_nothing(services: Services, folder: Path, load: Load) -> None:
    (folder / "empty.txt").touch()
    outcome = await load(folder)
    assert outcome.ingestion.status is RunStatus.DONE
    assert (outcome.progress.done, outcome.progress.failed) == (3, 1)
    [letter] = await services.state.items.items(outcome.ingestion.id, status=["failed"])
    assert (letter.filename, letter.stage, letter.attempt, letter.error["code"]) == (
        "empty.txt",
        "store",
        1,
        "empty_file",
    )
    assert "remedy" in letter.error


async def test_failures_are_retried_when_asked_for(services: Services, folder: Path, load: Load) -> None:
    (folder / "empty.txt").touch()
    await load(folder)
    taken: list[int] = []
    assert (await load(folder, after=taken.append)).progress.failed == 1
    assert taken == [], "a plain run leaves dead letters alone"
    (folder / "empty.txt").write_text("Now there is a letter in it.")
    outcome = await load(retry_failed=True, after=taken.append)
    assert (outcome.progress.files, outcome.progress.done, len(taken)) == (1, 1, 1)


async def test_only_the_stages_that_are_wanted(services: Services, folder: Path, load: Load) -> None:
    await load(folder, stages=("index",))
    [document] = [d for d in (await services.state.documents.list()).documents if d.filename == "a.txt"]
    statuses = {name: record.status.value for name, record in document.stages.items()}
    assert statuses["index"] == "done"
    assert (statuses["entities"], statuses["summary"], document.status) == ("skipped", "skipped", Status.READY)
    taken: list[int] = []
    await load(folder, after=taken.append)
    assert len(taken) == 3, "a later run does what was left out"
    [document] = [d for d in (await services.state.documents.list()).documents if d.filename == "a.txt"]
    assert document.stages[Stage.ENTITIES.value].status.value == "done"


async def test_what_an_analyzer_works_on_is_waited_for(services: Services, folder: Path, load: Load) -> None:
    from rag.worker import Worker

    (folder / "a.txt").write_text("A contract that was uploaded before.")
    await load(folder, stages=("index",))
    worker = Worker(services, owner="analyzer")
    outcome = await load(folder)
    await worker.stop()
    assert outcome.progress.done == 3


async def test_a_job_of_the_service_is_claimed_once_and_again_when_its_runner_died(services: Services) -> None:
    jobs = services.state.ingestions
    queued = await jobs.add(Request(sources=("/x",)))
    own = await jobs.add(Request(sources=("/y",)), owner="cli/host/1/1", lease_seconds=-1)
    assert await jobs.next_free() == queued.id
    claimed = await jobs.claim(f"{SERVICE}a", lease_seconds=60, id=queued.id)
    assert claimed is not None
    assert claimed.attempt == 1
    assert await jobs.next_free() is None, "a job of a command is not taken over by the service"
    await jobs.renew(queued.id, f"{SERVICE}a", lease_seconds=-1)
    again = await jobs.claim(f"{SERVICE}b", lease_seconds=60)
    assert again is not None
    assert (again.id, again.attempt) == (queued.id, 2)
    assert not await jobs.mine(queued.id, f"{SERVICE}a")
    assert (await jobs.get(own.id)).status is RunStatus.RUNNING


async def test_cancelling(services: Services) -> None:
    jobs = services.state.ingestions
    queued = await jobs.add(Request(sources=("/x",)))
    assert (await jobs.cancel(queued.id)).status is RunStatus.CANCELLED
    with pytest.raises(Conflict):
        await jobs.cancel(queued.id)
    running = await jobs.add(Request(sources=("/y",)), owner="cli/host/1/1", lease_seconds=60)
    assert (await jobs.cancel(running.id)).status is RunStatus.RUNNING
    assert not await jobs.mine(running.id, "cli/host/1/1")


async def test_a_cancelled_job_leaves_no_lease_and_says_so_on_its_documents(services: Services, folder: Path) -> None:
    job = await services.state.ingestions.add(Request(), owner="cli/host/1/1", lease_seconds=60)
    document, _ = await services.state.documents.add(
        filename="x.txt", media_type="text/plain", sha256="0" * 64, size=1, owner=f"ingest/{job.id}", lease_seconds=60
    )
    assert await services.state.items.cancelled(job.id) == [document.id]
    assert await services.state.jobs.depth() == 0


async def test_a_leased_document_goes_to_an_analyzer_when_its_job_dies(services: Services) -> None:
    document, _ = await services.state.documents.add(
        filename="x.txt", media_type="text/plain", sha256="1" * 64, size=1, owner="ingest/j", lease_seconds=60
    )
    assert await services.state.jobs.claim("analyzer", lease_seconds=10) is None
    dying, _ = await services.state.documents.add(
        filename="y.txt", media_type="text/plain", sha256="2" * 64, size=1, owner="ingest/j", lease_seconds=-1
    )
    job = await services.state.jobs.claim("analyzer", lease_seconds=10)
    assert job is not None
    assert job.document.id == dying.id != document.id


async def test_a_file_that_kills_its_worker_again_and_again_is_given_up(
    services: Services, folder: Path, load: Load
) -> None:
    job = await services.state.ingestions.add(Request(), owner="cli/host/1/1", lease_seconds=60)
    file = {"uri": str(folder / "a.txt"), "filename": "a.txt", "collection": "default", "size": 1}
    await services.state.items.list_files(job.id, [{**file, "fingerprint": "f", "given": {}}], {})
    [id] = await services.state.items.waiting(job.id)
    for _ in range(services.settings.analysis.max_attempts):
        await services.state.items.begin(id)
    from ingestion.steps import Plan, Steps

    assert await Steps(Plan(job.id), services).take(id) is None
    [item] = await services.state.items.get([id])
    assert item.status is ItemStatus.FAILED
    assert "died 3 times" in item.error["detail"]


async def test_a_watched_folder_is_followed_until_it_is_stopped(services: Services, folder: Path) -> None:
    doing: list[str] = []
    ingestion = await start(Request(sources=(str(folder),), sync=True), services, owner=OWNER)
    job = Run(
        ingestion,
        services.settings,
        InlinePipeline(services),
        owner=OWNER,
        tell=lambda what, progress: doing.append(what),
        services=services,
        watch=True,
    )
    running = asyncio.create_task(job.run())

    async def until(wanted: set[str]) -> None:
        while set(await names(services)) != wanted or "watching" not in doing:
            await asyncio.sleep(0.05)

    async with asyncio.timeout(60):
        await until({"a.txt", "b.txt", "c.txt"})
        (folder / "d.txt").write_text("A letter from Dora.")
        await until({"a.txt", "b.txt", "c.txt", "d.txt"})
        (folder / "a.txt").unlink()
        await until({"b.txt", "c.txt", "d.txt"})
        job.stop.set()
        outcome = await running
    assert outcome.ingestion.status is RunStatus.DONE


async def test_what_came_in_an_archive_stays_as_long_as_the_archive(
    services: Services, folder: Path, load: Load
) -> None:
    (folder / "mail.txt").write_text("See what is attached.\fFILE:inside.txt\nA letter that came in a mail.")
    every = {"a.txt", "b.txt", "c.txt", "mail.txt", "mail.txt/inside.txt"}
    for _ in range(2):
        await load(folder, sync=True)
        assert set(await names(services)) == every
    (folder / "mail.txt").unlink()
    await load(folder, sync=True)
    assert set(await names(services)) == every - {"mail.txt", "mail.txt/inside.txt"}


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        (("read", "entities", "classify", "index"), False),
        ((), True),
        (("read", "index"), False),
    ],
)
async def test_the_language_model_is_started_for_summaries(
    services: Services, stages: tuple[str, ...], expected: bool
) -> None:
    assert await asks_language_model(wanted_stages(stages), services.settings) is expected


async def test_the_language_model_is_started_for_a_schema_that_asks_it(services: Services) -> None:
    stages = wanted_stages(("classify",))
    for asks in (False, True):
        document = {"type": "object", "x-model": asks, "properties": {"rent": {"type": "number"}}}
        await services.state.documents.save_schema("leases", parse("lease", document))
        assert await asks_language_model(stages, services.settings) is asks
