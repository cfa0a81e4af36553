"""`redwell bench scaling`: load that rises and falls; replicas follow, nothing fails.

Replicas, routing and Serve's autoscaler are real, with options from the same settings code as the service's; the work is a
sleep. One deployment follows its requests, another the depth of a queue, as the analyzers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Phase:
    seconds: float
    callers: int
    """Calls under way all the time."""
    queued: int
    """Documents in the queue."""


PHASES = (Phase(4, 1, 1), Phase(16, 12, 12), Phase(22, 1, 1))


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    """Seconds since the start."""
    phase: int
    requests: int
    """Replicas of what follows its requests..."""
    queue: int
    """...and of what follows the queue."""


@dataclass(frozen=True, slots=True)
class ScalingResult:
    phases: tuple[Phase, ...]
    samples: tuple[Sample, ...]
    calls: int
    failures: int

    def most(self, phase: int) -> tuple[int, int]:
        """Replicas in a phase at most, of both."""
        seen = [sample for sample in self.samples if sample.phase == phase]
        return max(sample.requests for sample in seen), max(sample.queue for sample in seen)

    @property
    def last(self) -> tuple[int, int]:
        return self.samples[-1].requests, self.samples[-1].queue

    def rows(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"calls": self.calls, "failures": self.failures}
        for index, phase in enumerate(self.phases):
            requests, queue = self.most(index)
            shown[f"{phase.seconds:g} s, {phase.callers} callers, {phase.queued} queued"] = (
                f"at most {requests} and {queue} replicas"
            )
        return shown | {"at the end": f"{self.last[0]} and {self.last[1]} replicas"}


def bench_scaling(phases: Sequence[Phase] = PHASES) -> ScalingResult:
    from rag.serving.scaling_play import play

    return play(tuple(phases))
