"""The audit log: lines are added, read in their order, and removed at the end of their time. A trigger refuses to change one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select

from rag.access.audit import Line
from rag.store.access_tables import audit
from rag.store.database import Database
from rag.store.records import BATCH, jsonable, now, storable


@dataclass(frozen=True, slots=True)
class Wanted:
    """Lines that meet all that is given; `tenant` None is every tenant."""

    tenant: str | None = None
    key_id: str | None = None
    action: str | None = None
    object: str | None = None
    """One id that the line names."""
    since: datetime | None = None
    until: datetime | None = None


class AuditStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, lines: Sequence[Line]) -> None:
        """All of them in one transaction, in their order."""
        instant = now()
        rows = [
            {
                "at": line.at or instant,
                "tenant": line.tenant,
                "key_id": line.key_id,
                "action": line.action[:64],
                "object": storable(line.object),
                "status": line.status,
                "request_id": storable(line.request_id),
                "detail": None if line.detail is None else jsonable(line.detail),
            }
            for line in lines
        ]
        async with self._database.write() as connection:
            await connection.execute(insert(audit), rows)

    async def page(self, wanted: Wanted, *, after: int = 0, limit: int = 100) -> list[Line]:
        """Oldest first, after the line `after`."""
        query = select(audit).where(audit.c.id > after, *_matching(wanted)).order_by(audit.c.id).limit(limit)
        async with self._database.read() as connection:
            return [_value(row) for row in await connection.execute(query)]

    async def all(self, wanted: Wanted) -> AsyncIterator[Line]:
        """Oldest first, read in batches: it may be long."""
        after = 0
        while lines := await self.page(wanted, after=after, limit=BATCH):
            for line in lines:
                yield line
            after = lines[-1].id

    async def erase(self, wanted: Wanted) -> int:
        """How many lines are gone."""
        async with self._database.write() as connection:
            return (await connection.execute(delete(audit).where(*_matching(wanted)))).rowcount

    async def count(self) -> int:
        async with self._database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(audit)) or 0


def _matching(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        column == value
        for column, value in (
            (audit.c.tenant, wanted.tenant),
            (audit.c.key_id, wanted.key_id),
            (audit.c.action, wanted.action),
        )
        if value is not None
    ]
    if wanted.object is not None:
        words = audit.c.object
        alone, first = words == wanted.object, words.startswith(f"{wanted.object} ", autoescape=True)
        last, between = words.endswith(f" {wanted.object}", autoescape=True), f" {wanted.object} "
        conditions.append(or_(alone, first, last, words.contains(between, autoescape=True)))
    if wanted.since is not None:
        conditions.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(audit.c.at < wanted.until)
    return conditions


def _value(row: Row[Any]) -> Line:
    return Line(row.tenant, row.key_id, row.action, row.object, row.status, row.request_id, row.detail, row.at, row.id)
