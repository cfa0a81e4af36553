"""A language model that never sees personal data: it is replaced in the prompt and put back into the answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rag.model import Message, Page, Source, Token
from rag.ports import EntityRecognizer, Generator
from rag.redaction.plan import plan
from rag.redaction.rules import USUAL, Countries

_MASK = re.compile(r"\[([A-Z_]+_\d+)\]")
_BEGUN = re.compile(r"\[[A-Z_]*(?:_\d*)?$")
"""The end of a text that may go on as a mask."""


@dataclass(slots=True)
class Masks:
    """Which mask stands for which text, over all messages of one request."""

    texts: dict[str, str] = field(default_factory=dict)
    _of: dict[tuple[str, str], str] = field(default_factory=dict)

    def mask(self, kind: str, text: str) -> str:
        key = kind, " ".join(text.casefold().split())
        if key not in self._of:
            number = 1 + sum(known == kind for known, _ in self._of)
            self._of[key] = f"{kind}_{number}"
            self.texts[self._of[key]] = " ".join(text.split())
        return f"[{self._of[key]}]"

    def restore(self, text: str) -> str:
        return _MASK.sub(lambda match: self.texts.get(match.group(1), match.group()), text)


class MaskedGenerator:
    """Wraps a generator. Masks are numbered a kind: '[PERSON_1] rents from [PERSON_2]'; the same text has one mask."""

    def __init__(
        self, inner: Generator, entities: EntityRecognizer, kinds: Sequence[str], countries: Countries = USUAL
    ) -> None:
        self._inner = inner
        self._entities = entities
        self._kinds = tuple(kinds)
        self._countries = countries

    @property
    def model(self) -> str:
        return self._inner.model

    @property
    def context_tokens(self) -> int:
        return self._inner.context_tokens

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        """Raises what the entity model and the generator raise: a prompt that cannot be masked is not sent."""
        masks = Masks()
        masked = await self._masked(messages, masks)
        waiting = ""
        pieces = self._inner.stream(masked, max_tokens=max_tokens, temperature=temperature, stop=stop, schema=schema)
        async for token in pieces:
            waiting += token.text
            begun = None if token.finish_reason else _BEGUN.search(waiting)
            ready, waiting = (waiting[: begun.start()], waiting[begun.start() :]) if begun else (waiting, "")
            if ready or token.finish_reason or token.usage:
                yield replace(token, text=masks.restore(ready))
        if waiting:
            yield Token(masks.restore(waiting))

    async def _masked(self, messages: Sequence[Message], masks: Masks) -> list[Message]:
        """Messages of users and of earlier turns; the system's are ours and hold nothing of documents."""
        pages = [
            Page(number, 0.0, 0.0, message.content, Source.TEXT_LAYER)
            for number, message in enumerate(messages, 1)
            if message.role != "system"
        ]
        named = await self._entities.recognize(pages)
        entities = [one for page in named for one in page]
        found = await asyncio.to_thread(plan, pages, entities, self._kinds, self._countries)
        result = []
        for number, message in enumerate(messages, 1):
            text, at = "", 0
            for one in (removal for removal in found if removal.page == number):
                text += message.content[at : one.start] + masks.mask(one.kind, one.text)
                at = one.end
            result.append(replace(message, content=text + message.content[at:]))
        return result
