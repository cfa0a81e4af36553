"""Connections and transactions: one `Database` is shared by every store of a process.

SQLite write transactions start with BEGIN IMMEDIATE: a deferred one that has read cannot wait for another writer and
fails at once with SQLITE_BUSY whatever the busy timeout. Library errors become rag.errors here.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Connection, NullPool, Table, event, exc, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from rag.errors import ConfigurationError, InvalidInput, RedwellError, Unavailable
from rag.store.driver import OneChangeDriver
from rag.store.watching import Watch

CACHE_KIB = 8192
"""Of a SQLite connection."""
BUSY_SECONDS = 30
TOO_LARGE = ("A number is larger than the database can hold.", "Give a smaller one.")
_MIGRATE_LOCK = 7_230_001
_CHANGES_LOCK = 7_230_002
_WRITE = "redwell_write"
_MIGRATING = threading.Lock()
"""Alembic keeps its context in module globals: one migration at a time in a process."""


@dataclass
class _Open:
    """What belongs to one event loop. The lock queues SQLite writers fairly instead of letting them poll for the file."""

    engine: AsyncEngine
    writer: asyncio.Lock = field(default_factory=asyncio.Lock)


class Database:
    """`url` is a SQLAlchemy URL of SQLite (aiosqlite, a file) or PostgreSQL (asyncpg).

    Cheap to make and to pickle; engines open lazily, one an event loop.
    """

    def __init__(self, url: str) -> None:
        self._url = _checked(url)
        self._open: WeakKeyDictionary[asyncio.AbstractEventLoop, _Open] = WeakKeyDictionary()
        self._counter: sqlite3.Connection | None = None

    def __reduce__(self) -> tuple[type[Database], tuple[str]]:
        return Database, (self._url.render_as_string(hide_password=False),)

    def __repr__(self) -> str:
        return f"Database({self._url.render_as_string()!r})"

    @property
    def sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """Of SQLite."""
        return Path(str(self._url.database)) if self.sqlite else None

    async def connect(self) -> None:
        """Create or migrate the schema to head. Any number of processes may do this at once. Raises Unavailable."""
        if self.sqlite:
            await asyncio.to_thread(_make_folder, self._url)
        await asyncio.to_thread(self._migrate)

    async def close(self) -> None:
        """Close this event loop's connections; the database opens again when it is used."""
        counter, self._counter = self._counter, None
        if counter is not None:
            counter.close()
        opened = self._open.pop(asyncio.get_running_loop(), None)
        if opened is not None:
            await opened.engine.dispose()

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))

    def watch(self, *, at_most: float) -> Watch:
        """For a loop that waits for something here. `at_most`: seconds from look to look when nothing is committed."""
        return Watch(self.commits, at_most=at_most)

    def commits(self) -> int | None:
        """A number that is another one after anybody's commit. None: it takes a query to know.

        Costs some microseconds and no thread, so that idle loops ask this a few times a second instead of a query.
        """
        if not self.sqlite:
            return None
        try:
            if self._counter is None:
                # It counts what other connections commit, so it is one that never writes. No waiting: whoever asks is an event loop.
                self._counter = sqlite3.connect(
                    f"{Path(str(self._url.database)).absolute().as_uri()}?mode=ro",
                    uri=True,
                    timeout=0,
                    check_same_thread=False,
                )
            return int(self._counter.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error:
            return None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose statements all see one moment of the database."""
        options: dict[str, Any] = (
            {} if self.sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        with _translated():
            async with self._here().engine.connect() as connection:
                await connection.execution_options(**options)
                yield connection  # the first statement begins a transaction, which ends with the connection's use

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back when the body raises. Do not nest."""
        with _translated():
            here = self._here()
            if not self.sqlite:
                async with here.engine.begin() as connection:
                    yield connection
                return
            async with here.writer, here.engine.connect() as connection:
                await connection.execution_options(**{_WRITE: True})
                async with connection.begin():
                    yield connection

    async def lock_changes(self, connection: AsyncConnection) -> None:
        """Call before a row of `changes` is inserted: numbers then commit in their order, so no reader skips one."""
        if not self.sqlite:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_CHANGES_LOCK})"))

    async def go_on_after(self, connection: AsyncConnection, table: Table) -> None:
        """After rows with numbers of their own were inserted: the next number is larger. SQLite sees to it itself."""
        if self.sqlite:
            return
        for column in table.primary_key:
            if column.autoincrement is True:
                await connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "
                        f'greatest(1, (SELECT coalesce(max("{column.name}"), 1) FROM {table.name})))'
                    )
                )

    def _here(self) -> _Open:
        loop = asyncio.get_running_loop()
        opened = self._open.get(loop)
        if opened is None:
            # The connection used last holds the pages that were read last, and none but its own commits are new to it: SQLite
            # throws a connection's whole cache away when another one has written.
            opened = self._open[loop] = _Open(_engine(self._url, pool_use_lifo=True))
        return opened

    def _migrate(self) -> None:
        with _MIGRATING:
            asyncio.run(_migrate(self._url))


def _checked(url: str) -> URL:
    remedy = "Use sqlite+aiosqlite:////path/file.sqlite3 or postgresql+asyncpg://user:password@host/name."
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise ConfigurationError("`storage.database` is not a database URL.", remedy) from error
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    backend = parsed.get_backend_name()
    if backend not in drivers:
        raise ConfigurationError(f"The database '{backend}' is not supported.", remedy)
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ConfigurationError("SQLite in memory has one connection only and cannot be shared.", remedy)
    return parsed.set(drivername=drivers[backend])


def _make_folder(url: URL) -> None:
    try:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The database folder cannot be made: {error}", "Check `data_dir` and its permissions."
        ) from error


def _engine(url: URL, **options: Any) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_pre_ping="poolclass" not in options, **options)
    engine = create_async_engine(url, module=OneChangeDriver(), connect_args={"timeout": BUSY_SECONDS}, **options)
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, record: object) -> None:
    """Of every SQLite connection. FULL keeps an acknowledged upload through a power cut; the cache is taken as it is used, and
    holds the index that the documents of a large library are counted from (SQLite's own 2 MB do not)."""
    connection.isolation_level = None  # the driver would otherwise begin a deferred transaction of its own
    cursor = connection.cursor()
    pragmas = "foreign_keys = ON", "synchronous = FULL", f"cache_size = -{CACHE_KIB}"
    for pragma in (f"busy_timeout = {BUSY_SECONDS * 1000}", *pragmas):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _let_references_dangle(connection: Any, record: object) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")


def _begin(connection: Connection) -> None:
    driven: Any = connection.connection.dbapi_connection
    driven.begin(write=connection.get_execution_options().get(_WRITE, False))


async def _migrate(url: URL) -> None:
    engine = _engine(url, poolclass=NullPool)
    sqlite = url.get_backend_name() == "sqlite"
    try:
        with _translated():
            if sqlite:
                await _use_wal(engine)
                # A table is altered by copying it; dropping the old one would otherwise empty all that refers to it.
                event.listen(engine.sync_engine, "connect", _let_references_dangle)
            async with engine.connect() as connection:
                await connection.execution_options(**{_WRITE: True})
                async with connection.begin():
                    if not sqlite:
                        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATE_LOCK})"))
                    await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def _use_wal(engine: AsyncEngine) -> None:
    """The mode is kept in the file. The switch ignores the busy timeout, so several starting processes take turns."""
    for attempt in range(100):
        try:
            async with engine.connect() as connection:
                raw = await connection.get_raw_connection()
                driver: Any = raw.driver_connection
                await driver.execute("PRAGMA journal_mode = WAL")
                return
        except (sqlite3.Error, exc.DBAPIError) as error:
            if "locked" not in str(error) or attempt == 99:
                raise Unavailable(f"The database cannot be opened: {error}") from error
        await asyncio.sleep(0.05)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _translated() -> Iterator[None]:
    """The one place where errors of SQLAlchemy and its drivers become ours; ours pass through."""
    try:
        yield
    except OverflowError as error:  # of sqlite3: more than 64 bits
        raise InvalidInput(*TOO_LARGE) from error
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, sqlite3.OperationalError) as error:
        raise Unavailable(f"The database cannot be used: {_cause(error)}") from error
    except OSError as error:  # asyncpg lets refused and lost connections through as they are
        raise Unavailable(f"The database cannot be reached: {error}") from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable(f"The database connection was lost: {_cause(error)}") from error
        if (getattr(error.orig, "sqlstate", None) or "").startswith("22"):  # PostgreSQL's class "data exception"
            raise InvalidInput(*TOO_LARGE) from error
        raise RedwellError(f"The database refused a statement: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    """The driver's sentence without the statement and its parameters, which may hold a document's text."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]
