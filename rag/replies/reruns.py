"""What the API answers about re-runs and candidates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    document_id: str
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Facts kept, removed and added over all documents; `agreement` is 1.0 when nothing changed."""

    documents: int = 0
    unchanged: int = 0
    kept: int = 0
    removed: int = 0
    added: int = 0
    agreement: float = 1.0
    examples: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Rerun:
    stage: str
    version: str = ""
    outdated: int = 0
    waiting: int = 0
    queued: int = 0
    comparison: Comparison = Comparison()


@dataclass(frozen=True, slots=True)
class Right:
    """Of the labels that people gave, how many the model in charge and the candidate say too."""

    labels: int = 0
    in_charge: int = 0
    candidate: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """`mode` is shadow, share, promoted or dropped; `comparison` sets the shadow's results against those in charge."""

    stage: str
    mode: str = ""
    weight: float = 0.0
    in_charge: str = ""
    candidate: str | None = None
    comparison: Comparison = Comparison()
    corrected: Right = Right()
