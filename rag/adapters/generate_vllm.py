"""Generator over vLLM in this process, without Ray: what evaluations measure with."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

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

        from rag.runtime.llm_stream import Writer

        arguments = AsyncEngineArgs(model=plan.source, disable_log_stats=True, **plan.arguments)
        with plan.starting():
            self._engine = AsyncLLM.from_engine_args(arguments)
        self._writer = Writer(self._engine)
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
        turns = [{"role": message.role, "content": message.content} for message in messages]
        made = self._writer.written(turns, max_tokens=max_tokens, temperature=temperature, stop=stop, schema=schema)
        async with aclosing(made) as pieces:
            async for text, reason, read, wrote in pieces:
                yield Token(text, reason, Usage(read, wrote) if reason else None)

    def close(self) -> None:
        """Ends the engine's processes; the generator is of no use afterwards."""
        self._engine.shutdown()
        del self._engine, self._writer
