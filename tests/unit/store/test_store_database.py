from __future__ import annotations

import asyncio
import pickle
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, make_url, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from rag import store
from rag.errors import ConfigurationError, InvalidInput, RedwellError, Unavailable
from rag.store.database import Database
from rag.store.tables import changes, metadata

CONNECT = "import asyncio, sys; from rag.store.database import Database; asyncio.run(Database(sys.argv[1]).connect())"


def append(document_id: str):
    return insert(changes).values(op="upsert", document_id=document_id, collection="c")


def newest() -> str | None:
    return ScriptDirectory(str(Path(store.__file__).parent / "migrations")).get_current_head()


async def test_migrations_build_exactly_the_tables(database: Database) -> None:
    def difference(connection) -> list:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with database.read() as connection:
        assert await connection.run_sync(difference) == []


async def test_processes_that_start_at_once_all_find_the_schema(empty_url: str) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", CONNECT, empty_url]) for _ in range(4)]
    assert [await asyncio.to_thread(process.wait, 60) for process in processes] == [0, 0, 0, 0]
    database = Database(empty_url)
    async with database.read() as connection:
        [version] = await connection.scalars(text("SELECT version_num FROM alembic_version"))
    assert version == newest()
    await database.close()


def _old_library(url: str) -> None:
    """A database of the first release with one document, its page and its job."""

    def fill(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO documents (id, collection, filename, filename_key, media_type, sha256, size, status, created_at,"
            " updated_at, metadata, warnings, revision) VALUES ('d', 'c', 'a.pdf', 'a.pdf', 'application/pdf', 'x', 1,"
            " 'ready', 1, 1, '{}', '[]', 1)"
        )
        connection.exec_driver_sql(
            "INSERT INTO pages (document_id, number, width, height, text, source, words, confidence, rotation)"
            " VALUES ('d', 1, 1, 1, 'kept', 'ocr', '', 1, 0)"
        )

    async def make() -> None:
        engine = create_async_engine(make_url(url).set(drivername="sqlite+aiosqlite"))
        async with engine.begin() as connection:
            await connection.run_sync(fill)
        await engine.dispose()

    asyncio.run(make())


async def test_a_library_of_the_first_release_keeps_its_pages(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'old.sqlite3'}"
    await asyncio.to_thread(_old_library, url)
    database = Database(url)
    await database.connect()
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT text FROM pages"))).all() == [("kept",)]
        assert (await connection.execute(text("SELECT id, parent_id, place FROM documents"))).all() == [("d", None, "")]
        assert (await connection.execute(text("PRAGMA foreign_key_check"))).all() == []
    await database.close()


async def test_connecting_again_keeps_what_is_there(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(append("kept"))
    await database.connect()
    async with database.read() as connection:
        assert list(await connection.scalars(select(changes.c.document_id))) == ["kept"]


async def test_an_exception_rolls_back(database: Database) -> None:
    async def fail_late() -> None:
        async with database.write() as connection:
            await connection.execute(append("lost"))
            raise KeyError("later")

    with pytest.raises(KeyError):
        await fail_late()
    async with database.read() as connection:
        assert (await connection.execute(select(changes))).all() == []


async def test_eight_writers_that_read_first_lose_no_update(database: Database) -> None:
    async def work(mine: Database, name: str) -> None:
        for number in range(10):
            async with mine.write() as connection:
                await connection.execute(select(changes).limit(1))
                await connection.execute(append(f"{name}-{number}"))
        await mine.close()

    others = [pickle.loads(pickle.dumps(database)) for _ in range(8)]
    await asyncio.gather(*(work(other, str(i)) for i, other in enumerate(others)))
    async with database.read() as connection:
        found = set(await connection.scalars(select(changes.c.document_id)))
    assert found == {f"{i}-{number}" for i in range(8) for number in range(10)}


async def test_a_reader_sees_one_moment(database: Database) -> None:
    async with database.read() as reader:
        before = (await reader.execute(select(changes))).all()
        async with database.write() as connection:
            await connection.execute(append("meanwhile"))
        assert (await reader.execute(select(changes))).all() == before == []


async def test_the_connection_that_was_used_last_is_used_next(database: Database) -> None:
    async def used() -> int:
        async with database.read() as connection:
            await connection.execute(text("SELECT 1"))
            return id((await connection.get_raw_connection()).driver_connection)

    async with database.read() as first, database.read() as second:  # two of them are in the pool from here on
        await first.execute(text("SELECT 1"))
        await second.execute(text("SELECT 1"))
    assert len({await used() for _ in range(4)}) == 1


async def test_a_cancelled_write_leaves_the_database_usable(database: Database) -> None:
    async def slow() -> None:
        async with database.write() as connection:
            await connection.execute(append("cancelled"))
            await asyncio.sleep(60)

    task = asyncio.create_task(slow())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as connection:
        await connection.execute(append("next"))
    async with database.read() as connection:
        assert list(await connection.scalars(select(changes.c.document_id))) == ["next"]


async def test_one_database_serves_several_event_loops(database: Database) -> None:
    async def use() -> None:
        async with database.write() as connection:
            await connection.execute(append("other loop"))
        await database.close()

    await database.ping()
    await asyncio.to_thread(asyncio.run, use())
    async with database.read() as connection:
        assert list(await connection.scalars(select(changes.c.document_id))) == ["other loop"]


async def test_a_refused_statement_is_our_error_without_the_values(database: Database) -> None:
    with pytest.raises(RedwellError) as caught:
        async with database.write() as connection:
            await connection.execute(append("secret").values(op=None))
    assert "secret" not in str(caught.value)
    assert caught.value.status == 500


async def test_a_missing_schema_is_unavailable_or_refused(empty_url: str) -> None:
    database = Database(empty_url)
    with pytest.raises(RedwellError):
        async with database.read() as connection:
            await connection.execute(select(changes))
    await database.close()


async def test_a_number_beyond_64_bits_is_the_caller_s_mistake(database: Database) -> None:
    with pytest.raises(InvalidInput):
        async with database.read() as connection:
            await connection.execute(select(changes).offset(2**70))


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql://nobody:x@127.0.0.1:9/none")
    with pytest.raises(Unavailable):
        await database.ping()
    with pytest.raises(Unavailable):
        await database.connect()


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        await Database(f"sqlite:///{tmp_path}/file/x.sqlite3").connect()


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "sqlite+aiosqlite:///:memory:", "what", ""])
def test_urls_that_are_not_supported_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Database(url)


def test_the_password_is_kept_for_pickling_but_not_shown() -> None:
    database = Database("postgresql://user:geheim@host/name")
    assert "geheim" not in repr(database)
    assert pickle.loads(pickle.dumps(database))._url.password == "geheim"


async def test_a_file_that_stays_locked_is_told_and_the_database_goes_on_after_it(
    tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.store.database.BUSY_SECONDS", 0.05)
    file = tmp_path / "redwell.sqlite3"
    shutil.copy(migrated, file)
    database = Database(f"sqlite+aiosqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        async with database.write() as connection:
            await connection.execute(append("a"))
    other.execute("ROLLBACK")
    other.close()
    async with database.write() as connection:
        await connection.execute(append("a"))
    async with database.read() as connection:
        assert await connection.scalar(select(changes.c.document_id)) == "a"
    await database.close()


async def test_a_read_that_breaks_off_leaves_its_connection_usable(database: Database) -> None:
    async def broken() -> None:
        async with database.read() as connection:
            await connection.execute(select(changes.c.document_id))
            raise ZeroDivisionError

    for _ in range(20):  # more than the pool has
        with pytest.raises(ZeroDivisionError):
            await broken()
    async with database.write() as connection:
        await connection.execute(append("a"))
    async with database.read() as connection:
        assert await connection.scalar(select(changes.c.document_id)) == "a"
