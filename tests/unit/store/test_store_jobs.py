from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from rag.model import Document
from rag.store.database import Database
from rag.store.documents import DocumentStore
from rag.store.jobs import JobQueue

CLAIM_ALL = """
import asyncio, sys
from rag.store.database import Database
from rag.store.jobs import JobQueue

async def main():
    database = Database(sys.argv[1])
    queue = JobQueue(database)
    while job := await queue.claim(sys.argv[2], lease_seconds=600):
        print(job.document.id)
    await database.close()

asyncio.run(main())
"""


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC) + timedelta(seconds=1)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


async def added(store: DocumentStore, count: int) -> list[Document]:
    documents = []
    for number in range(count):
        document, _ = await store.add(filename=f"{number}", media_type="text/plain", sha256=f"{number:064}", size=1)
        documents.append(document)
    return documents


async def test_the_oldest_job_is_claimed_first_and_once(store: DocumentStore, jobs: JobQueue) -> None:
    documents = await added(store, 3)
    claimed = [await jobs.claim(name, lease_seconds=60) for name in "abcd"]
    assert [job and job.document for job in claimed] == [*documents, None]
    assert [job.attempt for job in claimed if job] == [1, 1, 1]
    assert claimed[0].owner.startswith("a/")


async def test_two_processes_never_claim_the_same_job(store: DocumentStore, url: str) -> None:
    documents = await added(store, 40)
    processes = [
        subprocess.Popen([sys.executable, "-c", CLAIM_ALL, url, name], stdout=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    outputs = [(await asyncio.to_thread(process.communicate, timeout=60))[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(outputs[0] + outputs[1]) == sorted(document.id for document in documents)


async def test_claims_at_the_same_moment_are_of_different_jobs(store: DocumentStore, database: Database) -> None:
    documents = await added(store, 8)
    claimed = await asyncio.gather(*(JobQueue(database).claim("w", lease_seconds=60) for _ in range(12)))
    ids = [job.document.id for job in claimed if job]
    assert len(ids) == len(set(ids))
    # On PostgreSQL a claim may find every job locked by others and come back empty; the next one gets what is left.
    while job := await JobQueue(database).claim("w", lease_seconds=60):
        ids.append(job.document.id)
    assert sorted(ids) == sorted(document.id for document in documents)


async def test_a_lease_that_ends_is_taken_over(store: DocumentStore, database: Database) -> None:
    await added(store, 1)
    clock = Clock()
    queue = JobQueue(database, clock=clock)
    first = await queue.claim("same", lease_seconds=10)
    clock.forward(9.9)
    assert await queue.claim("same", lease_seconds=10) is None
    clock.forward(0.2)
    second = await queue.claim("same", lease_seconds=10)
    assert (first.attempt, second.attempt) == (1, 2)
    assert [await queue.renew(first, lease_seconds=10), await queue.release(first), await queue.finish(first)] == [
        False
    ] * 3
    assert await queue.depth() == 1
    assert await queue.finish(second)
    assert await queue.depth() == 0


async def test_renewing_keeps_the_lease(store: DocumentStore, database: Database) -> None:
    await added(store, 1)
    clock = Clock()
    queue = JobQueue(database, clock=clock)
    job = await queue.claim("a", lease_seconds=10)
    for _ in range(3):
        clock.forward(8)
        assert await queue.renew(job, lease_seconds=10)
        assert await queue.claim("b", lease_seconds=10) is None


async def test_a_late_worker_keeps_its_job_while_nobody_took_it(store: DocumentStore, database: Database) -> None:
    await added(store, 1)
    clock = Clock()
    queue = JobQueue(database, clock=clock)
    job = await queue.claim("a", lease_seconds=10)
    clock.forward(60)
    assert await queue.renew(job, lease_seconds=10)
    assert await queue.claim("b", lease_seconds=10) is None


async def test_a_released_job_comes_back_after_its_delay(store: DocumentStore, database: Database) -> None:
    await added(store, 1)
    clock = Clock()
    queue = JobQueue(database, clock=clock)
    assert await queue.release(await queue.claim("a", lease_seconds=10), delay_seconds=5)
    assert await queue.claim("b", lease_seconds=10) is None
    assert await queue.oldest_age() == 0
    clock.forward(5)
    job = await queue.claim("b", lease_seconds=10)
    assert job.attempt == 2


async def test_a_deletion_ends_the_lease(store: DocumentStore, jobs: JobQueue) -> None:
    document = (await added(store, 1))[0]
    job = await jobs.claim("a", lease_seconds=60)
    await store.delete(document.id)
    assert not await jobs.renew(job, lease_seconds=60)
    assert not await jobs.finish(job)
    assert await jobs.depth() == 0


async def test_the_age_is_that_of_the_oldest_job_nobody_holds(store: DocumentStore, database: Database) -> None:
    documents = await added(store, 2)
    clock = Clock()
    queue = JobQueue(database, clock=clock)
    clock.now = documents[0].created_at + timedelta(seconds=30)
    assert await queue.oldest_age() == 30
    await queue.claim("a", lease_seconds=60)
    assert await queue.oldest_age() == (clock.now - documents[1].created_at).total_seconds()
    await queue.claim("a", lease_seconds=60)
    assert await queue.oldest_age() == 0
    assert await queue.depth() == 2
