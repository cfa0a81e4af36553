"""`redwell export`, `import` and `migrate`: a whole installation to another place, without reading a document again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.commands.common import ConfigFile, ProfileName, reported, stderr, stdout

if TYPE_CHECKING:
    from rag.services import State
    from rag.store.transfer import Moved


def export(
    file: Annotated[Path, typer.Argument(help="The tar file to write.")],
    profile: ProfileName = "cpu",
    config: ConfigFile = None,
) -> None:
    """Write documents, analyses, index rows and originals into one file. Works while Redwell runs."""
    from rag.store.archive import export_archive

    with reported():
        state = _state(profile, config)
        _report("exported", _run(state, export_archive(state.database, state.blobs, file, progress=_progress)))


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `redwell export` wrote.")],
    profile: ProfileName = "cpu",
    config: ConfigFile = None,
) -> None:
    """Fill an empty installation from such a file: any database, any blob store. Start Redwell afterwards."""
    from rag.store.archive import import_archive

    with reported():
        state = _state(profile, config)
        _report("imported", _run(state, import_archive(file, state.database, state.blobs, progress=_progress)))


def migrate(
    database: Annotated[
        str, typer.Option(help="postgresql+asyncpg://user:password@host/name", envvar="REDWELL_TO_DATABASE")
    ],
    blobs: Annotated[
        str | None, typer.Option(help="Where originals go, e.g. s3://bucket/prefix; left out, they stay.")
    ] = None,
    profile: ProfileName = "cpu",
    config: ConfigFile = None,
) -> None:
    """Copy the library to another database (and blob store), all or nothing. Stop Redwell first: what comes in later is not copied."""
    from rag.store.blobs import FsspecBlobs
    from rag.store.database import Database
    from rag.store.transfer import Moved, copy_blobs, copy_database

    async def move(state: State) -> Moved:
        target = Database(database)
        count, size = 0, 0
        if blobs:
            count, size = await copy_blobs(state.blobs, FsspecBlobs(blobs), progress=_progress)
        try:
            return Moved(await copy_database(state.database, target), count, size)
        finally:
            await target.close()

    with reported():
        state = _state(profile, config)
        _report("copied", _run(state, move(state)))
        stdout().print("Now set REDWELL_STORAGE__DATABASE (and REDWELL_STORAGE__BLOBS) and start Redwell.")


def _state(profile: str, config: Path | None) -> State:
    from rag.services import open_state
    from rag.settings import load

    return open_state(load(profile, file=config))


def _run(state: State, work: Coroutine[Any, Any, Moved]) -> Moved:
    async def whole() -> Moved:
        try:
            await state.database.connect()
            return await work
        finally:
            await state.database.close()

    return asyncio.run(whole())


def _progress(line: str) -> None:
    stderr().print(line, markup=False)


def _report(verb: str, moved: Moved) -> None:
    documents, chunks = moved.rows.get("documents", 0), moved.rows.get("chunks", 0)
    stdout().print(
        f"{verb}: {documents} documents, {chunks} chunks, {moved.blobs} files ({moved.bytes / 2**20:.1f} MiB)"
    )
