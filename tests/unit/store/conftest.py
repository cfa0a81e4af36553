"""Every store test runs on SQLite, and on PostgreSQL too when REDWELL_TEST_POSTGRES is a URL whose user may create databases."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from rag.store.database import Database
from rag.store.documents import DocumentStore
from rag.store.feed import ChangeFeed
from rag.store.jobs import JobQueue

POSTGRES = os.environ.get("REDWELL_TEST_POSTGRES")


def sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def _administer(statement: str) -> None:
    engine = create_async_engine(POSTGRES or "", isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def _migrate(url: str) -> None:
    asyncio.run(Database(url).connect())


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """URL of a database without a schema."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "fresh" / "redwell.sqlite3")
        return
    assert POSTGRES
    name = f"redwell_test_{uuid4().hex[:12]}"
    await _administer(f"CREATE DATABASE {name}")
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    await _administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def url(empty_url: str, migrated: Path) -> str:
    """URL of a database with the schema."""
    if empty_url.startswith("sqlite"):
        path = Path(str(make_url(empty_url).database))
        path.parent.mkdir()
        shutil.copy(migrated, path)
    else:
        await asyncio.to_thread(_migrate, empty_url)
    return empty_url


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url)
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database) -> DocumentStore:
    return DocumentStore(database)


@pytest.fixture
def jobs(database: Database) -> JobQueue:
    return JobQueue(database)


@pytest.fixture
def feed(database: Database) -> ChangeFeed:
    return ChangeFeed(database)
