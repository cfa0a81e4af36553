"""Runs of evaluations as they are kept and compared: figures, and for each question what it came to. No texts.

What is kept quotes nothing: question ids and numbers, so that a document that is deleted leaves nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from rag.errors import ConfigurationError

RESAMPLES = 2000
MOST_FIGURES = 200
ANSWERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "found": ("refused", ("answerable", "absent", "unanswerable")),
    "top5": ("right document in top 5", ("answerable",)),
    "page_right": ("cited page right", ("answerable",)),
    "quote_right": ("cited quote right", ("answerable",)),
    "f1": ("f1", ("answerable",)),
    "exact": ("exact match", ("answerable",)),
    "right_document_first": ("right document cited first", ("answerable",)),
    "right_page_first": ("right page cited first", ("answerable",)),
    "answer_right": ("answer right", ("answerable",)),
}
"""Field of an outcome -> (name of the figure, kinds of questions that it is about)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one question came to: figure -> 0..1."""

    id: str
    kind: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    name: str
    set: str
    """The question set: runs of one set are compared."""
    figures: Mapping[str, float]
    """Of the whole run, in their order."""
    questions: tuple[Measured, ...] = ()
    model: str = ""
    note: str = ""
    collection: str | None = None
    id: str = ""
    created_at: datetime | None = None
    count: int = 0
    """Of its questions, which a list leaves out."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Of the mean of one figure, second run minus first, over the questions that both put."""

    figure: str
    kind: str
    questions: int
    first: float
    second: float
    low: float
    high: float
    """95% interval of the difference, by resampling questions (paired bootstrap)."""

    @property
    def significant(self) -> bool:
        return self.low > 0 or self.high < 0


def figures(result: Any) -> dict[str, float]:
    """The numbers of a result of `redwell eval`, named by where they stand in it; its summary, where it has one."""
    summary = result.get("summary") if isinstance(result, Mapping) else None
    found = dict(_numbers(summary if isinstance(summary, Mapping) else result, ()))
    return dict(list(found.items())[:MOST_FIGURES])


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _numbers(inner, (*path, str(name).replace("_", " ")))
    elif isinstance(value, int | float) and path:
        yield " ".join(path), float(value)


def measured(result: Mapping[str, Any]) -> tuple[Measured, ...]:
    """Of the outcomes of `redwell eval answers` and `questions`; () where a result has none. Raises KeyError where they are others'."""
    return tuple(_measured(row) for row in result.get("outcomes", ()) if isinstance(row, Mapping))


def _measured(row: Mapping[str, Any]) -> Measured:
    question = row.get("question")
    if isinstance(question, Mapping):
        row = {**row, "id": question["id"], "kind": "answerable" if question["answerable"] else "unanswerable"}
    kind = str(row["kind"])
    known = {name: _value(row, key) for key, (name, kinds) in ANSWERS.items() if kind in kinds}
    return Measured(str(row["id"]), kind, {name: value for name, value in known.items() if value is not None})


def _value(row: Mapping[str, Any], key: str) -> float | None:
    if key == "found":
        return float(not row["found"])
    if key == "top5":
        return float(row["rank"] is not None and row["rank"] <= 5) if "rank" in row else None
    return float(row[key]) if key in row else None


def differences(first: Sequence[Measured], second: Sequence[Measured], *, seed: int = 0) -> list[Difference]:
    """By figure and kind, in their order. Raises ConfigurationError when the runs share no question."""
    one, two = ({row.id: row for row in rows} for rows in (first, second))
    pairs = [(one[id], two[id]) for id in one if id in two and one[id].kind == two[id].kind]
    if not pairs:
        raise ConfigurationError("The two runs share no question.", "Compare runs of the same set and sample.")
    names = dict.fromkeys(name for row, _ in pairs for name in row.figures)
    kinds = dict.fromkeys(row.kind for row, _ in pairs)
    rng = np.random.default_rng(seed)
    found = []
    for name in names:
        for kind in kinds:
            both = [
                (row.figures[name], other.figures[name])
                for row, other in pairs
                if row.kind == kind and name in row.figures and name in other.figures
            ]
            if not both:
                continue
            a, b = np.array(both).T
            picks = rng.integers(0, len(both), (RESAMPLES, len(both)))
            low, high = np.percentile((b - a)[picks].mean(axis=1), [2.5, 97.5])
            found.append(Difference(name, kind, len(both), float(a.mean()), float(b.mean()), float(low), float(high)))
    return found
