"""Waiting for commits: idle loops don't query, and nothing that was committed is missed."""

from __future__ import annotations

import asyncio
import pickle

import pytest
from sqlalchemy import insert

from rag.store.database import Database
from rag.store.tables import changes
from rag.store.watching import Watch

ROW = insert(changes).values(op="upsert", document_id="d", collection="c")


async def commit(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(ROW)


def sqlite(database: Database) -> Database:
    if not database.sqlite:
        pytest.skip("PostgreSQL tells by a query only")
    return database


async def test_a_commit_changes_the_number_and_a_read_does_not(database):
    before = sqlite(database).commits()
    async with database.read():
        assert database.commits() == before
    await database.ping()
    assert database.commits() == before
    await commit(database)
    assert database.commits() != before


async def test_another_process_commits_count_as_well(database):
    other = pickle.loads(pickle.dumps(sqlite(database)))  # as a deployment gets it: with connections of its own
    before = database.commits()
    await commit(other)
    assert database.commits() != before
    await other.close()


async def test_what_is_rolled_back_was_no_commit(database):
    before = sqlite(database).commits()

    async def broken() -> None:
        async with database.write() as connection:
            await connection.execute(ROW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    assert database.commits() == before


async def test_the_number_is_there_again_after_closing(database):
    assert sqlite(database).commits() is not None
    await database.close()
    watch = database.watch(at_most=60)
    assert (watch.moved(), watch.moved()) == (True, False)
    await commit(database)
    assert watch.moved()


def test_a_database_that_is_not_there_tells_nothing(tmp_path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/none/library.sqlite3")
    assert database.commits() is None
    assert not (tmp_path / "none").exists()


def test_without_a_number_each_look_may_find_something():
    watch = Watch(lambda: None, at_most=60)
    assert [watch.moved() for _ in range(3)] == [True, True, True]


def test_a_commit_is_told_once():
    numbers = iter([1, 1, 2, 2])
    watch = Watch(lambda: next(numbers), at_most=60)
    assert [watch.moved() for _ in range(4)] == [True, False, True, False]


def test_time_alone_is_a_reason_to_look_now_and_then(monkeypatch):
    clock = iter([0.0, 1.0, 2.5, 3.0, 5.0])
    monkeypatch.setattr("rag.store.watching.time.monotonic", lambda: next(clock))
    watch = Watch(lambda: 7, at_most=2)
    assert [watch.moved() for _ in range(5)] == [True, False, True, False, True]


async def test_a_pause_ends_with_the_commit_and_not_before():
    numbers = [1]
    watch = Watch(lambda: numbers[-1], at_most=60)
    assert watch.moved()
    pause = asyncio.create_task(watch.pause(0.005))
    await asyncio.sleep(0.05)
    assert not pause.done()
    numbers.append(2)
    async with asyncio.timeout(10):
        await pause
