"""What the API answers about labels: sets, a document's labels, trained models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rag.replies.documents import Label


@dataclass(frozen=True, slots=True)
class LabelModel:
    """Shares in 0..1: `accuracy` held out, `spread` over repetitions, `baseline` of the descriptions, `error` of calibration."""

    version: int
    samples: int = 0
    accuracy: float = 0.0
    spread: float = 0.0
    baseline: float = 0.0
    error: float = 0.0
    active: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LabelSet:
    """`active` is the version that decides; None: the descriptions do."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    active: int | None = None
    corrections: Mapping[str, int] = field(default_factory=dict)
    models: tuple[LabelModel, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentLabel:
    set: str
    label: str
    score: float = 0.0
    scores: tuple[Label, ...] = ()
    model: str = ""
    corrected: bool = False
