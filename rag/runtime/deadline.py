"""How long the work at hand may still take: set where a request comes in, asked for wherever it waits for something."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rag.errors import DeadlineExceeded

_UNTIL: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is done inside (tasks started there too) has this long; an earlier deadline around it stays."""
    until = time.monotonic() + seconds
    outer = _UNTIL.get()
    token = _UNTIL.set(until if outer is None else min(outer, until))
    try:
        yield
    finally:
        _UNTIL.reset(token)


def left(most: float) -> float:
    """Seconds that a wait may take: `most`, or what the deadline leaves of it. Raises DeadlineExceeded when that is nothing."""
    until = _UNTIL.get()
    if until is None:
        return most
    remaining = until - time.monotonic()
    if remaining <= 0:
        raise DeadlineExceeded("The time that the request gave is over.", "Give it more time, or ask for less.")
    return min(most, remaining)
