"""What is away for a while: clear answers meanwhile, jobs that wait, and nothing lost."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx

from rag import worker
from rag.api import create_app
from rag.errors import Crashed, Unavailable
from rag.fakes import FakeGenerator, FakeReader, FakeRetriever
from rag.model import Stage, Status
from rag.services import Services
from rag.store.blobs import FsspecBlobs
from rag.store.database import Database
from rag.store.jobs import JobQueue
from tests.unit.app.conftest import add, index, work


@asynccontextmanager
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as http:
        yield http


async def send(http: httpx.AsyncClient, content: bytes, name: str = "a.txt") -> httpx.Response:
    return await http.post("/v1/documents", files={"files": (name, content)})


def later(services: Services, seconds: float) -> Services:
    """The same queue at another time."""
    queue = JobQueue(services.state.database, clock=lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    return replace(services, state=replace(services.state, jobs=queue))


async def status(services: Services, id: str) -> Status:
    return (await services.state.documents.get(id)).status


# ------------------------------------------------------------------------------------------------------------ disk


async def test_a_full_disk_refuses_an_upload_and_keeps_nothing_of_it(services, tmp_path, monkeypatch):
    blobs = FsspecBlobs(str(tmp_path / "blobs"))
    real = replace(services, state=replace(services.state, blobs=blobs))
    async with client(real) as http:
        assert (await send(http, b"first")).status_code == 202

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        refused = await send(http, b"second")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert "No space left" in refused.json()["detail"]
        assert refused.headers["retry-after"]
        monkeypatch.undo()
        assert (await http.get("/v1/documents")).json()["total"] == 1
        assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1
        assert (await send(http, b"second")).status_code == 202


async def test_a_full_database_refuses_an_upload_and_stays_whole(services):
    async with client(services) as http:
        assert (await send(http, b"first")).status_code == 202
        async with services.state.database.write() as connection:
            pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
            await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        codes = [(await send(http, f"text {n}".encode(), "x" * 200 + f"{n}.txt")).status_code for n in range(60)]
        assert set(codes) == {202, 503}
        listed = (await http.get("/v1/documents", params={"limit": 500})).json()
        assert listed["total"] == 1 + codes.count(202)


# -------------------------------------------------------------------------------------------------------- blob store


async def test_while_the_blob_store_is_away_uploads_are_refused_and_jobs_wait(services):
    document = await add(services)
    services.state.blobs.fail = Unavailable("The blob store cannot be used: timed out")
    async with client(services) as http:
        assert (await send(http, b"other")).status_code == 503
    for minute in range(10):
        await work(later(services, 60.0 * minute), runs=1)
        assert await status(services, document.id) is Status.QUEUED
    services.state.blobs.fail = None
    await work(later(services, 3600))
    assert await status(services, document.id) is Status.READY


# ---------------------------------------------------------------------------------------------------------- database


async def test_while_the_database_is_away_every_answer_is_503_and_the_worker_goes_on_afterwards(services, monkeypatch):
    monkeypatch.setattr(worker, "UNAVAILABLE_SECONDS", 0.01)
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.01)
    document = await add(services)
    here = Database._here
    away = True

    def gone(self: Database):
        if away:
            raise ConnectionRefusedError("Connect call failed")
        return here(self)

    async with client(services) as http:
        monkeypatch.setattr(Database, "_here", gone)
        running = worker.Worker(services, owner="test")
        for call in (http.get("/v1/documents"), http.get(f"/v1/documents/{document.id}"), send(http, b"other")):
            answer = await call
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["retry-after"]
        asked = await http.post("/v1/ask", json={"question": "What is the rent?"})
        assert asked.status_code == 503
        assert (await http.get("/health/ready")).status_code == 503
        assert (await http.get("/health/live")).status_code == 200
        assert running.healthy
        away = False
        stream = [line async for line in (await http.get(f"/v1/documents/{document.id}/events")).aiter_lines()]
        assert "event: document" in stream
        assert await status(services, document.id) is Status.READY
        await running.stop()


# -------------------------------------------------------------------------------------------------- language model


async def test_while_the_model_is_away_answers_are_quotations(services):
    await add(services)
    await work(services)
    ready = await index(services)
    async with client(replace(ready, generator=FakeGenerator(fail=Unavailable("no model")))) as http:
        answer = await http.post("/v1/ask", json={"question": "What is the monthly rent?"})
    assert answer.status_code == 200
    assert "4,850" in answer.json()["answer"]
    assert answer.json()["citations"]


async def test_documents_are_partial_without_the_model_and_complete_themselves_when_it_is_back(services):
    document = await add(services)
    away = replace(services, generator=FakeGenerator(fail=Unavailable("no model")))
    for minute in range(10):
        await work(later(away, 60.0 * minute), runs=1)
    assert await status(services, document.id) is Status.PARTIAL
    assert (await services.state.documents.get(document.id)).stages[Stage.INDEX].status == "done"
    await work(later(services, 3600))
    assert await status(services, document.id) is Status.READY
    assert await services.state.jobs.depth() == 0


async def test_a_long_queue_is_looked_at_no_more_often_than_a_short_one(services, monkeypatch):
    monkeypatch.setattr(worker, "LOOKS_A_SECOND", 0.02)
    for number in range(3):
        await add(services, name=f"{number}.txt")
    away = replace(services, generator=FakeGenerator(fail=Unavailable("no model")))
    for seconds in (0, 20, 40):  # the attempts that are counted
        await work(later(away, seconds))
    early, late = later(services, 100), later(services, 240)
    assert await early.state.jobs.claim("test", lease_seconds=60) is None
    assert await late.state.jobs.claim("test", lease_seconds=60) is not None


# ------------------------------------------------------------------------------------------------------ the others


async def test_a_search_without_its_index_is_503(services):
    async with client(replace(services, retriever=FakeRetriever(fail=Unavailable("Retriever")))) as http:
        answer = await http.post("/v1/search", json={"query": "rent"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_a_document_that_ends_its_reader_again_and_again_fails(services):
    """It is no outage: waiting for it would end every reader there is."""
    document = await add(services)
    poison = replace(services, reader=FakeReader(blobs=services.state.blobs, fail=Crashed("Reader ended")))
    for minute in range(services.settings.analysis.max_attempts):
        await work(later(poison, 60.0 * minute), runs=1)
    failed = await services.state.documents.get(document.id)
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert failed.error["code"] == "crashed"
