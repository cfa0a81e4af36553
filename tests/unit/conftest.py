"""Shared by the unit tests: a database file with the schema."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rag.settings import Settings
from rag.store.database import Database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`redwell.sqlite3` with the schema in it: copied for each test, since migrating takes longer than most of them."""
    folder = tmp_path_factory.mktemp("migrated")
    asyncio.run(Database(Settings(data_dir=folder).database_url).connect())
    return folder / "redwell.sqlite3"
