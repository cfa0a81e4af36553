"""Tokens a second of the language model: through Ray Serve, beside bare vLLM with the same weights, threads and prompts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Any

from rag.bench.line import Line
from rag.bench.made_text import MadeText
from rag.errors import StageFailed
from rag.remote import Transport
from rag.settings import Settings, load

ROUNDS = {1: 8, 8: 4, 32: 3}
"""Calls at once -> how often: what is over in a second says little alone."""
TOKENS = 48
SECONDS = 600.0
GOAL = 0.9
Rates = dict[int, list[float]]
"""Calls at once -> tokens a second of each round."""
OURS = frozenset({"worker_cls", "speculative_config", "block_size", "distributed_executor_backend"})
"""Arguments that make an engine quicker than it comes: bare vLLM is asked without them, and with them too."""
FIGURES = "figures: "
"""Begins the line that a process with a bare engine tells; vLLM writes to standard output too."""


def prompts(number: int, seed: int) -> list[list[dict[str, str]]]:
    """Chat turns of about 250 tokens, all different."""
    made = MadeText(seed=seed, sentences=8)
    return [
        [{"role": "user", "content": f"{text}\n\nTell this again in other words."}] for text in made.passages(number)
    ]


async def through_serve(llm: Transport) -> Rates:
    async def one(turns: Sequence[dict[str, str]]) -> int:
        written = 0
        async for _, _, _, tokens in llm.stream("generate", turns, TOKENS, 0.0, [], None, seconds=SECONDS):
            written = tokens or written
        return written

    await one(prompts(1, 99)[0])
    rates: Rates = {}
    for at_once, rounds in ROUNDS.items():
        for number in range(rounds):
            asked = prompts(at_once, 100 * number + at_once)
            started = time.perf_counter()
            written = sum(await asyncio.gather(*(one(turns) for turns in asked)))
            rates.setdefault(at_once, []).append(written / (time.perf_counter() - started))
    return rates


def bare_in_a_process(*, as_it_comes: bool) -> Rates:
    """The same with `vllm.LLM` alone, in a process of its own; without what is in OURS if it runs `as_it_comes`. Raises StageFailed.

    The process is ended when it has told its figures: left to itself, it waits for its engine for ever.
    """
    command = [sys.executable, "-m", "rag.bench.generation", *(["--as-it-comes"] if as_it_comes else [])]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True) as process,
    ):
        assert process.stdout is not None
        told = next((line for line in process.stdout if line.startswith(FIGURES)), "")
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if not told:
            errors.seek(0)
            raise StageFailed(f"Bare vLLM told no figures: {errors.read()[-400:]}")
    return {int(name): rates for name, rates in json.loads(told.removeprefix(FIGURES)).items()}


def bare(settings: Settings, *, as_it_comes: bool) -> Rates:
    """Blocks for a minute: vLLM is started in this process."""
    from rag.runtime.llm_engine import engine_plan
    from rag.runtime.weights import resolve

    cache_dir = settings.cache_dir
    plan = engine_plan(settings.llm, resolve(settings.llm.model, cache_dir=cache_dir), cache_dir=cache_dir)
    os.environ.update(plan.environment)
    from vllm import LLM, SamplingParams

    arguments = {name: value for name, value in plan.arguments.items() if not (as_it_comes and name in OURS)}
    with nullcontext() if as_it_comes else plan.starting():
        engine: Any = LLM(model=plan.source, disable_log_stats=True, **arguments)
    options = SamplingParams(temperature=0.0, max_tokens=TOKENS)
    engine.chat(prompts(1, 99), options, use_tqdm=False)
    rates: Rates = {}
    for at_once, rounds in ROUNDS.items():
        for number in range(rounds):
            asked = prompts(at_once, 100 * number + at_once)
            started = time.perf_counter()
            answers = engine.chat(asked, options, use_tqdm=False)
            written = sum(len(answer.outputs[0].token_ids) for answer in answers)
            rates.setdefault(at_once, []).append(written / (time.perf_counter() - started))
    return rates


def together(one: Rates, other: Rates) -> Rates:
    return {at_once: one.get(at_once, []) + other.get(at_once, []) for at_once in one | other}


def lines(ours: Rates, plain: Rates, same: Rates) -> list[Line]:
    """`plain`: bare vLLM as it comes; `same`: with the arguments that ours has."""
    found = []
    for at_once in ROUNDS:
        rates, name = tuple(ours[at_once]), f"answers, {at_once} at once"
        found += [
            Line(name, "vLLM", "tokens/s", rates, tuple(plain[at_once]), goal=GOAL),
            Line(f"{name}, beside the same settings", "vLLM", "tokens/s", rates, tuple(same[at_once])),
        ]
    return found


if __name__ == "__main__":
    figures = bare(load("cpu"), as_it_comes="--as-it-comes" in sys.argv)
    sys.stdout.write(f"\n{FIGURES}{json.dumps(figures)}\n")
    sys.stdout.flush()
