"""The Llm deployment: vLLM through ray.serve.llm."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from ray import serve

from rag.runtime.llm_engine import engine_plan
from rag.runtime.weights import resolve
from rag.sections.language_models import Llm


def build_llm(
    own: Llm, *, cache_dir: Path, deployment: str = "Llm", adapters: Mapping[str, str] | None = None
) -> serve.Application:
    """vLLM through ray.serve.llm: CPU engine without GPUs, tensor (and pipeline) parallel with them.

    `adapters`: LoRA adapters that it has beside its own weights, by name.
    """
    # Imported here: it pulls vLLM in, which no other process of ours needs.
    from ray.llm._internal.serve.engines.vllm.vllm_engine import VLLMEngine
    from ray.serve.llm import LLMConfig, build_llm_deployment
    from ray.serve.llm.deployment import LLMServer
    from vllm.entrypoints.openai.models.protocol import LoRAModulePath

    class Engine(VLLMEngine):
        """Starts vLLM as it is planned (ray.serve.llm names an executor itself), and keeps what asks it."""

        writer: Any

        def _start_async_llm_engine(self, vllm_engine_args: Any, vllm_engine_config: Any, placement_group: Any) -> Any:
            from rag.runtime.llm_stream import Writer

            if executor := plan.arguments.get("distributed_executor_backend"):
                vllm_engine_config.parallel_config.distributed_executor_backend = executor
            with plan.starting():
                client: Any = super()._start_async_llm_engine(vllm_engine_args, vllm_engine_config, placement_group)
            self.writer = Writer(client)
            return client

        def lora(self, name: str | None) -> Any:
            """The adapter of that name, as the engine is asked for it."""
            models: Any = self._oai_models
            return models.lora_requests[name] if name else None

    class Server(LLMServer):
        """Adds `generate`: plain values in and out, so that callers need no vLLM to build or read a request."""

        engine: Engine
        _default_engine_cls = Engine  # type: ignore[assignment]  # None there, for one that is imported late

        async def _start_engine(self) -> None:
            # Ray's own also starts an actor that gathers what models are used for its usage report, with vLLM loaded: 256 MiB.
            # The report is off.
            assert self.engine is not None
            await self.engine.start()

        async def generate(
            self,
            turns: list[dict[str, str]],
            max_tokens: int,
            temperature: float,
            stop: list[str],
            schema: dict[str, Any] | None = None,
            adapter: str | None = None,
        ) -> AsyncIterator[tuple[str, str | None, int, int]]:
            options: dict[str, Any] = {
                "max_tokens": max_tokens,
                "temperature": temperature,
                "stop": stop,
                "schema": schema,
            }
            pieces = self.engine.writer.written(turns, **options, lora=self.engine.lora(adapter))
            async with aclosing(pieces) as made:
                async for piece in made:
                    yield piece

    found = {name: resolve(where, cache_dir=cache_dir) for name, where in (adapters or {}).items()}
    plan = engine_plan(own, resolve(own.model, cache_dir=cache_dir), found, cache_dir=cache_dir)
    loras = {"lora_modules": [LoRAModulePath(name, where) for name, where in found.items()]} if found else {}
    config = LLMConfig(
        model_loading_config={"model_id": own.name, "model_source": plan.source},
        engine_kwargs=plan.arguments | loras,
        accelerator_type=own.accelerator_type,
        # One node holds all workers of an engine: tensor parallelism across nodes is slower than fewer workers.
        placement_group_config={"bundles": plan.bundles, "strategy": "STRICT_PACK"},
        runtime_env={"env_vars": plan.environment},
        deployment_config=own.scaling.serve_options() | {"ray_actor_options": {}, "health_check_timeout_s": 120},
        log_engine_metrics=False,
    )
    return build_llm_deployment(config, deployment_cls=Server, override_serve_options={"name": deployment})
