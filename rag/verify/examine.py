"""All looks in their order, and the mending."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import RedwellError
from rag.ports import Blobs
from rag.store.backup import Backup
from rag.store.database import Database
from rag.verify.files import DatedBlobs, examine_files, examine_unfinished
from rag.verify.findings import Finding
from rag.verify.index import examine_index
from rag.verify.rows import examine_rows

ROUNDS = 8
"""Rows that hang on rows that hang on lost ones."""


@dataclass(frozen=True, slots=True)
class Outcome:
    finding: Finding
    mended: bool | None
    """None: nothing was tried."""
    why_not: str = ""


async def verify(
    database: Database,
    blobs: DatedBlobs,
    index: Path,
    *,
    now: float,
    repair: bool,
    shards: int = 1,
    backup: tuple[Backup, Blobs] | None = None,
) -> list[Outcome]:
    """What was found, and with `repair` what became of it. Safe while Redwell runs. `now`: seconds since 1970."""
    outcomes: list[Outcome] = []
    for _ in range(ROUNDS):
        found = [await _mended(one, repair) async for one in examine_rows(database)]
        outcomes += found
        if not repair or not found:
            break
    looks: tuple[AsyncIterator[Finding], ...] = (
        examine_files(database, blobs, now=now, backup=backup),
        examine_unfinished(blobs, now=now, mend=repair),
        examine_index(database, index, shards=shards),
    )
    for look in looks:
        outcomes += [await _mended(one, repair) async for one in look]
    return outcomes


async def _mended(finding: Finding, repair: bool) -> Outcome:
    if not repair or finding.mend is None:
        return Outcome(finding, None if finding.mend is not None else False if repair else None)
    try:
        return Outcome(finding, await finding.mend())
    except RedwellError as error:
        return Outcome(finding, False, error.detail)
