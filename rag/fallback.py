"""A model that may be away, and the one that answers meanwhile."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import structlog

from rag.errors import RedwellError
from rag.model import Message, Token
from rag.ports import Generator

log = structlog.get_logger(__name__)


class Circuit:
    """Open after `failures` in a row: nothing is asked for `seconds`. Then one request may try, and its outcome decides."""

    def __init__(self, *, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = failures, seconds, clock
        self._failures = 0
        self._closed_at: float | None = None
        """When the next request may try; None: closed, everything is asked."""

    @property
    def open(self) -> bool:
        return self._closed_at is not None

    def asks(self) -> bool:
        """Whether this request may ask. Where the circuit is open, true for the first one after each pause."""
        if self._closed_at is None:
            return True
        if self._clock() < self._closed_at:
            return False
        self._closed_at = self._clock() + self._seconds
        return True

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self._most:
            self._closed_at = self._clock() + self._seconds

    def succeeded(self) -> None:
        self._failures, self._closed_at = 0, None


class FallbackGenerator:
    """`first`, or `second` where that fails before its first word or is known to be away."""

    def __init__(self, first: Generator, second: Generator, circuit: Circuit) -> None:
        self._first, self._second, self._circuit = first, second, circuit
        self._answering = first

    @property
    def model(self) -> str:
        """Of a copy `for_request`: who answered."""
        return self._answering.model

    @property
    def context_tokens(self) -> int:
        """What fits into both."""
        return min(self._first.context_tokens, self._second.context_tokens)

    def for_request(self) -> FallbackGenerator:
        """A copy for one request, which knows afterwards who answered it; the circuit is everyone's."""
        return FallbackGenerator(self._first, self._second, self._circuit)

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        options: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "stop": stop, "schema": schema}
        if self._circuit.asks():
            begun = False
            try:
                async for token in self._first.stream(messages, **options):
                    begun = True
                    yield token
                self._circuit.succeeded()
                return
            except RedwellError as error:
                if error.status < 500:
                    raise
                self._circuit.failed()
                log.warning("model_away", model=self._first.model, code=error.code, detail=error.detail)
                if begun:
                    raise
        self._answering = self._second
        async for token in self._second.stream(messages, **options):
            yield token
