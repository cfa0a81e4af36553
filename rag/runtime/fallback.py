"""A model that may be away, and the one that answers meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import structlog

from rag.errors import RedwellError
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
        begun = False
        try:
            with self._circuit.call() as call:
                try:
                    async for token in self._first.stream(messages, **options):
                        begun = True
                        yield token
                except RedwellError as error:
                    if error.status >= 500:
                        call.failed()
                        log.warning("model_away", model=self._first.model, code=error.code, detail=error.detail)
                    raise
                call.succeeded()
                return
        except RedwellError as error:
            if begun or error.status < 500:
                raise
        self._answering = self._second
        async for token in self._second.stream(messages, **options):
            yield token
