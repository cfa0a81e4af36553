"""Two runs of an evaluation beside each other: differences with confidence intervals, and plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import ConfigurationError
from rag.evaluation.runs import Difference, differences, measured


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


def compare(first: Mapping[str, Any], second: Mapping[str, Any], *, seed: int = 0) -> list[Difference]:
    """Raises ConfigurationError when the runs share no question."""
    return differences(measured(first), measured(second), seed=seed)


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
