"""`redwell backup`: a folder (or a bucket) that holds everything, made while Redwell runs, and brought up to date by running it again.

    redwell.json                  format, when, sums: of the database and of every file
    database-<sum>.sqlite3        the rows of one moment, whatever database they came from
    blobs/KEY                     originals and their copies

Files come first, then the rows, then the files that came in between: nothing that a row names is missing, unless its document was
deleted in that moment, and then the rows are read again. redwell.json is written last, and an older backup in the same place is
whole until then.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic.util import CommandError
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from rag import __version__
from rag.errors import Conflict, DamagedFile, NotFound, RedwellError
from rag.intake import originals
from rag.ports import Blobs
from rag.store.database import Database
from rag.store.tables import changes, documents
from rag.store.transfer import Progress, copy_database, read_rows, write_rows

FORMAT = 1
MANIFEST = "redwell.json"
ROUNDS = 5
FRESH = 1_000_000_000
"""Change numbers of a restored library go on this far on: indexes of the time that was lost read everything again."""
_REMEDY = "Use another backup, or copy this one again from where it was made."


@dataclass(frozen=True, slots=True)
class Backup:
    """What redwell.json says. `files` is key -> SHA-256."""

    made_at: str
    database: str
    database_sha256: str
    documents: int
    files: Mapping[str, str]
    format: int = FORMAT
    version: str = __version__
    missing: tuple[str, ...] = ()
    """Files that rows name and the library itself did not have."""


@dataclass(slots=True)
class _Copied:
    sums: dict[str, str] = field(default_factory=dict)
    new: int = 0
    bytes: int = 0


async def back_up(database: Database, blobs: Blobs, target: Blobs, *, progress: Progress) -> tuple[Backup, int]:
    """The backup, and how many files were new to it. Raises Unavailable when a place cannot be written or read."""
    before = await _read(target)
    there = set(await target.keys("blobs/"))
    copied = _Copied({key: sha for key, sha in (before.files if before else {}).items() if f"blobs/{key}" in there})
    await _copy(await blobs.keys("originals/"), blobs, target, copied, progress)
    with TemporaryDirectory(prefix="redwell-backup-") as folder:
        rows = Path(folder) / "rows.sqlite3"
        for _ in range(ROUNDS):
            await _copy_rows(database, rows)
            named, count = await asyncio.to_thread(_named, rows)
            kept = sorted(named & set(await blobs.keys()))
            await _copy(kept, blobs, target, copied, progress)
            lacking = sorted(key for key in named - set(copied.sums) if key.startswith("originals/"))
            if not await _deleted_meanwhile(database, lacking):
                break
        sha256 = await asyncio.to_thread(_sum, rows)
        made = Backup(
            datetime.now(UTC).isoformat(timespec="seconds"),
            f"database-{sha256[:16]}.sqlite3",
            sha256,
            count,
            {key: copied.sums[key] for key in kept if key in copied.sums},
            missing=tuple(lacking),
        )
        await target.put_file(made.database, rows)
    await target.put(MANIFEST, json.dumps(asdict(made), indent=1).encode())
    wanted = {MANIFEST, made.database, *(f"blobs/{key}" for key in made.files)}
    for key in await target.keys():
        if key not in wanted and (key.startswith("blobs/") or key.startswith("database-")):
            await target.delete(key)
    return made, copied.new


async def restore(source: Blobs, database: Database, blobs: Blobs, *, progress: Progress) -> Backup:
    """Into an empty installation: files first, each checked, then all rows in one transaction.

    Raises DamagedFile when a part is missing or altered, and Conflict when there are documents. One that broke off can be run
    again. Indexes are to be made anew: `rag.store.backup.FRESH` makes those that are left read everything.
    """
    async with opened(source) as (backup, rows):
        await database.connect()
        async with database.read() as connection:
            if await connection.scalar(select(func.count()).select_from(documents)):
                raise Conflict("The target holds documents already.", "Restore into a new, empty installation.")
        for done, (key, sha256) in enumerate(backup.files.items(), start=1):
            await blobs.put(key, await checked_file(source, key, sha256))
            if done % 100 == 0:
                progress(f"{done} of {len(backup.files)} files")
        async with rows.read() as reading, database.write() as writing:
            await write_rows(database, writing, read_rows(reading))
            await _go_on_far_ahead(database, writing)
        return backup


@asynccontextmanager
async def opened(source: Blobs) -> AsyncIterator[tuple[Backup, Database]]:
    """The backup and its rows, at this version's schema. Raises DamagedFile."""
    backup = await _read(source)
    if backup is None:
        raise DamagedFile("There is no backup here: redwell.json is missing.", _REMEDY)
    try:
        data = await source.get(backup.database)
    except NotFound as error:
        raise DamagedFile(f"The backup has no '{backup.database}'.", _REMEDY) from error
    if hashlib.sha256(data).hexdigest() != backup.database_sha256:
        raise DamagedFile(f"'{backup.database}' in the backup is not what was written.", _REMEDY)
    with TemporaryDirectory(prefix="redwell-restore-") as folder:
        path = Path(folder) / "rows.sqlite3"
        await asyncio.to_thread(path.write_bytes, data)
        rows = Database(f"sqlite+aiosqlite:///{path}")
        try:
            await rows.connect()
            yield backup, rows
        except CommandError as error:
            raise DamagedFile(f"The backup is of version {backup.version}.", "Restore it with that version.") from error
        finally:
            await rows.close()


async def checked_file(source: Blobs, key: str, sha256: str) -> bytes:
    """Bytes of a file of the backup. Raises DamagedFile."""
    try:
        data = await source.get(f"blobs/{key}")
    except NotFound as error:
        raise DamagedFile(f"The backup lacks '{key}'.", _REMEDY) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamagedFile(f"'{key}' in the backup is not what was written.", _REMEDY)
    return data


async def _read(target: Blobs) -> Backup | None:
    """None where there is none. Raises DamagedFile."""
    try:
        found: dict[str, Any] = json.loads(await target.get(MANIFEST))
        backup = Backup(**{**found, "missing": tuple(found.get("missing", ()))})
    except NotFound:
        return None
    except (ValueError, TypeError) as error:
        raise DamagedFile("redwell.json of the backup cannot be read.", _REMEDY) from error
    if backup.format != FORMAT:
        raise DamagedFile(f"The backup has format {backup.format}, this version reads {FORMAT}.", "Use its version.")
    return backup


async def _copy(keys: list[str], source: Blobs, target: Blobs, copied: _Copied, progress: Progress) -> None:
    """What the target has already is not sent again: originals are named by their content."""
    for key in keys:
        if key in copied.sums:
            continue
        try:
            data = await source.get(key)
        except NotFound:
            continue  # deleted meanwhile; `back_up` looks whether a row still names it
        await target.put(f"blobs/{key}", data)
        copied.sums[key] = hashlib.sha256(data).hexdigest()
        copied.new, copied.bytes = copied.new + 1, copied.bytes + len(data)
        if copied.new % 100 == 0:
            progress(f"{copied.new} files copied, {copied.bytes / 2**20:.0f} MiB")


async def _copy_rows(database: Database, path: Path) -> None:
    """All rows of one moment as a SQLite file without a journal beside it."""
    await asyncio.to_thread(path.unlink, missing_ok=True)
    if database.file is not None:
        await asyncio.to_thread(_copy_sqlite, database.file, path)
        return
    target = Database(f"sqlite+aiosqlite:///{path}")
    try:
        await copy_database(database, target)
    finally:
        await target.close()
    await asyncio.to_thread(_one_file, path)


def _copy_sqlite(source: Path, path: Path) -> None:
    if not source.is_file():
        raise NotFound(f"There is no database at {source}.", "Check `data_dir` and the profile.")
    old, new = sqlite3.connect(source, timeout=30), sqlite3.connect(path)
    try:
        old.backup(new)
    except sqlite3.Error as error:
        raise RedwellError(f"The database cannot be copied: {error}", "Run `redwell verify`.") from error
    finally:
        new.close()
        old.close()
    _one_file(path)


def _one_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        [result] = connection.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    if result != "ok":
        raise DamagedFile(f"The database is damaged: {result}", "Restore the last good backup.")


def _named(path: Path) -> tuple[set[str], int]:
    """Keys of blobs that rows may name, and the number of documents."""
    connection = sqlite3.connect(path)
    try:
        sums = [row[0] for row in connection.execute("SELECT DISTINCT sha256 FROM documents")]
        [count] = connection.execute("SELECT count(*) FROM documents").fetchone()
    finally:
        connection.close()
    keys = [originals.original(sha256) for sha256 in sums]
    return {one for key in keys for one in (key, *originals.copies(key))}, count


async def _deleted_meanwhile(database: Database, lacking: list[str]) -> bool:
    """Whether some of these originals are named by no document any more."""
    for key in lacking:
        async with database.read() as connection:
            query = select(documents.c.id).where(documents.c.sha256 == key.rpartition("/")[2]).limit(1)
            if await connection.scalar(query) is None:
                return True
    return False


async def _go_on_far_ahead(database: Database, connection: AsyncConnection) -> None:
    """Forget the changes: their numbers may be used a second time, by other changes than those that an index saw."""
    last = (await connection.execute(select(changes).order_by(changes.c.seq.desc()).limit(1))).first()
    if last is None:
        return
    await connection.execute(delete(changes))
    row = {"seq": last.seq + FRESH, "op": last.op, "document_id": last.document_id, "collection": last.collection}
    await connection.execute(insert(changes), [row])
    await database.go_on_after(connection, changes)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
