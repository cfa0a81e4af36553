"""What the API answers about rollouts of answering models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ArmCount:
    """`slow_seconds`: the slowest tenth of the answers takes at least so long."""

    requests: int = 0
    failures: int = 0
    median_seconds: float | None = None
    slow_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Arms:
    stable: ArmCount = ArmCount()
    candidate: ArmCount = ArmCount()


@dataclass(frozen=True, slots=True)
class RolloutGuard:
    steps: tuple[float, ...]
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelRollout:
    id: str
    candidate: str
    stable: str
    mode: str
    status: str
    step: int
    weight: float
    in_step: int
    guard: RolloutGuard
    arms: Arms = Arms()
    agreement: float | None = None
    """Words that both models' drafts share, in the shadow: 0..1."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rollouts:
    """`models`: names that questions may ask for, the settings' own first. `standing`: id of the rollout that decides."""

    models: tuple[str, ...] = ()
    standing: str | None = None
    rollouts: tuple[ModelRollout, ...] = ()
