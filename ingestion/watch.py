"""Waiting for the next change: the operating system tells of local files, buckets are asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

POLL_SECONDS = 10.0
DEBOUNCE_MS = 400
"""A file that is still being written changes again within this time."""


@asynccontextmanager
async def watching(sources: Sequence[str], stop: asyncio.Event) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """The function that it gives returns when something under the sources may have changed since it last did, or at `stop`.

    Local folders are watched from the first moment of the block, so that nothing is missed while files are being loaded.
    """
    folders = {place for place in (watched(source) for source in sources if "://" not in source) if place}
    polled = not folders or any("://" in source for source in sources)
    came = asyncio.Event()
    watcher = asyncio.create_task(_watch(folders, stop, came)) if folders else None

    async def changed() -> None:
        waits = [asyncio.create_task(event.wait()) for event in (came, stop)]
        await asyncio.wait(waits, timeout=POLL_SECONDS if polled else None, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        came.clear()

    try:
        yield changed
    finally:
        if watcher is not None:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)


async def _watch(folders: set[str], stop: asyncio.Event, came: asyncio.Event) -> None:
    from watchfiles import awatch

    async for _ in awatch(*folders, stop_event=stop, debounce=DEBOUNCE_MS, ignore_permission_denied=True):
        came.set()


def watched(source: str) -> str | None:
    """The folder that has to be watched for a source: itself, or the one above its first pattern or its name."""
    path = Path(source)
    parts = path.parts
    magic = next((at for at, part in enumerate(parts) if set("*?[") & set(part)), None)
    if magic is not None:
        path = Path(*parts[:magic])
    found = path if path.is_dir() else path.parent
    return str(found) if found.is_dir() else None
