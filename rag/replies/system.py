"""What /v1/system answers, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CallFigures:
    """Since its replicas started: how many calls, seconds of half of them and of 95%; those that wait and those under way now."""

    calls: int = 0
    median: float | None = None
    p95: float | None = None
    ongoing: int = 0
    queued: int = 0


@dataclass(frozen=True, slots=True)
class DeploymentState:
    name: str
    status: str = ""
    replicas: int = 0
    wanted: int = 0
    message: str = ""
    calls: CallFigures | None = None
    """None where they are not measured."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Seconds, of the documents that were worked on last."""

    stage: str
    documents: int = 0
    median: float = 0.0
    p95: float = 0.0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class System:
    """`waiting`: documents that are not finished."""

    deployments: tuple[DeploymentState, ...] = ()
    waiting: int = 0
    stages: tuple[StageTimes, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """`status` is ok, warn or fail; `remedy` is empty when there is nothing to do."""

    name: str
    status: str = ""
    detail: str = ""
    remedy: str = ""
