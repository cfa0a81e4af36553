"""A folder loaded as a job on the cluster of the service: the same results as uploads, beside people who ask."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from rag.client import RedwellClient
from rag.replies.jobs import Job
from tests.conftest import SAMPLES, Stack

FILES = ("email-nda-advice.txt", "invoice-solvane-10482.pdf", "invoice-solvane-10517.png", "notes-tidewatch.md")


@pytest.fixture(scope="module")
def sources(stack: Stack) -> Path:
    if not stack.pid:
        pytest.skip("the running service decides itself which sources it reads")
    folder = stack.data_dir.parent / "sources"
    (folder / "in").mkdir(parents=True)
    for name in FILES:
        shutil.copy(SAMPLES / name, folder / "in")
    (folder / "in" / "empty.txt").touch()
    return folder


@pytest.fixture(scope="module")
def job(sources: Path, client: RedwellClient, library: dict[str, str]) -> Job:
    """Loaded into a collection of its own, while somebody searches: a search that fails raises here."""
    started = client.start_job([str(sources / "in")], collection="batch")
    while not (job := client.job(started.id)).final:
        client.search("What is the monthly rent?", collection="samples")
        time.sleep(0.2)
    return job


def test_a_job_ends_with_what_it_did(job: Job, client: RedwellClient) -> None:
    assert (job.status, job.progress.files, job.progress.done, job.progress.failed) == ("done", 5, 4, 1)
    [letter] = client.job_items(job.id, status=["failed"])
    assert letter.error is not None
    assert (letter.filename, letter.error.code) == ("empty.txt", "empty_file")
    assert job.summary is not None
    assert job.summary["failures_by_cause"] == {"empty_file": 1}


def test_a_job_finds_what_an_upload_finds(job: Job, client: RedwellClient, library: dict[str, str]) -> None:
    batch = {document.filename: document.id for document in client.documents(collection="batch")}
    assert set(batch) == set(FILES)
    for name, id in batch.items():
        loaded, uploaded = client.document(id), client.document(library[name])
        assert loaded.status == uploaded.status == "ready"
        assert loaded.entities == uploaded.entities
        assert loaded.classification == uploaded.classification
        for number in range(1, (uploaded.page_count or 0) + 1):
            assert client.page(id, number) == client.page(library[name], number)


def test_its_passages_and_vectors_are_those_of_an_upload_to_the_byte(
    job: Job, client: RedwellClient, stack: Stack
) -> None:
    for name in FILES:
        (sent,) = client.upload([SAMPLES / name], collection="singly")
        assert sent.id is not None
        client.wait(sent.id, timeout=120)
    assert vectors(stack, "batch") == vectors(stack, "singly")


def vectors(stack: Stack, collection: str) -> list[tuple[str, int, int, int, bytes]]:
    """(file, page, start, end, vector) of every passage, as the database has them."""
    query = """select documents.filename, page, start, "end", vector from chunks join embeddings on chunk_id = chunks.id
        join documents on documents.id = document_id where documents.collection = ? order by 1, page, start"""
    with closing(sqlite3.connect(f"file:{stack.data_dir / 'redwell.sqlite3'}?mode=ro", uri=True)) as database:
        found = database.execute(query, (collection,)).fetchall()
    assert len({row[0] for row in found}) == len(FILES)
    return found


def test_what_a_job_loaded_is_found(job: Job, client: RedwellClient) -> None:
    assert client.search("Solvane invoice total", collection="batch").results


def test_a_job_that_is_cancelled_stops(sources: Path, client: RedwellClient, job: Job) -> None:
    (sources / "scans").mkdir()
    shutil.copy(SAMPLES / "letter-insurance-claim-scan.pdf", sources / "scans")
    started = client.start_job([str(sources / "scans")], collection="cancelled")
    client.cancel_job(started.id)
    *_, last = client.job_events(started.id)
    assert last.status == "cancelled"
    assert last.progress.running == last.progress.waiting == 0
