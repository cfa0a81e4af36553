"""What the API answers about runs of evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MeasuredQuestion:
    """`figures`: 0..1 by name."""

    id: str
    kind: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """`count`: of its questions, which only the run itself brings along."""

    id: str
    name: str
    set: str
    figures: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    note: str = ""
    collection: str | None = None
    count: int = 0
    created_at: datetime | None = None
    questions: tuple[MeasuredQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class FigureDifference:
    """Second run minus first over the questions of both, with its 95% interval."""

    figure: str
    kind: str
    questions: int
    first: float
    second: float
    low: float
    high: float
    significant: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    first: EvaluationRun
    second: EvaluationRun
    differences: tuple[FigureDifference, ...] = ()
