"""Who did what: one line a request. What was touched is noted where it is known, and written when the answer begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MOST_OBJECTS = 200
"""Of one line; `detail.more` says how many are not named."""


@dataclass(frozen=True, slots=True)
class Line:
    """`object`: ids of documents, jobs, keys and names of sets, joined by blanks."""

    tenant: str
    key_id: str
    action: str
    object: str
    status: int
    request_id: str
    detail: Mapping[str, Any] | None = None
    at: datetime | None = None
    id: int = 0


@dataclass(slots=True)
class Notes:
    """What a request has touched so far. It is shared by everything that works on the request."""

    objects: dict[str, None] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> str:
        return " ".join(list(self.objects)[:MOST_OBJECTS])

    @property
    def told(self) -> dict[str, Any] | None:
        more = len(self.objects) - MOST_OBJECTS
        return {**self.detail, **({"more": more} if more > 0 else {})} or None


_notes: ContextVar[Notes | None] = ContextVar("redwell_audit", default=None)


@contextmanager
def noting() -> Iterator[Notes]:
    notes = Notes()
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def noted(*objects: str, **detail: Any) -> None:
    """For the line of the request that this is done for, where there is one."""
    if (notes := _notes.get()) is not None:
        notes.objects |= dict.fromkeys(objects)
        notes.detail |= detail
