"""A model that may be away, and the one that answers meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import structlog

from rag.errors import CircuitOpen, RedwellError
from rag.model import Message, Token
from rag.ports import Generator
from rag.runtime.circuit import Circuit

log = structlog.get_logger(__name__)


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
        try:
            self._circuit.enter()
            asks = True
        except CircuitOpen:
            asks = False
        if asks:
            begun = told = False
            try:
                async for token in self._first.stream(messages, **options):
                    begun = True
                    yield token
                told = True
                self._circuit.succeeded()
                return
            except RedwellError as error:
                told = error.status >= 500
                if not told:
                    raise
                self._circuit.failed()
                log.warning("model_away", model=self._first.model, code=error.code, detail=error.detail)
                if begun:
                    raise
            finally:
                if not told:  # cancelled, or refused: nothing is known about the model
                    self._circuit.left()
        self._answering = self._second
        async for token in self._second.stream(messages, **options):
            yield token
