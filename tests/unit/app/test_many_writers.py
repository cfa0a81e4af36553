"""Many at once: no lock errors, and what is the same is stored once."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from rag.api import create_app
from rag.errors import RedwellError
from rag.services import Services
from rag.settings import Limits
from rag.store.blobs import FsspecBlobs
from rag.store.database import Database
from rag.store.documents import DocumentStore
from rag.store.jobs import JobQueue

WRITERS, EACH = 8, 25


async def test_the_same_file_sent_50_times_at_once_is_one_document_and_one_blob(services: Services, tmp_path: Path):
    blobs = FsspecBlobs(str(tmp_path / "blobs"))
    limits = Limits(concurrent_requests=64, concurrent_uploads=64)
    settings = services.settings.model_copy(update={"limits": limits})
    real = replace(services, settings=settings, state=replace(services.state, blobs=blobs))
    transport = httpx.ASGITransport(create_app(real), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell", timeout=60) as http:

        async def send() -> httpx.Response:
            return await http.post("/v1/documents", files={"files": ("same.txt", b"The same words.")})

        answers = await asyncio.gather(*(send() for _ in range(50)))
        assert {answer.status_code for answer in answers} == {202}
        lines = [answer.json()["documents"][0] for answer in answers]
        assert len({line["id"] for line in lines}) == 1
        assert [line["duplicate"] for line in lines].count(False) == 1
        assert (await http.get("/v1/documents")).json()["total"] == 1
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1
    assert await services.state.jobs.depth() == 1


def writer(url: str, number: int, done: list[bool], errors: list[RedwellError]) -> None:
    """With connections of its own, as another process has: nothing of ours queues it with the others."""

    async def work() -> None:
        database = Database(url)
        store, queue = DocumentStore(database), JobQueue(database)
        for turn in range(EACH):
            sha256 = f"{number:02}{turn:02}".ljust(64, "0")
            await store.add(filename=f"{turn}.txt", media_type="text/plain", sha256=sha256, size=1)
            job = await queue.claim(f"w{number}", lease_seconds=60)
            if job is not None:
                done.append(await queue.finish(job))
        await database.close()

    try:
        asyncio.run(work())
    except RedwellError as error:
        errors.append(error)


async def test_eight_writers_at_once_meet_no_lock(services: Services):
    url = services.settings.database_url
    done: list[bool] = []
    errors: list[RedwellError] = []
    threads = [threading.Thread(target=writer, args=(url, number, done, errors)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
    assert errors == []
    assert (await services.state.documents.list(limit=1)).total == WRITERS * EACH
    assert all(done)  # no job was held by two
    assert await services.state.jobs.depth() == WRITERS * EACH - len(done)


@pytest.mark.parametrize("names", [("a.txt", "b.txt")])
async def test_the_same_bytes_in_two_collections_are_two_documents_and_one_blob(
    services: Services, tmp_path: Path, names: tuple[str, str]
):
    blobs = FsspecBlobs(str(tmp_path / "blobs"))
    real = replace(services, state=replace(services.state, blobs=blobs))
    transport = httpx.ASGITransport(create_app(real), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as http:

        async def send(name: str) -> httpx.Response:
            return await http.post("/v1/documents", files={"files": (name, b"same")}, data={"collection": name})

        await asyncio.gather(*(send(name) for name in names))
        assert (await http.get("/v1/documents")).json()["total"] == 2
    assert len(await blobs.keys("originals/")) == 1
