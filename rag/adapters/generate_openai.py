"""Generator over any OpenAI-compatible endpoint: a cluster's model for an edge box."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from rag.errors import DeadlineExceeded, Unavailable
from rag.model import Message, Token, Usage
from rag.runtime import deadline
from rag.runtime.circuit import Call, Circuit

if TYPE_CHECKING:
    import openai


class OpenAIGenerator:
    """`base_url` ends in /v1. Raises Unavailable and DeadlineExceeded; CircuitOpen at once while the endpoint is known to be away."""

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
        self._circuit = Circuit(f"The model at {base_url}")

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
        with self._circuit.call() as call:
            try:
                async with openai.AsyncOpenAI(
                    base_url=self._base_url,
                    api_key=self._api_key or "none",
                    timeout=openai.Timeout(seconds, connect=min(seconds, 5)),
                    max_retries=self._retries,
                ) as api:
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
                    call.succeeded()
                    async for chunk in chunks:
                        deadline.left(seconds)  # raises when the request has no time left
                        choice = chunk.choices[0] if chunk.choices else None
                        text = (choice.delta.content or "") if choice else ""
                        usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens) if chunk.usage else None
                        if text or usage or (choice and choice.finish_reason):
                            yield Token(text, choice.finish_reason if choice else None, usage)
            except openai.APIError as error:
                _tell(call, error, hurried=seconds < self._seconds)
                if isinstance(error, openai.APITimeoutError):
                    raise DeadlineExceeded(f"The model at {self._base_url} did not answer in time.") from error
                raise Unavailable(f"The model at {self._base_url} failed: {error.message}") from error


def _tell(call: Call, error: openai.APIError, *, hurried: bool) -> None:
    """What a request that got no answer says about the endpoint. `hurried`: it had less time than one may take."""
    import openai

    if isinstance(error, openai.APIStatusError) and error.status_code < 500:
        call.succeeded()  # it is there, and does not like the request
    elif not (isinstance(error, openai.APITimeoutError) and hurried):
        call.failed()


def response_format(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """The option for structured output; without a schema none is sent, since not every endpoint knows it."""
    if schema is None:
        return {}
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema)}}}
