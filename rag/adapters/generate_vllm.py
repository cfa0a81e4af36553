"""Generator over vLLM in this process, without Ray: what evaluations measure with."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from rag.errors import Unavailable
from rag.model import Message, Token, Usage
from rag.runtime.llm_engine import engine_plan
from rag.sections.language_models import Llm


class VllmGenerator:
    """An engine with the arguments that the service starts it with. Build it inside a running event loop, and close it.

    Starting takes half a minute on a CPU.
    """

    def __init__(self, own: Llm, source: str, *, cache_dir: Path | None = None) -> None:
        """`source`: folder or hub name of the weights. `cache_dir`: where what is compiled for a CPU is kept."""
        plan = engine_plan(own, source, cache_dir=cache_dir)
        os.environ.update(plan.environment)
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        arguments = AsyncEngineArgs(model=plan.source, disable_log_stats=True, **plan.arguments)
        self._engine = AsyncLLM.from_engine_args(arguments)
        self.model = own.name
        self.context_tokens = own.max_model_len

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        from vllm import SamplingParams, TokensPrompt
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams
        from vllm.v1.engine.exceptions import EngineDeadError

        turns: list[Any] = [{"role": message.role, "content": message.content} for message in messages]
        ids: Any = self._engine.get_tokenizer().apply_chat_template(
            turns, add_generation_prompt=True, return_dict=False
        )
        options = SamplingParams(
            max_tokens=max_tokens,
            temperature=temperature,
            stop=list(stop) or None,
            structured_outputs=StructuredOutputsParams(json=dict(schema)) if schema else None,
            output_kind=RequestOutputKind.DELTA,
        )
        written = 0
        try:
            async for made in self._engine.generate(TokensPrompt(prompt_token_ids=ids), options, uuid4().hex):
                [piece] = made.outputs
                written += len(piece.token_ids)
                usage = Usage(len(ids), written) if made.finished else None
                yield Token(piece.text, piece.finish_reason, usage)
        except EngineDeadError as error:
            raise Unavailable("The language model's engine ended.") from error

    def close(self) -> None:
        """Ends the engine's processes; the generator is of no use afterwards."""
        self._engine.shutdown()
        del self._engine
