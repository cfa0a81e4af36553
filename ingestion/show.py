"""What a job shows while it runs: live bars on a terminal, plain lines in a pipe, JSON events with --json."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import typer

from rag.intake.ingestions import Progress

Tell = Callable[[str, Progress], None]
LINE_SECONDS = 10.0
STAGES = ("read", "ocr", "entities", "classify", "summary")


@contextmanager
def shown(ingestion_id: str, *, json: bool) -> Iterator[Tell]:
    """How to tell the progress of a job; chosen by where standard error goes."""
    if json:
        yield _events(ingestion_id)
    elif sys.stderr.isatty():
        with _bars() as tell:
            yield tell
    else:
        yield _lines()


def rate(progress: Progress, seconds: float) -> tuple[float, float | None]:
    """(pages a second, seconds left). The rest is unknown until something is done."""
    pages = progress.pages_read / seconds if seconds > 0 else 0.0
    left = progress.files - progress.ended
    if not progress.ended or not left:
        return pages, 0.0 if not left else None
    return pages, seconds * left / progress.ended


def line(doing: str, progress: Progress, seconds: float) -> str:
    """One line for people: what, how far, how fast, what failed."""
    pages, left = rate(progress, seconds)
    parts = [
        f"{doing}: {progress.ended} of {progress.files} files",
        f"{progress.pages_read} pages",
        f"{pages:.1f} pages/s",
    ]
    if progress.failed or progress.partial:
        parts.append(f"{progress.failed} failed, {progress.partial} partial")
    if left:
        parts.append(f"{clock(left)} left")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _events(ingestion_id: str) -> Tell:
    started = time.monotonic()
    last: list[Any] = [None]

    def tell(doing: str, progress: Progress) -> None:
        event = {"job": ingestion_id, "doing": doing, **asdict(progress)}
        if event != last[0]:
            last[0] = event
            typer.echo(json.dumps({**event, "seconds": round(time.monotonic() - started, 2)}))

    return tell


def _lines() -> Tell:
    started = time.monotonic()
    told: list[Any] = [0.0, ""]

    def tell(doing: str, progress: Progress) -> None:
        now = time.monotonic()
        if doing != told[1] or now - told[0] >= LINE_SECONDS:
            told[:] = [now, doing]
            typer.echo(line(doing, progress, now - started), err=True)

    return tell


@contextmanager
def _bars() -> Iterator[Tell]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    from rag.commands.common import stderr

    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    started = time.monotonic()
    with Bars(*columns, TimeElapsedColumn(), console=stderr()) as bars:
        files = bars.add_task("files", total=None, note="")
        pages = bars.add_task("pages", total=None, note="")
        rows = {stage: bars.add_task(stage, total=None, note="", visible=False) for stage in STAGES}

        def tell(doing: str, progress: Progress) -> None:
            speed, left = rate(progress, time.monotonic() - started)
            failed = f"  {progress.failed} failed" if progress.failed else ""
            note = f"{doing}{failed}" + (f"  {clock(left)} left" if left else "")
            bars.update(files, total=progress.files or None, completed=progress.ended, note=note)
            bars.update(
                pages, total=progress.pages or None, completed=progress.pages_read, note=f"{speed:.1f} a second"
            )
            for stage, row in rows.items():
                count = progress.stages.get(stage, 0)
                bars.update(
                    row, total=progress.running or None, completed=count, note="files here now", visible=count > 0
                )

        yield tell
