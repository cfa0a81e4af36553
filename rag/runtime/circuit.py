"""Calls of a part that may be down: few retries, and none at all while it is known to be down.

A circuit is closed while calls go through. After `failures` that followed one another it is open: calls fail at once, which
spares the caller the wait and the part the load. After `open_seconds` one call is let through (half-open): it closes the
circuit or opens it again.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog

from rag.errors import CircuitOpen, DeadlineExceeded, RedwellError, Unavailable
from rag.runtime import deadline

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Unreached(Exception):
    """The call did not get through: another replica may take it. Carries what is raised when none does."""

    def __init__(self, error: Unavailable) -> None:
        super().__init__(error)
        self.error = error


@dataclass(slots=True)
class RetryBudget:
    """Retries as a share of the calls, so that an outage does not multiply them: a bucket of tokens."""

    share: float = 0.2
    most: float = 30.0
    """Retries at once, of what was under way when a replica died."""
    tokens: float = 30.0

    def called(self) -> None:
        self.tokens = min(self.most, self.tokens + self.share)

    def take(self) -> bool:
        if self.tokens < 0.999:  # shares add up to a little less
            return False
        self.tokens -= 1
        return True


class Call:
    """One call through a circuit. The first word about the part counts, at once; a call that was cancelled, or had too little
    time, ends without one: nothing is known then."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit: Circuit | None = circuit

    def succeeded(self) -> None:
        if self._circuit:
            self._circuit.succeeded()
        self._circuit = None

    def failed(self) -> None:
        if self._circuit:
            self._circuit.failed()
        self._circuit = None


class Circuit:
    """Of one part, in one process. `clock`: seconds, monotonic."""

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        open_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._most, self._seconds, self._clock = name, failures, open_seconds, clock
        self._failed = 0
        self._until = 0.0
        self._trying = False

    @property
    def open(self) -> bool:
        return self._failed >= self._most

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Around one call, which says what it learns. Raises CircuitOpen while nothing is let through."""
        tries = self.open
        if tries:
            wait = self._until - self._clock()
            if wait > 0 or self._trying:
                raise CircuitOpen(f"{self._name} is down.", "", max(1, math.ceil(wait)))
            self._trying = True
        call = Call(self)
        try:
            yield call
        finally:
            if tries:
                self._trying = False

    def succeeded(self) -> None:
        if self.open:
            log.info("circuit_closed", part=self._name)
        self._failed = 0

    def failed(self) -> None:
        self._failed += 1
        if self.open:
            self._until = self._clock() + self._seconds
            log.warning("circuit_open", part=self._name, seconds=self._seconds)


class Guard:
    """A circuit, a budget of retries and the request's deadline around the calls of one part."""

    def __init__(self, name: str, *, attempts: int = 4, circuit: Circuit | None = None) -> None:
        self._attempts = attempts
        self._budget = RetryBudget()
        self.circuit = circuit or Circuit(name)

    async def call(self, once: Callable[[float], Awaitable[T]], seconds: float) -> T:
        """`once` gets the seconds that it may take; it raises Unreached to be tried again.

        Errors that the part itself raises are answers: they pass through and leave the circuit closed.
        """
        with self.circuit.call() as call:
            self._budget.called()
            for attempt in range(self._attempts):
                given = deadline.left(seconds)
                try:
                    result = await once(given)
                except Unreached as unreached:
                    if attempt + 1 == self._attempts or not self._budget.take():
                        call.failed()
                        raise unreached.error from unreached
                    await asyncio.sleep(min(deadline.left(seconds), 0.2 * 2**attempt))
                except DeadlineExceeded:
                    if given >= seconds:  # it had all the time that it may have: nobody was only impatient
                        call.failed()
                    raise
                except RedwellError:
                    call.succeeded()
                    raise
                else:
                    call.succeeded()
                    return result
            raise AssertionError("the loop returns or raises")
