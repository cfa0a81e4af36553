"""`redwell bench scaling`: load that rises and falls; replicas follow, nothing fails.

Replicas, routing and Serve's autoscaler are real, with options from the same settings code as the service's; the work is a
sleep. One deployment follows its requests, another the depth of a queue, as the analyzers do; a third may go to zero, and does while
nobody calls it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Phase:
    """Goes on until as many replicas run as are wanted, MOST_SECONDS at most."""

    callers: int
    """Calls under way all the time."""
    queued: int
    """Documents in the queue."""
    wanted: tuple[int, int]
    """Replicas of what follows its requests, and of what follows the queue."""


PHASES = (Phase(1, 1, (1, 1)), Phase(12, 12, (3, 3)), Phase(1, 1, (1, 1)))
MOST_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    """Seconds since the start."""
    phase: int
    running: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Woken:
    """What may go to zero: its replicas before it was called and after, and the calls that came at once."""

    before: int
    after: int
    calls: int
    failures: int
    seconds: float
    """Until the last of them was answered: a replica had to start first."""


@dataclass(frozen=True, slots=True)
class ScalingResult:
    phases: tuple[Phase, ...]
    samples: tuple[Sample, ...]
    calls: int
    failures: int
    woken: Woken

    def ended(self, phase: int) -> Sample:
        """The last sample of a phase."""
        return [sample for sample in self.samples if sample.phase == phase][-1]

    @property
    def followed(self) -> bool:
        return all(self.ended(index).running == phase.wanted for index, phase in enumerate(self.phases))

    def rows(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"calls": self.calls, "failures": self.failures}
        for index, phase in enumerate(self.phases):
            last = self.ended(index)
            shown[f"{index + 1}: {phase.callers} callers, {phase.queued} queued"] = (
                f"{last.running[0]} and {last.running[1]} replicas at {last.at:.0f} s"
            )
        woken = self.woken
        shown["left alone"] = f"{woken.before} replicas"
        shown[f"{woken.calls} calls of it at once"] = (
            f"{woken.after} replica after {woken.seconds:.1f} s, {woken.failures} failed"
        )
        return shown | {"followed": "yes" if self.followed else "no"}


def bench_scaling(phases: Sequence[Phase] = PHASES) -> ScalingResult:
    from rag.serving.scaling_play import play

    return play(tuple(phases))
