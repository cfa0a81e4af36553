"""A whole installation from one place to another: every table and every blob, with the same ids.

Chunks come with their embeddings and changes with their numbers, so nothing is read or embedded again: the new
installation's index rebuilds itself from the rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from rag.errors import Conflict
from rag.ports import Blobs
from rag.store.database import Database
from rag.store.schema import metadata
from rag.store.tables import documents, jobs

ROWS = 500
Row = dict[str, Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Moved:
    rows: dict[str, int] = field(default_factory=dict)
    blobs: int = 0
    bytes: int = 0


async def read_rows(connection: AsyncConnection) -> AsyncIterator[tuple[Table, list[Row]]]:
    """Every table's rows, owners before what hangs on them, in batches. Leases are left behind: jobs arrive free."""
    for table in metadata.sorted_tables:
        # What came in an archive is younger than the archive, whose row it refers to.
        query = select(table).order_by(documents.c.created_at) if table is documents else select(table)
        result = await connection.stream(query)
        async for batch in result.mappings().partitions(ROWS):
            rows = [dict(row) for row in batch]
            if table is jobs:
                rows = [row | {"owner": None, "lease_until": None} for row in rows]
            yield table, rows


async def write_rows(
    database: Database, connection: AsyncConnection, batches: AsyncIterator[tuple[Table, list[Row]]]
) -> dict[str, int]:
    """Inserts into an empty database and lets its sequences go on after the rows. Raises Conflict when it is not empty."""
    if await connection.scalar(select(func.count()).select_from(documents)):
        raise Conflict("The target holds documents already.", "Import into a new, empty installation.")
    counts = {table.name: 0 for table in metadata.sorted_tables}
    for table in reversed(metadata.sorted_tables):
        await connection.execute(table.delete())  # what a migration put into a fresh schema
    async for table, rows in batches:
        if rows:
            await connection.execute(insert(table), rows)
            counts[table.name] += len(rows)
    for table in metadata.sorted_tables:
        await database.go_on_after(connection, table)
    return counts


async def copy_database(source: Database, target: Database) -> dict[str, int]:
    """All or nothing: one moment of the source, one transaction of the target."""
    await target.connect()
    async with source.read() as reading, target.write() as writing:
        return await write_rows(target, writing, read_rows(reading))


async def copy_blobs(source: Blobs, target: Blobs, *, progress: Progress) -> tuple[int, int]:
    """(how many, their bytes). What the target has already is not sent again, so that a copy that broke off goes on."""
    there = set(await target.keys())
    keys = await source.keys()
    size = 0
    for done, key in enumerate(keys, start=1):
        data = await source.get(key)
        size += len(data)
        if key not in there:
            await target.put(key, data)
        if done % 100 == 0:
            progress(f"{done} of {len(keys)} files")
    return len(keys), size
