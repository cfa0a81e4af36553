"""vLLM without Ray: which arguments an engine is started with."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import ConfigurationError
from rag.runtime.processor import calculated_in
from rag.sections.language_models import Llm

LORAS_AT_ONCE = 8
"""Adapters whose requests share a batch; further ones take turns."""
CPU_SPECULATIVE_TOKENS = 4
CPU_BLOCK_SIZE = 32
"""The smallest for which vLLM's attention uses AMX."""
IN_ENGINE = "vllm.v1.executor.uniproc_executor.UniProcExecutor"
"""The executor that has the model in the engine's own process. By its full name: what vLLM calls `uni` it replaces on a CPU, because OpenMP
reads how many threads it has, and where, when a process begins; see `EnginePlan.starting`."""
ALONE = 4
"""Requests at once on a CPU that get all of their speculative tokens; of more than these each gets half as many."""


@dataclass(frozen=True, slots=True)
class EnginePlan:
    source: str
    """Folder or hub name of the weights."""
    arguments: dict[str, Any]
    bundles: list[dict[str, float]]
    """Ray placement bundles, one a worker."""
    environment: dict[str, str]
    adapters: Mapping[str, str] = field(default_factory=dict)
    """LoRA adapters by the name that requests call them: folders or hub names."""
    threads: Mapping[str, str] = field(default_factory=dict)
    """OpenMP's environment of the engine's process, where that has the model."""

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Around the making of an engine: its process, and no other, begins with `threads`."""
        before = {name: os.environ.get(name) for name in self.threads}
        os.environ.update(self.threads)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def engine_plan(
    own: Llm, source: str, adapters: Mapping[str, str] | None = None, *, cache_dir: Path | None = None
) -> EnginePlan:
    """CPU engine without GPUs; tensor (times pipeline) parallel workers with them. Raises ConfigurationError.

    `cache_dir`: where what was compiled for a CPU is kept for the next start.
    """
    adapters = dict(adapters or {})
    arguments: dict[str, Any] = {
        "max_model_len": own.max_model_len,
        "enforce_eager": own.eager,
        "dtype": calculated_in("bfloat16", own.scaling.gpus) if own.dtype == "auto" else own.dtype,
        "enable_prefix_caching": True,
        # Small models left free to write white space between keys write nothing else.
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
        "max_num_seqs": own.scaling.max_ongoing_requests,
        "stream_interval": own.stream_interval,
    }
    if block_size := own.block_size or (CPU_BLOCK_SIZE if own.scaling.gpus == 0 else None):
        arguments["block_size"] = block_size
    environment = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if speculative := _speculative(own):
        arguments["speculative_config"] = speculative
    if adapters:
        arguments |= _lora(own, adapters)
    if all(Path(one).is_dir() for one in (source, *adapters.values())):
        environment["HF_HUB_OFFLINE"] = "1"
    workers = own.tensor_parallel * own.pipeline_parallel
    parallel = {"tensor_parallel_size": own.tensor_parallel, "pipeline_parallel_size": own.pipeline_parallel}
    if own.scaling.gpus == 0:
        if workers > 1:
            arguments |= parallel
        environment |= {
            "VLLM_CPU_OMP_THREADS_BIND": own.cpu_bind,
            "VLLM_CPU_KVCACHE_SPACE": str(own.kv_cache_gib),
            # Numba looks for speculative tokens. Its OpenMP would set the number of threads of the model's.
            "NUMBA_THREADING_LAYER": "workqueue",
        }
        arguments["worker_cls"] = "rag.runtime.llm_worker.Worker"
        if not own.eager and not adapters:  # with adapters vLLM's CPU engine compiles nothing
            environment |= _compiled(cache_dir)
        threads = _bound(own.cpu_bind) if workers == 1 else {}
        if threads:
            arguments["distributed_executor_backend"] = IN_ENGINE
        return EnginePlan(source, arguments, [{"CPU": 1}] * workers, environment, adapters, threads)
    arguments |= parallel | {"gpu_memory_utilization": own.gpu_memory_utilization}
    if own.scaling.gpus < 1:
        environment["VLLM_RAY_PER_WORKER_GPUS"] = str(own.scaling.gpus)
    bundles: list[dict[str, float]] = [{"CPU": 1, "GPU": own.scaling.gpus} for _ in range(workers)]
    return EnginePlan(source, arguments, bundles, environment, adapters)


def _speculative(own: Llm) -> dict[str, Any] | None:
    """Prompt lookup: what followed the last two to four tokens where they stood before is checked along with the next token."""
    on_cpu = own.scaling.gpus == 0
    tokens = own.speculative_tokens
    if tokens is None:
        tokens = CPU_SPECULATIVE_TOKENS if on_cpu else 0
    if tokens == 0:
        return None
    found = {"method": "ngram", "num_speculative_tokens": tokens, "prompt_lookup_min": 2, "prompt_lookup_max": 4}
    most = own.scaling.max_ongoing_requests
    if on_cpu and most > ALONE:
        by_batch = [(1, ALONE, tokens), (ALONE + 1, most, tokens // 2)]
        return found | {"num_speculative_tokens_per_batch_size": by_batch}
    return found


def _bound(cpus: str) -> dict[str, str]:
    """'0-1,4' -> one thread for each of these CPUs. Empty for what only vLLM resolves ('auto') and does for each of its workers."""
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", cpus):
        return {}
    ranges = (part.partition("-") for part in cpus.split(","))
    ids = sorted({id for first, _, last in ranges for id in range(int(first), int(last or first) + 1)})
    if not ids:
        return {}
    return {"OMP_NUM_THREADS": str(len(ids)), "OMP_PLACES": f"{{{','.join(map(str, ids))}}}", "OMP_PROC_BIND": "true"}


def _compiled(cache_dir: Path | None) -> dict[str, str]:
    """Raises ConfigurationError where nothing can compile."""
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        raise ConfigurationError(
            f"llm.eager is false, and there is no C++ compiler '{compiler}' to compile the language model with.",
            "Install one (Debian: g++), or set llm.eager to true.",
        )
    # vLLM 0.32 keeps what it compiled for a CPU and then fails to load it; what torch itself keeps is found again.
    kept = {} if cache_dir is None else {"TORCHINDUCTOR_CACHE_DIR": str((cache_dir / "compiled").absolute())}
    return {"VLLM_USE_AOT_COMPILE": "0"} | kept


def _lora(own: Llm, adapters: Mapping[str, str]) -> dict[str, Any]:
    """Raises ConfigurationError for a folder that holds no adapter, or one of a higher rank than the engine is told."""
    for name, where in adapters.items():
        if not Path(where).is_dir():
            continue  # a hub's: the engine looks when it starts
        try:
            rank = int(json.loads((Path(where) / "adapter_config.json").read_text())["r"])
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError(
                f"The folder '{where}' of the model '{name}' holds no LoRA adapter.",
                "It needs adapter_config.json and adapter_model.safetensors, as PEFT saves them.",
            ) from error
        if rank > own.lora_rank:
            raise ConfigurationError(
                f"The adapter '{name}' has rank {rank}, and its engine takes {own.lora_rank} at most.",
                "Raise lora_rank of the model under it.",
            )
    return {
        "enable_lora": True,
        "max_loras": min(LORAS_AT_ONCE, len(adapters)),
        "max_cpu_loras": len(adapters),
        "max_lora_rank": own.lora_rank,
    }
