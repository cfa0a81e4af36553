"""Which language model drafts an answer: the one that was asked for, the one in charge, or a candidate's share.

What a candidate fails to begin the stable model answers instead, so nobody who asks sees it; it is counted all the same.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from rag.errors import RedwellError
from rag.model import Message, Token
from rag.ports import Generator
from rag.rollouts.judge import FAILED, Arm, bucket_of

log = structlog.get_logger(__name__)

SHADOWS_AT_ONCE = 2
Counted = Callable[[Arm, int], Awaitable[None]]


class AnsweringModels:
    """Generators by the names that requests call them; and the copies of requests that are under way in the shadow."""

    def __init__(self, named: Mapping[str, Generator] | None = None, *, shadows_at_once: int = SHADOWS_AT_ONCE) -> None:
        self.named = dict(named or {})
        self._shadows: set[asyncio.Task[None]] = set()
        self._at_once = shadows_at_once

    def cast(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begin a copy beside the request. Where enough are under way it is left out: a shadow must not slow answers."""
        if len(self._shadows) < self._at_once:
            task = asyncio.create_task(_quietly(work))
            self._shadows.add(task)
            task.add_done_callback(self._shadows.discard)

    async def settled(self) -> None:
        """Wait until no shadow is under way."""
        await asyncio.gather(*self._shadows)


class CountedArm:
    """One request's generator in a rollout: its outcome is counted; `instead` answers where it fails before its first word."""

    def __init__(self, generator: Generator, arm: Arm, counted: Counted, instead: Generator | None = None) -> None:
        self._generator, self._arm, self._counted, self._instead = generator, arm, counted, instead
        self._answering = generator

    @property
    def model(self) -> str:
        """Who answered, once it did."""
        return self._answering.model

    @property
    def context_tokens(self) -> int:
        return self._generator.context_tokens

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
        started, begun = time.perf_counter(), False
        try:
            async for token in self._generator.stream(messages, **options):
                begun = True
                yield token
        except RedwellError as error:
            if error.status < 500:
                raise
            await self._counted(self._arm, FAILED)
            if begun or self._instead is None:
                raise
        else:
            await self._counted(self._arm, bucket_of(time.perf_counter() - started))
            return
        self._answering = self._instead
        async for token in self._instead.stream(messages, **options):
            yield token


class ShadowedGenerator:
    """The stable model answers; when it is through, the candidate gets the same prompt, unseen."""

    def __init__(self, stable: Generator, candidate: Generator, models: AnsweringModels, counted: Counted) -> None:
        self._stable = CountedArm(stable, Arm.STABLE, counted)
        self._candidate, self._models, self._counted = candidate, models, counted

    @property
    def model(self) -> str:
        return self._stable.model

    @property
    def context_tokens(self) -> int:
        return self._stable.context_tokens

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
        text = ""
        async for token in self._stable.stream(messages, **options):
            text += token.text
            yield token

        async def shadow() -> None:
            copy = CountedArm(self._candidate, Arm.CANDIDATE, self._counted)
            said = "".join([token.text async for token in copy.stream(messages, **options)])
            await self._counted(Arm.AGREEMENT, round(10 * shared_words(text, said)))

        self._models.cast(shadow)


def shared_words(one: str, other: str) -> float:
    """Words that both texts have, as a share of all (Jaccard): 1.0 for equal ones."""
    first, second = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    return len(first & second) / len(first | second) if first | second else 1.0


async def _quietly(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except RedwellError as error:
        log.warning("shadow_failed", code=error.code, detail=error.detail)
