"""What vLLM's engine writes to a chat, piece by piece. Imported where an engine runs: it needs vLLM."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from vllm import SamplingParams, TokensPrompt
from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.exceptions import EngineDeadError

from rag.errors import InvalidInput, Unavailable

Piece = tuple[str, str | None, int, int]
"""Text, why it ended (None: it goes on), tokens read, tokens written; both counts are 0 until it has ended."""
FROM_THE_MODEL = ("repetition_penalty", "top_p", "top_k", "min_p")
"""What its generation_config.json may set for all requests."""


class Writer:
    """One engine, and what its model sets for all requests: read once, since vLLM reads it from its file, or from the hub, each time."""

    def __init__(self, engine: AsyncLLM) -> None:
        self._engine = engine
        own = engine.model_config.get_diff_sampling_param()
        self._defaults = {name: own[name] for name in FROM_THE_MODEL if name in own}

    async def written(
        self,
        turns: Sequence[Mapping[str, str]],
        *,
        max_tokens: int,
        temperature: float,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
        lora: Any = None,
    ) -> AsyncGenerator[Piece, None]:
        """The engine stops writing when this is closed. Raises InvalidInput for what the model cannot read, Unavailable when the engine ended.

        Asked without vLLM's OpenAI server: its requests, chunks and their JSON took half of the CPU that a request costs beside its model.
        """
        conversation: list[Any] = list(turns)
        given: Any = self._engine.get_tokenizer().apply_chat_template(
            conversation, add_generation_prompt=True, return_dict=False
        )
        options = SamplingParams(
            max_tokens=max_tokens,
            temperature=temperature,
            stop=list(stop) or None,
            structured_outputs=StructuredOutputsParams(json=dict(schema)) if schema else None,
            output_kind=RequestOutputKind.DELTA,
            **self._defaults,
        )
        count = 0
        try:
            made = self._engine.generate(TokensPrompt(prompt_token_ids=given), options, uuid4().hex, lora_request=lora)
            async with aclosing(made) as outputs:
                async for output in outputs:
                    [piece] = output.outputs
                    count += len(piece.token_ids)
                    if output.finished:
                        yield piece.text, piece.finish_reason or "stop", len(given), count
                    elif piece.text:
                        yield piece.text, None, 0, 0
        except EngineDeadError as error:
            raise Unavailable("The language model's engine ended.") from error
        except ValueError as error:
            raise InvalidInput(f"The language model cannot read this: {error}") from error
