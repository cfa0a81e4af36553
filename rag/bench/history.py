"""The history of the bench: one line of JSON a run, so that commits can be compared; and its table and picture."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rag.bench.line import Line

NAME_WIDTH = 50


def record(lines: Sequence[Line], failures: dict[str, str]) -> dict[str, Any]:
    """What a run is kept as. The commit is '' outside of a checkout."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "load": [round(one, 2) for one in os.getloadavg()],
        "lines": [line.as_dict() for line in lines],
        "failures": failures,
    }


def _commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return found.stdout.strip() if found.returncode == 0 else ""


def append(run: dict[str, Any], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(run, default=str) + "\n")


def read(file: Path) -> list[dict[str, Any]]:
    """Oldest first; [] where there is none."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def before(runs: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Line -> value of the newest run that has it."""
    return {line["name"]: line["value"] for run in runs for line in run["lines"]}


def table(lines: Sequence[Line], earlier: dict[str, float]) -> str:
    """A row a line; `earlier` is what the newest run before had. A goal that is missed has an exclamation mark."""
    head = f"{'':{NAME_WIDTH}}{'ours':>10}{'bare':>10}  {'compared':<14}{'goal':>8}{'spread':>8}{'before':>8}"
    return "\n".join([head, *(row(line, earlier.get(line.name)) for line in lines)])


def row(line: Line, was: float | None = None) -> str:
    """A line of `table`."""
    sign = {"ratio": "x", "added": f" {line.unit} more", "alone": f" {line.unit}"}[line.compared]
    goal = "" if line.goal is None else f"{'≥' if line.compared == 'ratio' else '≤'} {line.goal:.2f}"
    missed = " !" if line.reached is False else ""
    name = f"{line.name} ({line.unit})" if line.compared == "ratio" else line.name
    bare = f"{median(line.bare):,.2f}" if line.bare else ""
    compared = f"{line.value:.2f}{sign}{missed}"
    before = "" if was is None else f"{was:.2f}"
    return f"{name:{NAME_WIDTH}}{median(line.ours):>10,.2f}{bare:>10}  {compared:<14}{goal:>8}{line.spread:>8.0%}{before:>8}"


def plot(lines: Sequence[Line], target: Path) -> None:
    """Each ratio as a bar with its goal; the format is the file name's ending (svg, png, pdf)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = [line for line in lines if line.compared == "ratio"]
    figure, axes = pyplot.subplots(figsize=(8, 0.45 * len(shown) + 1.2), layout="constrained")
    bars = axes.barh([line.name for line in shown], [line.value for line in shown], 0.6)
    axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    for place, line in enumerate(shown):
        if line.goal is not None:
            axes.plot([line.goal, line.goal], [place - 0.4, place + 0.4], color="black", linewidth=2)
    axes.axvline(1.0, color="gray", linewidth=0.8, linestyle=":")
    axes.invert_yaxis()
    axes.set_xlabel("of the bare engine's rate; the black mark is the goal")
    axes.spines[["top", "right"]].set_visible(False)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target)
    pyplot.close(figure)
