"""SQLite's driver as SQLAlchemy uses it, with one change of threads a statement.

aiosqlite gives each connection a thread. SQLAlchemy's own adapter asks that thread four times for a query (make a cursor, execute,
fetch, close) and again for what is over already; each time both threads are woken. Here the thread is asked once.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
    AsyncAdapt_aiosqlite_ss_cursor,
)
from sqlalchemy.util import await_

Told = tuple[list[Any], Any, int, int | None]
"""Rows, their description, how many were changed, the number of the last."""


class OneChangeCursor(AsyncAdapt_aiosqlite_cursor):
    """Implements the cursor of PEP 249 over `OneChangeConnection`; all rows are here once a statement was executed."""

    __slots__ = ("_ask", "_told", "arraysize")

    def __init__(self, connection: OneChangeConnection) -> None:
        self._adapt_connection = connection
        self._connection = connection._connection
        self._cursor: Any = None  # it lives on the driver's thread, as long as a statement takes
        self._soft_closed_memoized: Any = {}
        self._ask = connection.ask
        self.arraysize = 1
        self._keep(([], None, -1, None))

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        self._keep(self._ask(_executed, operation, () if parameters is None else parameters))

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        self._keep(self._ask(_executed_many, operation, seq_of_parameters))

    @property
    def description(self) -> Any:
        return self._told[1]

    @property
    def rowcount(self) -> int:
        return self._told[2]

    @property
    def lastrowid(self) -> Any:
        return self._told[3]

    async def _async_soft_close(self) -> None:
        """It is closed already."""

    def _keep(self, told: Told) -> None:
        self._told = told
        self._rows = deque(told[0])


class StreamCursor(AsyncAdapt_aiosqlite_ss_cursor):
    """Of `AsyncConnection.stream`: SQLAlchemy's own, which knows of no beginning that waits."""

    __slots__ = ()

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        connection: Any = self._adapt_connection
        connection.begun()
        return super().execute(operation, parameters)


class OneChangeConnection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("_begin", "_over")

    _cursor_cls: Any = OneChangeCursor
    _ss_cursor_cls: Any = StreamCursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._begin = ""
        self._over = False

    def begin(self, *, write: bool) -> None:
        """A transaction that writes takes its place now. One that reads begins with its first statement, on the same way there: SQLite
        looks at the file only then, anyway."""
        if write:
            self.ask(_executed, "BEGIN IMMEDIATE", ())
        else:
            self._begin = "BEGIN"

    def begun(self) -> None:
        """The transaction that waits for its first statement begins."""
        begin, self._begin = self._begin, ""
        if begin:
            self.ask(_executed, begin, ())

    def ask(self, work: Callable[..., Told], statement: str, parameters: Any) -> Told:
        """`work` on the driver's thread, with its connection."""
        begin, self._begin, self._over = self._begin, "", False
        try:
            told: Told = await_(self._on_its_thread(work, begin, statement, parameters))
        except Exception as error:  # noqa: BLE001
            self._handle_exception(error)
        return told

    def commit(self) -> None:
        self._begin = ""
        super().commit()
        self._over = True

    def rollback(self) -> None:
        """Nothing to ask for when nothing was executed since the last end: the pool rolls back whatever comes back to it."""
        self._begin = ""
        if not self._over:
            super().rollback()
            self._over = True

    async def _on_its_thread(self, work: Callable[..., Told], begin: str, statement: str, parameters: Any) -> Told:
        driver: Any = self._connection
        async with self._execute_mutex:
            # aiosqlite's own way to its thread, which every one of its public methods goes, each for a part of a statement.
            told: Told = await driver._execute(work, driver._conn, begin, statement, parameters)
            return told


class OneChangeDriver(AsyncAdapt_aiosqlite_dbapi):
    """`module` of `sqlalchemy.create_engine`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> OneChangeConnection:
        return OneChangeConnection(self, super().connect(*arg, **kw)._connection)


def _executed(connection: sqlite3.Connection, begin: str, statement: str, parameters: Sequence[Any]) -> Told:
    if begin:
        connection.execute(begin)
    return _told(connection.execute(statement, parameters))


def _executed_many(connection: sqlite3.Connection, begin: str, statement: str, parameters: Any) -> Told:
    if begin:
        connection.execute(begin)
    return _told(connection.executemany(statement, parameters))


def _told(cursor: sqlite3.Cursor) -> Told:
    with closing(cursor):
        return cursor.fetchall(), cursor.description, cursor.rowcount, cursor.lastrowid
