"""`redwell backup`, `restore` and `verify`: that nothing gets lost, and how to look."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from rag.commands.common import ConfigFile, Json, ProfileName, as_json, reported, stderr, stdout

if TYPE_CHECKING:
    from rag.ports import Blobs
    from rag.services import State
    from rag.settings import Settings
    from rag.verify.examine import Outcome

T = TypeVar("T")
Place = Annotated[str, typer.Argument(help="A folder, or a URL: s3://bucket/backups/redwell")]


def backup(dest: Place, profile: ProfileName = "cpu", config: ConfigFile = None) -> None:
    """Write documents, rows and originals to a folder or bucket, also while Redwell runs. Again: only what is new is copied."""
    from rag.store.backup import back_up

    async def work(state: State, settings: Settings) -> None:
        made, new = await back_up(state.database, state.blobs, _store(dest), progress=_progress)
        stdout().print(f"backed up: {made.documents} documents, {len(made.files)} files, {new} of them new")
        for key in made.missing:
            stderr().print(f"the library itself lacks {key}: see `redwell verify`", style="red", markup=False)
        if made.missing:
            raise typer.Exit(1)

    _with_state(work, profile, config)


def restore(src: Place, profile: ProfileName = "cpu", config: ConfigFile = None) -> None:
    """Fill an empty installation from a backup, every file checked. Start Redwell afterwards: the index is made of the rows."""
    from rag.store.backup import restore as bring_back

    async def work(state: State, settings: Settings) -> None:
        found = await bring_back(_store(src), state.database, state.blobs, progress=_progress)
        # Snapshots of an index that was here before are of other rows.
        await asyncio.to_thread(shutil.rmtree, _index(settings), ignore_errors=True)
        stdout().print(f"restored: {found.documents} documents, {len(found.files)} files, as of {found.made_at}")

    _with_state(work, profile, config)


def verify(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    source: Annotated[
        str | None, typer.Option("--from", help="A backup to bring missing and altered files back from.")
    ] = None,
    json: Json = False,
    profile: ProfileName = "cpu",
    config: ConfigFile = None,
) -> None:
    """Compare rows, files and index snapshots; also while Redwell runs. Exit code 1: something is wrong, and not mended."""
    from rag.verify.examine import verify as examine

    async def work(state: State, settings: Settings) -> list[Outcome]:
        from rag.store.backup import opened
        from rag.store.blobs import FsspecBlobs

        where = FsspecBlobs(settings.blobs_url)
        options: dict[str, Any] = {"now": time.time(), "repair": repair, "shards": settings.retrieval.shards}
        if source is None:
            return await examine(state.database, where, _index(settings), **options)
        async with opened(_store(source)) as (found, _):
            return await examine(state.database, where, _index(settings), backup=(found, _store(source)), **options)

    outcomes = _with_state(work, profile, config)
    left = [one for one in outcomes if not one.mended]
    if json:
        rows = [
            {
                "damage": one.finding.damage.value,
                "subject": one.finding.subject,
                "detail": one.finding.detail,
                "mended": one.mended,
                "remedy": "" if one.mended else one.why_not or one.finding.remedy,
            }
            for one in outcomes
        ]
        stdout().print(as_json({"findings": rows, "left": len(left)}), markup=False)
    else:
        _show(outcomes)
    if left:
        raise typer.Exit(1)


def _show(outcomes: list[Outcome]) -> None:
    from rich.table import Table

    if not outcomes:
        stdout().print("rows, files and index agree")
        return
    table = Table("damage", "what", "detail", "state", box=None)
    for one in outcomes:
        state = "mended" if one.mended else one.why_not or one.finding.remedy
        table.add_row(*(_plain(text) for text in (one.finding.damage, one.finding.subject, one.finding.detail, state)))
    stdout().print(table)
    mended = sum(bool(one.mended) for one in outcomes)
    stdout().print(f"{len(outcomes)} found, {mended} mended, {len(outcomes) - mended} left")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _with_state(work: Callable[[State, Settings], Awaitable[T]], profile: str, config: Path | None) -> T:
    from rag.services import open_state
    from rag.settings import load

    async def whole(settings: Settings) -> T:
        state = open_state(settings)
        await state.database.connect()
        try:
            return await work(state, settings)
        finally:
            await state.database.close()

    with reported():
        return asyncio.run(whole(load(profile, file=config)))


def _store(place: str) -> Blobs:
    from rag.store.blobs import FsspecBlobs

    return FsspecBlobs(place if "://" in place else str(Path(place).resolve()))


def _index(settings: Settings) -> Path:
    return settings.data_dir.resolve() / "index"


def _progress(line: str) -> None:
    stderr().print(line, markup=False)
