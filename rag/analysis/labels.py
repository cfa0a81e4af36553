"""Label sets: what texts are sorted into, and the trained heads that may decide instead of the descriptions. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rag.analysis.document_types import DOCUMENT_TYPES
from rag.errors import InvalidInput

TYPE = "type"
"""The set that every document is sorted into; its label is the document's `classification`."""
OTHER = "other"
MOST_LABELS = 200
SENTIMENT: Mapping[str, str] = {
    "positive": "A satisfied, friendly text full of praise and thanks."
    "|I am very happy with this, it is excellent, wonderful, great work, thank you so much.",
    "negative": "An angry, disappointed text with complaints and blame."
    "|This is terrible and unacceptable, I am very disappointed, it is broken and the service was awful.",
    "neutral": "A factual text without any feeling."
    "|The document lists items, dates, amounts and terms. The following applies.",
}
BUILT_IN: Mapping[str, Mapping[str, str]] = {TYPE: DOCUMENT_TYPES, "sentiment": SENTIMENT}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Head:
    """A trained model of one label set: numbers only (`rag/adapters/label_head.py` writes and reads `data`)."""

    version: int
    data: bytes


@dataclass(frozen=True, slots=True)
class LabelSet:
    """`labels` are (label, description) pairs; several descriptions of one label are joined by '|'."""

    name: str
    labels: tuple[tuple[str, str], ...]
    head: Head | None = None
    """None: the descriptions decide."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label for label, _ in self.labels)

    @property
    def version(self) -> str:
        """Part of the stage's version: a document that another head labelled is out of date."""
        return f"{self.name}@{self.head.version if self.head else 0}"

    def require(self, label: str) -> str:
        """The label as it is written in the set. Raises InvalidInput."""
        for known in (*self.names, OTHER):
            if known.casefold() == label.strip().casefold():
                return known
        raise InvalidInput(
            f"'{label[:80]}' is no label of '{self.name}'.", f"Choose one of: {', '.join((*self.names, OTHER))}."
        )


@dataclass(frozen=True, slots=True)
class Example:
    """A text that a person labelled."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Trained:
    """What training made, measured by repeated cross-validation on the examples; shares in 0..1."""

    data: bytes
    samples: int
    accuracy: float
    spread: float
    """Standard deviation of the accuracy over the repetitions."""
    baseline: float
    """What the descriptions get right of the same examples."""
    error: float = 0.0
    """Expected calibration error of the held-out probabilities."""

    @property
    def better(self) -> bool:
        return self.accuracy - self.spread > self.baseline


def label_set(name: str, labels: Mapping[str, str] | None = None) -> LabelSet:
    """A checked set; without labels the built-in one of that name. Raises InvalidInput."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"'{name[:80]}' cannot name a label set.", "Use small letters, digits, '.', '-' and '_', at most 64."
        )
    wanted = labels or BUILT_IN.get(name)
    if not wanted:
        raise InvalidInput(
            f"The label set '{name}' has no labels.", "Give a description of each label, at least two labels."
        )
    pairs = tuple((label.strip(), text.strip()) for label, text in wanted.items() if label.strip() != OTHER)
    if not 2 <= len(pairs) <= MOST_LABELS or any(not label or not text for label, text in pairs):
        raise InvalidInput(
            f"The label set '{name}' needs 2 to {MOST_LABELS} labels, each with a description.",
            "A description is a sentence such a text might hold, or several joined by '|'.",
        )
    return LabelSet(name, pairs)
