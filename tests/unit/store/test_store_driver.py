"""What SQLAlchemy is told through the driver with one change of threads a statement, and how often its thread is asked."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import delete, insert, select, text

from rag.errors import RedwellError
from rag.store.database import Database
from rag.store.tables import changes

SLOW = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 30000) SELECT count(*) FROM c"
names = select(changes.c.document_id).order_by(changes.c.seq)


def append(*document_ids: str):
    return insert(changes), [{"op": "upsert", "document_id": id, "collection": "c"} for id in document_ids]


@pytest.fixture
async def database(tmp_path: Path, migrated: Path) -> AsyncIterator[Database]:
    shutil.copy(migrated, tmp_path / "redwell.sqlite3")
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/redwell.sqlite3")
    async with database.write() as connection:
        await connection.execute(*append("a"))
    yield database
    await database.close()


async def test_the_driver_s_thread_is_asked_once_a_statement(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, work: Callable[..., Any], *args: Any, **options: Any) -> Any:
        asked.append(getattr(work, "__name__", ""))
        return await real(self, work, *args, **options)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    async with database.read() as connection:
        assert (await connection.execute(names)).all() == [("a",)]
        assert await connection.scalar(names) == "a"
    assert asked == ["_executed", "_executed", "rollback"]
    asked.clear()
    async with database.write() as connection:
        await connection.execute(*append("b", "c"))
        assert (await connection.scalars(names)).all() == ["a", "b", "c"]
    assert asked == ["_executed", "_executed_many", "_executed", "commit"]  # the first is its beginning
    asked.clear()
    async with database.read():
        pass
    assert asked == []  # nothing was executed, nothing began


async def test_what_a_statement_did_is_told(database: Database) -> None:
    async with database.write() as connection:
        one = insert(changes).values(op="upsert", document_id="b", collection="c")
        assert (await connection.execute(one)).inserted_primary_key == (2,)
        assert (await connection.execute(*append("c", "d"))).rowcount == 2
        assert (await connection.execute(delete(changes).where(changes.c.seq > 2))).rowcount == 2
        returned = await connection.scalars(
            insert(changes).returning(changes.c.seq, sort_by_parameter_order=True), append("e", "f")[1]
        )
        assert returned.all() == [5, 6]
        left = await connection.execute(names)
        assert left.fetchone() == ("a",)
        assert left.fetchmany(2) == [("b",), ("e",)]
        assert left.fetchall() == [("f",)]
        nothing = await connection.execute(select(changes.c.seq).where(changes.c.seq > 9))
        assert list(nothing.keys()) == ["seq"]
        assert nothing.all() == []


async def test_statements_of_a_read_see_one_moment(database: Database) -> None:
    async with database.read() as connection:
        before = (await connection.scalars(names)).all()
        async with database.write() as other:
            await other.execute(*append("b"))
        assert (await connection.scalars(names)).all() == before == ["a"]


async def test_a_stream_and_the_statement_after_it_see_one_moment(database: Database) -> None:
    async with database.read() as connection:
        streamed = [name async for name in await connection.stream_scalars(names)]
        async with database.write() as other:
            await other.execute(*append("b"))
        assert (await connection.scalars(names)).all() == streamed == ["a"]


async def test_a_statement_that_fails_takes_the_transaction_back_and_not_the_connection(database: Database) -> None:
    missing = text("SELECT * FROM missing")

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(*append("never"))
            await connection.execute(missing)

    async def read() -> None:
        async with database.read() as connection:
            await connection.execute(missing)

    for work in (write, read) * 10:  # more than the pool has
        with pytest.raises(RedwellError, match="no such table"):
            await work()
    async with database.write() as connection:
        assert (await connection.scalars(names)).all() == ["a"]


async def test_whoever_gives_up_in_the_middle_leaves_no_transaction_behind(database: Database) -> None:
    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(*append("never"))
            await connection.execute(text(SLOW))
            await asyncio.sleep(60)

    async def read() -> None:
        async with database.read() as connection:
            await connection.execute(text(SLOW))
            await asyncio.sleep(60)

    for milliseconds in (0, 0.2, 0.5, 1, 2, 4, 8, 30):  # in front of its beginning, in it, in a statement, between two
        for work in (write, read):
            task = asyncio.create_task(work())
            await asyncio.sleep(milliseconds / 1000)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    async with database.write() as connection:
        await connection.execute(*append("b"))
    async with database.read() as connection:
        assert (await connection.scalars(names)).all() == ["a", "b"]
