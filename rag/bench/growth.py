"""What a load costs at two sizes: CPU-seconds a document without the start, documents a second, and memory over time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.bench.loads import STAGES, Loaded, Sample, load, text_files

START = 20
"""Files of the load whose cost counts as that of starting."""
WARM = 0.2
"""Part of a load after which every process that it needs is there: memory is compared from then on."""


@dataclass(frozen=True, slots=True)
class GrowthResult:
    sizes: tuple[int, ...]
    start: Loaded
    loads: tuple[Loaded, ...]

    def cpu_each(self, at: int) -> float:
        """CPU-seconds a document."""
        return (self.loads[at].cpu_seconds - self.start.cpu_seconds) / (self.sizes[at] - START)

    def a_second(self, at: int) -> float:
        """Documents a second of wall time, without the start."""
        return (self.sizes[at] - START) / (self.loads[at].wall_seconds - self.start.wall_seconds)

    @property
    def cost_growth(self) -> float:
        """Cost of a document in the largest load over that in the smallest, less one."""
        return self.cpu_each(-1) / self.cpu_each(0) - 1

    @property
    def memory_growth(self) -> float:
        """Of the largest load: the mean of its last fifth over that of the fifth after it was warm, less one."""
        samples = self.loads[-1].samples
        first = _mean(samples[int(WARM * len(samples)) : int(2 * WARM * len(samples))])
        last = _mean(samples[int((1 - WARM) * len(samples)) :])
        return last / first - 1 if first else 0.0

    def as_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "cpu_seconds_a_document": [self.cpu_each(at) for at in range(len(self.sizes))],
            "documents_a_second": [self.a_second(at) for at in range(len(self.sizes))],
            "cost_growth": self.cost_growth,
            "memory_growth": self.memory_growth,
        }

    def rows(self) -> dict[str, Any]:
        """For people."""
        shown: dict[str, Any] = {}
        for at, size in enumerate(self.sizes):
            shown[f"{size} files: CPU-seconds a document"] = self.cpu_each(at)
            shown[f"{size} files: documents a second"] = self.a_second(at)
            shown[f"{size} files: highest memory, MiB"] = max((s.megabytes for s in self.loads[at].samples), default=0)
        return shown | {"cost growth": self.cost_growth, "memory growth": self.memory_growth}


def bench_growth(sizes: Sequence[int], *, stages: str = STAGES, progress: Callable[[str], None]) -> GrowthResult:
    """`sizes` from small to large, each over START. Raises StageFailed when a load ends badly."""
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:

        def one(count: int) -> Loaded:
            source = text_files(Path(folder) / f"in-{count}", count, seed=count)
            done = load(source, Path(folder) / f"library-{count}", stages=stages, memory=True)
            progress(f"{count} files: {done.cpu_seconds:.1f} CPU-seconds, {done.wall_seconds:.1f} s")
            return done

        start = one(START)
        return GrowthResult(tuple(sizes), start, tuple(one(count) for count in sizes))


def plot(samples: Sequence[Sample], target: Path) -> None:
    """Memory and files over time, into an SVG, PNG or PDF."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    axes = figure.subplots()
    seconds = [sample.seconds for sample in samples]
    axes.plot(seconds, [sample.megabytes for sample in samples], color="#9b2226", label="resident memory, MiB")
    axes.set(xlabel="seconds", ylabel="MiB", ylim=(0, None))
    other = axes.twinx()
    other.plot(seconds, [sample.files for sample in samples], color="#777777", linestyle="--", label="files done")
    other.set(ylabel="files", ylim=(0, None))
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None)


def _mean(samples: Sequence[Sample]) -> float:
    return sum(sample.megabytes for sample in samples) / len(samples) if samples else 0.0
