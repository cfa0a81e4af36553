"""Generator over any OpenAI-compatible endpoint: a cluster's model for an edge box."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

from rag.errors import DeadlineExceeded, Unavailable
from rag.model import Message, Token, Usage
from rag.runtime import deadline


class OpenAIGenerator:
    """`base_url` ends in /v1. Raises Unavailable and DeadlineExceeded."""

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        api_key: str = "",
        context_tokens: int = 4096,
        seconds: float = 120,
        retries: int = 2,
    ) -> None:
        """`seconds` may pass between two pieces of an answer."""
        self._base_url = base_url
        self._api_key = api_key
        self._seconds, self._retries = seconds, retries
        self.model = model
        self.context_tokens = context_tokens

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        import openai

        seconds = deadline.left(self._seconds)
        turns = cast(Any, [{"role": message.role, "content": message.content} for message in messages])
        async with openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key or "none",
            timeout=openai.Timeout(seconds, connect=min(seconds, 5)),
            max_retries=self._retries,
        ) as api:
            try:
                chunks = await api.chat.completions.create(
                    model=self.model,
                    messages=turns,
                    max_tokens=max_tokens,
                    temperature=temperature,
                    stop=list(stop) or None,
                    stream=True,
                    **response_format(schema),
                    stream_options={"include_usage": True},
                )
                async for chunk in chunks:
                    deadline.left(seconds)  # raises when the request has no time left
                    choice = chunk.choices[0] if chunk.choices else None
                    text = (choice.delta.content or "") if choice else ""
                    usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens) if chunk.usage else None
                    if text or usage or (choice and choice.finish_reason):
                        yield Token(text, choice.finish_reason if choice else None, usage)
            except openai.APITimeoutError as error:
                raise DeadlineExceeded(f"The model at {self._base_url} did not answer in time.") from error
            except openai.APIError as error:
                raise Unavailable(f"The model at {self._base_url} failed: {error.message}") from error


def response_format(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """The option for structured output; without a schema none is sent, since not every endpoint knows it."""
    if schema is None:
        return {}
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema)}}}
