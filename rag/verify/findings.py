"""What is wrong, one value each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Damage(StrEnum):
    MISSING = "missing file"
    ALTERED = "altered file"
    ORPHANED = "orphaned file"
    UNFINISHED = "unfinished files"
    PARENTLESS = "rows without parents"
    IDLE = "document without a job"
    UNEMBEDDED = "chunks without vectors"
    MISNAMED = "passages under another name"
    STALE = "stale index rows"
    SNAPSHOT = "damaged snapshot"


@dataclass(frozen=True, slots=True)
class Finding:
    damage: Damage
    subject: str
    """A blob's key, a document's id, a table, a snapshot."""
    detail: str
    remedy: str = ""
    """What a person does where `mend` is None or did not do."""
    mend: Callable[[], Awaitable[bool]] | None = field(default=None, repr=False, compare=False)
    """True when it is mended. Calling it again does no harm."""
