"""The best batch size and wait of a stage for a latency goal on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ConfigurationError
from rag.sections.scaling import Batching
from rag.settings import Settings
from rag.tuning.measure import ITEMS, SECTIONS, STAGES, batch_seconds, texts, worker
from rag.tuning.play import play
from rag.tuning.simulate import Choice, choice, choices, latencies, seconds_of, slowest

PLAYED_SECONDS = 6
PLAYED_CALLS, PLAYED_MOST_SECONDS = 20, 30
"""So many calls at least, even where it takes longer: up to so long."""
PLAYED_SHARE = 0.8
"""Of the rate that a choice should bear: what it is tried with."""


@dataclass(frozen=True, slots=True)
class Tuned:
    stage: str
    goal: float
    measured: Mapping[int, float]
    """Calls in a batch -> seconds of it."""
    best: Choice
    now: Choice
    """What the settings have."""
    single: Choice
    """Every call by itself."""
    played_rate: float
    played: float
    """Seconds of the slowest twentieth of real calls at that rate, with the best choice."""

    def named(self) -> dict[str, Choice]:
        return {"one by one": self.single, "as it is": self.now, "best": self.best}

    def throughput(self, size: int) -> float:
        """Calls a second when they never cease and every batch is full."""
        return size / seconds_of(self.measured, size)

    def settings(self) -> dict[str, Any]:
        batching = {"max_batch_size": self.best.size, "batch_wait_s": self.best.wait}
        return {SECTIONS[self.stage]: {"batching": batching}}


def tune(
    stages: Sequence[str], settings: Settings, *, goal: float, progress: Callable[[str], None] = lambda line: None
) -> list[Tuned]:
    """`goal`: seconds that the slowest twentieth of the calls may take. Raises ConfigurationError."""
    if unknown := set(stages) - set(STAGES):
        raise ConfigurationError(f"'{min(unknown)}' has no batches.", f"Stages: {', '.join(STAGES)}.")
    return [_tune(stage, settings, goal, progress) for stage in stages]


def _tune(stage: str, settings: Settings, goal: float, progress: Callable[[str], None]) -> Tuned:
    measured = batch_seconds(stage, settings, progress=progress)
    found = choices(measured, goal)
    if not found:
        raise ConfigurationError(
            f"A single call of the {stage} takes {measured[1]:.3f} s on this machine.",
            "Choose a longer goal (--goal), a smaller model, or a card.",
        )
    best = found[0]
    rate = best.rate * PLAYED_SHARE
    calls = played_calls(rate)
    progress(f"{stage}: trying {best.size} calls, {best.wait * 1000:g} ms at {rate:.1f} calls a second")
    seconds = asyncio.run(
        play(
            worker(stage, settings),
            texts(stage, 1)[: ITEMS[stage]],
            size=best.size,
            wait=best.wait,
            rate=rate,
            calls=calls,
        )
    )
    own: Batching = getattr(settings, SECTIONS[stage]).batching
    light = max(one.rate for one in found) / 10
    now = choice(measured, own.max_batch_size, own.batch_wait_s, goal, light)
    return Tuned(stage, goal, measured, best, now, choice(measured, 1, 0.0, goal, light), rate, slowest(seconds))


def played_calls(rate: float) -> int:
    """`rate`: calls a second."""
    return max(1, int(rate * PLAYED_SECONDS), min(PLAYED_CALLS, int(rate * PLAYED_MOST_SECONDS)))


def draw(results: Sequence[Tuned], path: Path) -> None:
    """For each stage: calls a second by batch size, and the slowest twentieth over the load."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.4 * len(results)), layout="constrained")
    axes = figure.subplots(len(results), 2, squeeze=False)
    for (left, right), one in zip(axes, results, strict=True):
        sizes = sorted(one.measured)
        left.plot(sizes, [size / one.measured[size] for size in sizes], marker="o")
        left.axvline(one.best.size, linestyle=":", color="gray")
        left.set(xscale="log", xlabel="calls in a batch", ylabel="calls a second, batches full", title=one.stage)
        left.set_xticks(sizes, [str(size) for size in sizes])
        left.minorticks_off()
        left.set_ylim(bottom=0)  # else a few percent look like a mountain
        shown = {(tried.size, tried.wait): (name, tried) for name, tried in one.named().items()}
        for name, tried in shown.values():
            rates = [share * max(tried.rate, 0.1) for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1.0, 1.05)]
            slow = [slowest(latencies(one.measured, tried.size, tried.wait, rate)) for rate in rates]
            right.plot(rates, slow, label=f"{name}: {tried.size}, {tried.wait * 1000:g} ms")
        right.plot([one.played_rate], [one.played], "k*", label="played with real calls")
        right.axhline(one.goal, linestyle=":", color="gray")
        right.set(xlabel="calls a second", ylabel="slowest 5%: seconds", ylim=(0, 2 * one.goal))
        right.legend(fontsize="small")
    figure.savefig(path)
