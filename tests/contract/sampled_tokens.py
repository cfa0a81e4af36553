"""Draws tokens with vLLM's kernels for CPUs, as its worker does with speculative tokens, and prints what came. Run by test_llm_sampling.py.

A program of its own: vLLM binds its kernels by looking through every module of the process, and other tests' modules do not bear to be looked through.
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import torch
from vllm.platforms import current_platform

from rag.runtime.llm_worker import by_token

REQUESTS = 4000
DRAFT = [3, 5]


def main() -> None:
    if not current_platform.is_cpu():
        sys.stdout.write("null\n")
        return
    current_platform.import_kernels()
    current_platform.register_triton_kernel_overrides()
    from vllm.v1.sample import rejection_sampler

    rejection_sampler.expand_batch_to_tokens = by_token
    torch.manual_seed(7)
    logits = torch.randn(len(DRAFT), 8) * 1.5
    told: dict[str, Any] = {"logits": logits.tolist(), "alike": {}}
    for temperature in (0.5, 0.8, 1.5):
        first, second = drawn(rejection_sampler, logits, torch.full((REQUESTS,), temperature))
        went_on = int((second >= 0).sum()) / REQUESTS
        told["alike"][temperature] = {"frequency": frequency(first), "went_on": went_on}
    first, _ = drawn(rejection_sampler, logits, torch.tensor([0.0, 0.9]).repeat(REQUESTS // 2))
    told["mixed"] = {"greedy": sorted(set(first[0::2].tolist())), "frequency": frequency(first[1::2])}
    sys.stdout.write(json.dumps(told) + "\n")


def drawn(sampler: Any, logits: torch.Tensor, temperatures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """First and second token of each request, -1 where its draft ended before: the same logits and draft for all."""
    number = len(temperatures)
    cumulative = torch.arange(1, number + 1, dtype=torch.int32) * len(DRAFT)
    asked = SimpleNamespace(
        all_greedy=False,
        all_random=bool((temperatures > 0).all()),
        temperature=temperatures,
        top_k=None,
        top_p=None,
        generators={},
    )
    limited = sampler.apply_sampling_constraints(logits.repeat(number, 1).clone(), cumulative, asked)
    draft = torch.tensor(DRAFT, dtype=torch.int32).repeat(number)
    bonus = torch.full((number, 1), 7, dtype=torch.int32)
    each = [len(DRAFT)] * number
    tokens = sampler.rejection_sample(draft, each, len(DRAFT), cumulative, None, limited, bonus, asked)
    return tokens[:, 0], tokens[:, 1]


def frequency(tokens: torch.Tensor) -> list[float]:
    found: list[float] = (torch.bincount(tokens.long(), minlength=8) / len(tokens)).tolist()
    return found


if __name__ == "__main__":
    main()
