"""Waiting for the next change: the operating system tells of local files, buckets are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

POLL_SECONDS = 10.0
DEBOUNCE_MS = 400
"""A file that is still being written changes again within this time."""


async def changed(sources: Sequence[str], stop: asyncio.Event) -> None:
    """Returns when something under the sources may have changed, or when `stop` is set."""
    folders = {place for place in (watched(source) for source in sources if "://" not in source) if place}
    if not folders or any("://" in source for source in sources):
        try:
            await asyncio.wait_for(stop.wait(), POLL_SECONDS)
        except TimeoutError:
            return
        return
    from watchfiles import awatch

    async for _ in awatch(*folders, stop_event=stop, debounce=DEBOUNCE_MS, ignore_permission_denied=True):
        return


def watched(source: str) -> str | None:
    """The folder that has to be watched for a source: itself, or the one above its first pattern or its name."""
    path = Path(source)
    parts = path.parts
    magic = next((at for at, part in enumerate(parts) if set("*?[") & set(part)), None)
    if magic is not None:
        path = Path(*parts[:magic])
    found = path if path.is_dir() else path.parent
    return str(found) if found.is_dir() else None
