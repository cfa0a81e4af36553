"""Two runs of an evaluation beside each other: differences with confidence intervals, and plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import ConfigurationError

RESAMPLES = 2000
FIGURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "found": ("refused", ("answerable", "absent", "unanswerable")),
    "top5": ("right document in top 5", ("answerable",)),
    "page_right": ("cited page right", ("answerable",)),
    "quote_right": ("cited quote right", ("answerable",)),
    "f1": ("f1", ("answerable",)),
    "exact": ("exact match", ("answerable",)),
}
"""Field of an outcome -> (name of the figure, kinds of questions that it is about)."""


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


def read_run(path: Path) -> dict[str, Any]:
    """Raises ConfigurationError when the file is no run."""
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        run["summary"], run["outcomes"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"'{path}' is not the result of an evaluation.", "Name a file that `redwell eval answers --output` wrote."
        ) from error
    return run


def compare(first: dict[str, Any], second: dict[str, Any], *, seed: int = 0) -> list[Difference]:
    """Raises ConfigurationError when the runs share no question."""
    one = {row["id"]: row for row in first["outcomes"]}
    two = {row["id"]: row for row in second["outcomes"]}
    shared = [key for key in one if key in two]
    if not shared:
        raise ConfigurationError("The two runs share no question.", "Compare runs of the same set and sample.")
    rng = np.random.default_rng(seed)
    found = []
    for field, (figure, kinds) in FIGURES.items():
        for kind in kinds:
            rows = [(one[key], two[key]) for key in shared if one[key]["kind"] == kind]
            if not rows:
                continue
            a = np.array([_value(row, field) for row, _ in rows])
            b = np.array([_value(row, field) for _, row in rows])
            picks = rng.integers(0, len(rows), (RESAMPLES, len(rows)))
            low, high = np.percentile((b - a)[picks].mean(axis=1), [2.5, 97.5])
            found.append(Difference(figure, kind, len(rows), a.mean(), b.mean(), float(low), float(high)))
    return found


def _value(row: dict[str, Any], field: str) -> float:
    if field == "found":
        return float(not row["found"])
    if field == "top5":
        return float(row["rank"] is not None and row["rank"] <= 5)
    return float(row[field])


def plot(runs: Sequence[tuple[str, dict[str, Any]]], target: Path) -> None:
    """Bars of every share in the summaries, a colour a run; the format is the file name's ending (svg, png, pdf)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name in runs[0][1]["summary"] if not name.startswith("n ")]
    height = 0.8 / len(runs)
    figure, axes = pyplot.subplots(figsize=(8, 0.45 * len(names) + 1.2), layout="constrained")
    for number, (label, run) in enumerate(runs):
        places = np.arange(len(names)) + number * height
        bars = axes.barh(places, [run["summary"].get(name, 0.0) for name in names], height, label=label)
        axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    axes.set_yticks(np.arange(len(names)) + 0.4 - height / 2, names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12)
    axes.set_title(", ".join(dict.fromkeys(str(run.get("set", "")) for _, run in runs)))
    axes.legend(loc="lower right", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target)
    pyplot.close(figure)
