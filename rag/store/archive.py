"""`redwell export`: a whole installation as one tar file, and back.

    redwell.json            version of the format, number of rows of each table, number of blobs
    tables/NAME-N.jsonl     rows, one JSON object a line; bytes in base64, instants in microseconds
    blobs/KEY               originals and whatever else the blob store holds

The blobs come first and redwell.json last: a file that was cut off has none, and is refused.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary, Table

from rag.errors import DamagedFile
from rag.ports import Blobs
from rag.store.database import Database
from rag.store.schema import metadata
from rag.store.tables import Instant, instant, micros
from rag.store.transfer import Moved, Progress, Row, read_rows, write_rows

FORMAT = 1
MANIFEST = "redwell.json"
ORIGINALS = "blobs/originals/"


async def export_archive(database: Database, blobs: Blobs, target: Path, *, progress: Progress) -> Moved:
    """Write `target` (it appears when it is complete). Rows are of one moment; a document that is deleted meanwhile leaves a
    row without a blob, which `import` reports."""
    partial = target.with_name(f".{target.name}.partial")
    rows: dict[str, int] = {table.name: 0 for table in metadata.sorted_tables}
    size = 0
    try:
        with tarfile.open(partial, "w") as archive:
            async with database.read() as connection:
                number = 0
                async for table, batch in read_rows(connection):
                    text = "".join(json.dumps(_plain(table, row), ensure_ascii=False) + "\n" for row in batch)
                    _add(archive, f"tables/{table.name}-{number:06}.jsonl", text.encode())
                    rows[table.name] += len(batch)
                    number += 1
            keys = await blobs.keys()
            for done, key in enumerate(keys, start=1):
                data = await blobs.get(key)
                size += len(data)
                _add(archive, f"blobs/{key}", data)
                if done % 100 == 0:
                    progress(f"{done} of {len(keys)} files")
            manifest = {"format": FORMAT, "rows": rows, "blobs": len(keys)}
            _add(archive, MANIFEST, json.dumps(manifest, indent=2).encode())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return Moved(rows, len(keys), size)


async def import_archive(source: Path, database: Database, blobs: Blobs, *, progress: Progress) -> Moved:
    """Into an empty installation. Raises DamagedFile when the file is cut off or an original is not what its name says, and
    Conflict when there are documents. The rows come last and in one transaction: an import that fails can be run again."""
    try:
        with tarfile.open(source, "r") as archive:
            manifest = _manifest(archive)
            members = [member for member in archive.getmembers() if member.isfile()]
            stored = [member for member in members if member.name.startswith("blobs/")]
            if len(stored) != manifest["blobs"]:
                raise DamagedFile(f"'{source.name}' holds {len(stored)} of {manifest['blobs']} files.", _REMEDY)
            await database.connect()
            size = 0
            for done, member in enumerate(stored, start=1):
                data = _content(archive, member)
                if member.name.startswith(ORIGINALS) and hashlib.sha256(data).hexdigest() != Path(member.name).name:
                    raise DamagedFile(f"'{member.name}' in '{source.name}' is not what it was.", _REMEDY)
                await blobs.put(member.name.removeprefix("blobs/"), data)
                size += len(data)
                if done % 100 == 0:
                    progress(f"{done} of {len(stored)} files")
            async with database.write() as connection:
                rows = await write_rows(database, connection, _batches(archive, members))
                if rows != manifest["rows"]:
                    raise DamagedFile(f"'{source.name}' holds fewer rows than it says.", _REMEDY)
    except (tarfile.TarError, EOFError) as error:
        raise DamagedFile(f"'{source.name}' is no Redwell export, or cut off: {error}", _REMEDY) from error
    return Moved(rows, len(stored), size)


_REMEDY = "Export again; check that the file was copied completely."


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    try:
        found = json.loads(_content(archive, archive.getmember(MANIFEST)))
    except (KeyError, ValueError) as error:
        raise DamagedFile("The file has no redwell.json: it is no export, or cut off.", _REMEDY) from error
    if found.get("format") != FORMAT:
        raise DamagedFile(
            f"The export has format {found.get('format')}, this version reads {FORMAT}.", "Use its version."
        )
    known = {table.name for table in metadata.sorted_tables}
    unknown = {name for name, count in found["rows"].items() if count and name not in known}
    if unknown:
        raise DamagedFile(
            f"The export has tables of a newer version: {', '.join(sorted(unknown))}.", "Use that version."
        )
    found["rows"] = {name: found["rows"].get(name, 0) for name in known}
    return found


async def _batches(archive: tarfile.TarFile, members: list[tarfile.TarInfo]) -> AsyncIterator[tuple[Table, list[Row]]]:
    tables = {table.name: table for table in metadata.sorted_tables}
    for member in members:
        if member.name.startswith("tables/"):
            table = tables.get(Path(member.name).stem.rpartition("-")[0])
            if table is not None:
                yield table, [_row(table, json.loads(line)) for line in _content(archive, member).splitlines()]


def _plain(table: Table, row: Row) -> Row:
    plain = {}
    for column in table.columns:
        value = row[column.name]
        if value is not None and isinstance(column.type, Instant):
            value = micros(value)
        elif value is not None and isinstance(column.type, LargeBinary):
            value = base64.b64encode(value).decode()
        plain[column.name] = value
    return plain


def _row(table: Table, plain: Row) -> Row:
    """Columns that an older export did not know keep their default."""
    row: Row = {}
    for column in table.columns:
        if column.name in plain:
            value = plain[column.name]
            if value is not None and isinstance(column.type, Instant):
                value = instant(value)
            elif value is not None and isinstance(column.type, LargeBinary):
                value = base64.b64decode(value)
            row[column.name] = value
    return row


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None, "only files are asked for"
    return file.read()
