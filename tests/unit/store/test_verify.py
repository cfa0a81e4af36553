"""Each kind of damage is found, told, and mended where it can be."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rag.intake import originals
from rag.model import Chunk, Document, Hit, Status
from rag.retrieval import snapshots
from rag.retrieval.holdings import Holdings
from rag.services import State, open_state
from rag.settings import Settings
from rag.store.backup import back_up, opened
from rag.store.blobs import FsspecBlobs
from rag.store.views import ViewState
from rag.verify.examine import Outcome, verify
from rag.verify.findings import Damage
from tests.unit.store.test_store_transfer import quiet

OLD = time.time() - 7200
TEXTS = (b"The rent is 4,850 a month.", b"Cats sleep most of the day.")


@dataclass
class Library:
    state: State
    blobs: FsspecBlobs
    folder: Path
    documents: list[Document]

    @property
    def database_file(self) -> Path:
        assert self.state.database.file is not None
        return self.state.database.file

    async def look(self, *, repair: bool = False, **options) -> list[Outcome]:
        return await verify(
            self.state.database, self.blobs, self.folder / "index", now=time.time(), repair=repair, **options
        )

    async def found(self) -> list[tuple[Damage, str]]:
        return [(one.finding.damage, one.finding.subject) for one in await self.look()]

    def sql(self, *statements: str) -> None:
        """Behind the back of the foreign keys, as a disk or a careless hand does it."""
        with sqlite3.connect(self.database_file) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    def path(self, key: str) -> Path:
        return self.folder / "blobs" / key

    async def snapshot(self, *, without: str = "") -> Path:
        """As an index would leave it, or one that has lost a document."""
        _, ids = await self.state.feed.documents()
        held = Holdings()
        held.add(await self.state.feed.rows([id for id in ids if id != without], "m/1"))
        fill = lambda folder: held.save(folder / "documents.json")  # noqa: E731
        return snapshots.write(self.folder / "index", await self.state.feed.head(), "m/1", fill).folder


@pytest.fixture
async def library(tmp_path: Path, migrated: Path) -> AsyncIterator[Library]:
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "redwell.sqlite3").write_bytes(migrated.read_bytes())
    state = open_state(settings)
    blobs = FsspecBlobs(settings.blobs_url)
    documents = []
    for number, text in enumerate(TEXTS):
        sha256 = hashlib.sha256(text).hexdigest()
        document, _ = await state.documents.add(
            filename=f"{number}.txt", media_type="text/plain", sha256=sha256, size=len(text)
        )
        await blobs.put(document.blob, text)
        chunk = Chunk(document.id, 1, 0, len(text), text.decode())
        await state.documents.save_chunks(document.id, [chunk], np.array([[0.6, 0.8]], np.float32), model="m/1")
        await state.documents.set_status(document.id, Status.READY)
        job = await state.jobs.claim("test", lease_seconds=60)
        assert job is not None
        await state.jobs.finish(job)
        documents.append(document)
    yield Library(state, blobs, tmp_path, documents)
    await state.database.close()


async def test_a_sound_library_has_no_findings(library: Library) -> None:
    await library.snapshot()
    assert await library.look(repair=True) == []


async def test_a_missing_original_comes_back_from_a_backup(library: Library) -> None:
    place = FsspecBlobs(str(library.folder / "backup"))
    await back_up(library.state.database, library.blobs, place, progress=quiet)
    key = library.documents[0].blob
    library.path(key).unlink()
    assert await library.found() == [(Damage.MISSING, key)]
    [alone] = await library.look(repair=True)
    assert alone.mended is False
    async with opened(place) as (backup, _):
        [mended] = await library.look(repair=True, backup=(backup, place))
    assert mended.mended is True
    assert await library.found() == []


async def test_an_altered_original_comes_back_from_a_backup(library: Library) -> None:
    place = FsspecBlobs(str(library.folder / "backup"))
    await back_up(library.state.database, library.blobs, place, progress=quiet)
    key = library.documents[1].blob
    library.path(key).write_bytes(TEXTS[1].replace(b"C", b"B"))
    assert await library.found() == [(Damage.ALTERED, key)]
    async with opened(place) as (backup, _):
        await library.look(repair=True, backup=(backup, place))
    assert await library.blobs.get(key) == TEXTS[1]


async def test_an_orphaned_file_is_deleted_when_it_is_old(library: Library) -> None:
    old, young = originals.original("ab" * 32), originals.original("cd" * 32)
    await library.blobs.put(old, b"old")
    await library.blobs.put(young, b"young")
    os.utime(library.path(old), (OLD, OLD))
    assert await library.found() == [(Damage.ORPHANED, old)]
    await library.look(repair=True)
    assert (await library.blobs.exists(old), await library.blobs.exists(young)) == (False, True)


async def test_copies_of_an_original_are_no_orphans_as_long_as_it_is_there(library: Library) -> None:
    copy = originals.converted(library.documents[0].blob)
    await library.blobs.put(copy, b"converted")
    os.utime(library.path(copy), (OLD, OLD))
    assert await library.found() == []


async def test_what_is_in_quarantine_stays_there(library: Library) -> None:
    key = f"quarantine/{'ab' * 32}"
    await library.blobs.put(key, b"EICAR")
    os.utime(library.path(key), (OLD, OLD))
    assert await library.look(repair=True) == []
    assert await library.blobs.exists(key)


async def test_what_was_cut_off_in_writing_is_swept(library: Library) -> None:
    partial = library.path(library.documents[0].blob).parent / ".partial-x"
    partial.write_bytes(b"half")
    os.utime(partial, (OLD, OLD))
    [outcome] = await library.look(repair=True)
    assert (outcome.finding.damage, outcome.mended, partial.exists()) == (Damage.UNFINISHED, True, False)


async def test_rows_without_parents_are_deleted(library: Library) -> None:
    library.sql(f"DELETE FROM documents WHERE id = '{library.documents[0].id}'")
    tables = {subject for damage, subject in await library.found() if damage is Damage.PARENTLESS}
    assert {"chunks", "stages"} <= tables
    outcomes = await library.look(repair=True)
    assert all(one.mended for one in outcomes if one.finding.damage is Damage.PARENTLESS)
    assert [damage for damage, _ in await library.found() if damage is Damage.PARENTLESS] == []
    assert await library.state.embeddings.chunks() == 1


async def test_a_document_whose_archive_is_gone_becomes_one_of_its_own(library: Library) -> None:
    child = library.documents[1].id
    library.sql(f"UPDATE documents SET parent_id = 'gone', place = '000000' WHERE id = '{child}'")
    [outcome] = await library.look(repair=True)
    assert (outcome.finding.damage, outcome.finding.subject, outcome.mended) == (Damage.PARENTLESS, "documents", True)
    assert (await library.state.documents.get(child)).parent_id is None


async def test_a_document_that_nobody_works_on_is_queued(library: Library) -> None:
    id = library.documents[0].id
    await library.state.documents.set_status(id, Status.ANALYZING)
    assert await library.found() == [(Damage.IDLE, id)]
    await library.look(repair=True)
    job = await library.state.jobs.claim("test", lease_seconds=5)
    assert job is not None
    assert job.document.id == id


async def test_chunks_without_vectors_are_embedded_again(library: Library) -> None:
    library.sql("DELETE FROM embeddings WHERE chunk_id = 1")
    assert await library.found() == [(Damage.UNEMBEDDED, library.documents[0].id)]
    await library.look(repair=True)
    job = await library.state.jobs.claim("test", lease_seconds=5)
    assert job is not None
    assert (job.document.id, job.stage) == (library.documents[0].id, "index")


async def test_passages_under_another_name_are_named_anew(library: Library) -> None:
    one, other = (document.id for document in library.documents)
    library.sql(f"UPDATE chunks SET filename = 'old.txt', collection = 'elsewhere' WHERE document_id = '{one}'")
    library.sql(
        f"UPDATE chunks SET filename = NULL, collection = NULL WHERE document_id = '{other}'"
    )  # an earlier version's
    assert await library.found() == [(Damage.MISNAMED, one)]
    [outcome] = await library.look(repair=True)
    assert outcome.mended
    [chunk] = await library.state.documents.chunks(one)
    [passage] = await library.state.documents.passages([Hit(chunk.id, 1.0)])
    assert (passage.filename, passage.collection) == (library.documents[0].filename, library.documents[0].collection)
    assert await library.found() == []


async def test_a_snapshot_that_misses_a_document_is_told_of_it(library: Library) -> None:
    lost = library.documents[1].id
    await library.snapshot(without=lost)
    head = await library.state.feed.head()
    assert await library.found() == [(Damage.STALE, lost)]
    await library.look(repair=True)
    changes = await library.state.feed.since(head)
    assert changes is not None
    assert [(one.op, one.document_id) for one in changes] == [("upsert", lost)]
    assert await library.found() == []


async def test_a_damaged_snapshot_is_deleted(library: Library) -> None:
    folder = await library.snapshot()
    (folder / "documents.json").write_bytes(b"{")
    assert await library.found() == [(Damage.SNAPSHOT, folder.name)]
    await library.look(repair=True)
    assert not folder.exists()


async def test_an_index_that_holds_too_little_is_told_all_its_documents(library: Library) -> None:
    head = await library.state.feed.head()
    await library.state.views.report(ViewState("view", 0, "m/1", "flat", 1, head, head))
    [(damage, subject)] = await library.found()
    assert (damage, subject) == (Damage.STALE, "index view")
    await library.look(repair=True)
    changes = await library.state.feed.since(head)
    assert changes is not None
    assert sorted(one.document_id for one in changes) == sorted(one.id for one in library.documents)
