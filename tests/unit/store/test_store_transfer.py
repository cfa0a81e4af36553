"""A whole installation moves to another database and blob store and is the same there."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from rag.errors import Conflict, DamagedFile
from rag.fakes import FakeBlobs
from rag.model import Chunk, Document, Entity, Page, Source, Status, Word, Words
from rag.store.archive import export_archive, import_archive
from rag.store.database import Database
from rag.store.documents import DocumentStore
from rag.store.feed import ChangeFeed
from rag.store.jobs import JobQueue
from rag.store.schema import metadata
from rag.store.transfer import copy_blobs, copy_database
from tests.unit.store.conftest import sqlite_url

LETTER = b"The rent is EUR 4,850.00 a month. \xc3\xa4\xf0\x9f\x8f\xa0"


def quiet(line: str) -> None:
    return


async def filled(database: Database, blobs: FakeBlobs) -> tuple[Document, Document]:
    """Two documents: one analysed, one whose job is leased."""
    store = DocumentStore(database)
    made = []
    for name, content in (("letter.txt", LETTER), ("waiting.txt", b"not yet")):
        sha256 = hashlib.sha256(content).hexdigest()
        document, _ = await store.add(
            filename=name, media_type="text/plain", sha256=sha256, size=len(content), metadata={"$bytes": "matter ü"}
        )
        await blobs.put(document.blob, content)
        made.append(document)
    page = Page(1, 595.25, 842, LETTER.decode(), Source.OCR, Words.pack([Word(0, 3, (1, 2, 3, 4), 0.9)]), 0.9)
    await store.save_pages(made[0].id, [page])
    await store.save_entities(made[0].id, [Entity("EUR 4,850.00", "MONEY", 1, 12, 24, "4850 EUR")])
    chunk = Chunk(made[0].id, 1, 0, 10, LETTER.decode()[:10])
    await store.save_chunks(made[0].id, [chunk], np.array([[0.6, 0.8]], np.float32), model="m/1")
    await store.set_status(made[0].id, Status.READY)
    queue = JobQueue(database)
    for _ in made:
        job = await queue.claim("old", lease_seconds=900)
        assert job is not None
        if job.document.id == made[0].id:
            await queue.finish(job)
    return made[0], made[1]


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(sqlite_url(tmp_path / "target" / "redwell.sqlite3"))
    yield opened
    await opened.close()


async def check_same(source: Database, target: Database, document: Document, waiting: Document) -> None:
    before, after = DocumentStore(source), DocumentStore(target)
    assert await after.get(document.id) == await before.get(document.id)
    assert await after.pages(document.id) == await before.pages(document.id)
    assert await after.entities(document.id) == await before.entities(document.id)
    [row] = await ChangeFeed(target).rows([document.id], "m/1")
    [old] = await ChangeFeed(source).rows([document.id], "m/1")
    assert (row.chunk_id, row.text) == (old.chunk_id, old.text)
    assert row.embedding.tobytes() == old.embedding.tobytes()
    assert await ChangeFeed(target).since(0) == await ChangeFeed(source).since(0)
    job = await JobQueue(target).claim("new", lease_seconds=60)
    assert job is not None
    assert job.document.id == waiting.id


async def test_an_export_is_the_same_installation_elsewhere(
    database: Database, target: Database, tmp_path: Path
) -> None:
    blobs, received = FakeBlobs(), FakeBlobs()
    document, waiting = await filled(database, blobs)
    moved = await export_archive(database, blobs, tmp_path / "all.tar", progress=quiet)
    assert (moved.rows["documents"], moved.rows["chunks"], moved.blobs) == (2, 1, 2)
    assert await import_archive(tmp_path / "all.tar", target, received, progress=quiet) == moved
    assert await received.get(document.blob) == LETTER
    await check_same(database, target, document, waiting)


async def test_a_copied_database_is_the_same_and_its_numbers_go_on(database: Database, tmp_path: Path) -> None:
    """The target is what this run is about: SQLite, and PostgreSQL where there is one."""
    source = Database(sqlite_url(tmp_path / "source.sqlite3"))
    await source.connect()
    blobs = FakeBlobs()
    document, waiting = await filled(source, blobs)
    counts = await copy_database(source, database)
    assert counts["documents"] == 2
    await check_same(source, database, document, waiting)
    store = DocumentStore(database)
    chunk = Chunk(waiting.id, 1, 0, 3, "not")
    await store.save_chunks(waiting.id, [chunk], np.array([[1.0, 0.0]], np.float32), model="m/1")
    [old] = await store.chunks(document.id)
    [new] = await store.chunks(waiting.id)
    assert old.id is not None
    assert new.id is not None
    assert new.id > old.id
    assert await ChangeFeed(database).head() > await ChangeFeed(source).head()
    await source.close()


async def test_what_holds_documents_is_not_overwritten(database: Database, tmp_path: Path) -> None:
    await filled(database, FakeBlobs())
    await export_archive(database, FakeBlobs(), tmp_path / "all.tar", progress=quiet)
    with pytest.raises(Conflict):
        await import_archive(tmp_path / "all.tar", database, FakeBlobs(), progress=quiet)
    with pytest.raises(Conflict):
        await _copy_onto(database, tmp_path)


async def _copy_onto(database: Database, tmp_path: Path) -> None:
    other = Database(sqlite_url(tmp_path / "other.sqlite3"))
    await other.connect()
    await filled(other, FakeBlobs())
    try:
        await copy_database(database, other)
    finally:
        await other.close()


@pytest.mark.parametrize("damage", ["cut", "altered", "no archive", "emptied"])
async def test_a_damaged_export_is_refused_and_leaves_no_document(
    damage: str, database: Database, target: Database, tmp_path: Path
) -> None:
    blobs = FakeBlobs()
    document, _ = await filled(database, blobs)
    path = tmp_path / "all.tar"
    if damage == "altered":
        await blobs.put(document.blob, b"something else")
    await export_archive(database, blobs, path, progress=quiet)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if damage == "no archive":
        path.write_bytes(b"hello")
    if damage == "emptied":
        with tarfile.open(path, "w"):
            pass
    with pytest.raises(DamagedFile):
        await import_archive(path, target, FakeBlobs(), progress=quiet)
    await target.connect()
    async with target.read() as connection:
        table = metadata.tables["documents"]
        assert await connection.scalar(select(func.count()).select_from(table)) == 0


async def test_blobs_that_are_there_are_not_sent_again() -> None:
    source, there = FakeBlobs(), FakeBlobs()
    await source.put("originals/a", b"1")
    await source.put("originals/b", b"22")
    await there.put("originals/a", b"already")
    assert await copy_blobs(source, there, progress=quiet) == (2, 3)
    assert await there.get("originals/a") == b"already"
    assert await there.get("originals/b") == b"22"


def test_no_table_of_the_database_is_left_out(migrated: Path):
    """In a process that imports nothing else: a table is known only where the module that declares it was imported."""
    code = "from rag.store.transfer import metadata; print(*metadata.tables)"
    known = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    with closing(sqlite3.connect(migrated)) as database:
        there = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert set(known) == {name for name in there if not name.startswith(("sqlite_", "alembic_"))}
