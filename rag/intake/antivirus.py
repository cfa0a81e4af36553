"""Files are shown to a virus scanner before anything else is done with them, where there is one (docs/access.md)."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import structlog

from rag.adapters.antivirus_clamd import Clamd
from rag.errors import InvalidInput, TooLarge, Unavailable
from rag.ports import Blobs
from rag.sections.guarding import Antivirus

log = structlog.get_logger(__name__)


QUARANTINE = "quarantine/"


class Infected(InvalidInput):
    """A virus scanner found something in the file."""

    code = "infected"
    default_remedy = "It was not taken. Have the machine that it comes from looked at."


def quarantined(sha256: str) -> str:
    """Key of the blob that an infected file is kept as, apart from all that is read."""
    return f"{QUARANTINE}{sha256[:2]}/{sha256}"


async def check_clean(source: Path | bytes, filename: str, settings: Antivirus) -> None:
    """Nothing without a scanner. Raises Infected; Unavailable and TooLarge where what was not scanned is not taken."""
    if not settings.address:
        return
    try:
        found = await asyncio.to_thread(_scan, source, Clamd(settings.address, seconds=settings.seconds))
    except (Unavailable, TooLarge) as error:
        if settings.fail_closed:
            raise
        log.warning("not_scanned", detail=error.detail)
        return
    if found is not None:
        log.warning("infected", found=found)
        raise Infected(f"'{filename}' holds {found[:100]}.")


async def check_upload(path: Path, sha256: str, filename: str, settings: Antivirus, blobs: Blobs) -> None:
    """As `check_clean`; what is infected is kept in quarantine where the settings say so."""
    try:
        await check_clean(path, filename, settings)
    except Infected:
        if settings.keep:
            await blobs.put(quarantined(sha256), await asyncio.to_thread(path.read_bytes))
        raise


def _scan(source: Path | bytes, scanner: Clamd) -> str | None:
    if isinstance(source, bytes):
        return scanner.scan(io.BytesIO(source))
    with source.open("rb") as file:
        return scanner.scan(file)
