"""A backup holds all that its rows name, whatever happens meanwhile, and brings it back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from rag.errors import Conflict, DamagedFile
from rag.fakes import FakeBlobs
from rag.intake.originals import original
from rag.intake.removal import remove
from rag.services import State, open_state
from rag.settings import Settings
from rag.store.backup import FRESH, MANIFEST, back_up, restore
from rag.store.database import Database
from rag.store.documents import DocumentStore
from rag.store.feed import ChangeFeed
from rag.store.schema import metadata
from tests.unit.store.test_store_transfer import filled, quiet


async def counts(database: Database) -> dict[str, int]:
    async with database.read() as connection:
        return {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


@pytest.fixture
async def fresh(tmp_path: Path):
    state = open_state(Settings(data_dir=tmp_path / "anew"), FakeBlobs())
    yield state
    await state.database.close()


async def test_what_is_restored_is_what_was_backed_up(database: Database, fresh: State) -> None:
    blobs, place = FakeBlobs(), FakeBlobs()
    first, second = await filled(database, blobs)
    made, new = await back_up(database, blobs, place, progress=quiet)
    assert (made.documents, new, made.missing) == (2, 2, ())
    found = await restore(place, fresh.database, fresh.blobs, progress=quiet)
    assert found == made
    assert await counts(fresh.database) == await counts(database)
    assert await fresh.blobs.keys() == await blobs.keys()
    assert await fresh.documents.get(first.id) == await DocumentStore(database).get(first.id)
    job = await fresh.jobs.claim("new", lease_seconds=10)
    assert job is not None
    assert job.document.id == second.id


def over(database: Database, blobs: FakeBlobs) -> State:
    return replace(open_state(Settings(), blobs), database=database, documents=DocumentStore(database))


async def test_a_second_backup_copies_only_what_is_new(database: Database) -> None:
    blobs, place = FakeBlobs(), FakeBlobs()
    first, _ = await filled(database, blobs)
    await back_up(database, blobs, place, progress=quiet)
    state = over(database, blobs)
    await remove(first.id, state)
    await state.documents.add(filename="new.txt", media_type="text/plain", sha256="ab" * 32, size=3)
    await blobs.put(original("ab" * 32), b"new")
    made, new = await back_up(database, blobs, place, progress=quiet)
    assert (made.documents, new) == (2, 1)
    assert f"blobs/{first.blob}" not in place.data
    assert sum(key.startswith("database-") for key in place.data) == 1


async def test_a_document_that_is_deleted_meanwhile_is_left_out_whole(database: Database) -> None:
    place = FakeBlobs()

    class Deleting(FakeBlobs):
        """The document goes between the reading of the rows and that of its file."""

        async def keys(self, prefix: str = "") -> list[str]:
            if not prefix and first.blob in self.data:
                await remove(first.id, over(database, self))
            return [key for key in await super().keys(prefix) if prefix != "originals/"]

    blobs = Deleting()
    first, second = await filled(database, blobs)
    made, _ = await back_up(database, blobs, place, progress=quiet)
    assert (made.documents, list(made.files), made.missing) == (1, [second.blob], ())


async def test_a_file_that_the_library_lost_is_named(database: Database) -> None:
    blobs = FakeBlobs()
    first, _ = await filled(database, blobs)
    del blobs.data[first.blob]
    made, _ = await back_up(database, blobs, FakeBlobs(), progress=quiet)
    assert made.missing == (first.blob,)


@pytest.mark.parametrize("part", ["blobs/", "database-", MANIFEST])
async def test_a_backup_with_an_altered_part_is_refused(database: Database, fresh: State, part: str) -> None:
    blobs, place = FakeBlobs(), FakeBlobs()
    await filled(database, blobs)
    await back_up(database, blobs, place, progress=quiet)
    key = next(name for name in sorted(place.data) if name.startswith(part))
    place.data[key] = place.data[key][:-9] + b"#" + place.data[key][-8:]
    with pytest.raises(DamagedFile):
        await restore(place, fresh.database, fresh.blobs, progress=quiet)


async def test_a_backup_without_one_of_its_files_is_refused(database: Database, fresh: State) -> None:
    blobs, place = FakeBlobs(), FakeBlobs()
    first, _ = await filled(database, blobs)
    await back_up(database, blobs, place, progress=quiet)
    del place.data[f"blobs/{first.blob}"]
    with pytest.raises(DamagedFile, match="lacks"):
        await restore(place, fresh.database, fresh.blobs, progress=quiet)


async def test_a_library_with_documents_is_not_overwritten(database: Database) -> None:
    blobs, place = FakeBlobs(), FakeBlobs()
    await filled(database, blobs)
    await back_up(database, blobs, place, progress=quiet)
    with pytest.raises(Conflict):
        await restore(place, database, blobs, progress=quiet)


async def test_no_change_number_of_the_lost_time_is_given_again(database: Database, fresh: State) -> None:
    blobs, place = FakeBlobs(), FakeBlobs()
    await filled(database, blobs)
    before = await ChangeFeed(database).head()
    await back_up(database, blobs, place, progress=quiet)
    await restore(place, fresh.database, fresh.blobs, progress=quiet)
    assert await fresh.feed.head() == before + FRESH
    assert await fresh.feed.since(before + 5) is None  # read everything


async def test_the_manifest_is_written_last(database: Database) -> None:
    blobs, order = FakeBlobs(), []

    class Watched(FakeBlobs):
        async def put(self, key: str, data: bytes) -> None:
            order.append(key)
            await super().put(key, data)

    await filled(database, blobs)
    place = Watched()
    await back_up(database, blobs, place, progress=quiet)
    assert order[-1] == MANIFEST
    assert json.loads(place.data[MANIFEST])["documents"] == 2
