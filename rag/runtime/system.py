"""How the parts of a running service are: values for whoever looks after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.runtime.call_figures import CallFigures


@dataclass(frozen=True, slots=True)
class DeploymentState:
    """`replicas` run of the `wanted` ones; `status` and `message` are those of what runs it. `calls` is None where nothing measures them."""

    name: str
    status: str
    replicas: int
    wanted: int
    message: str = ""
    calls: CallFigures | None = None


Deployments = Callable[[], Sequence[DeploymentState]]
"""Blocks for a moment: call it on a thread."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Seconds that a stage took in the documents that were worked on last."""

    stage: str
    documents: int
    median: float
    p95: float
    failed: int
