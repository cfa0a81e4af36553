"""Memory and file handles over time as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def plot(samples: Sequence[tuple[float, float, int]], title: str, path: Path) -> None:
    """Two curves, both from zero, into this file (svg, png, pdf). `samples`: (seconds, MiB, handles), in their order."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    minutes = [at / 60 for at, _, _ in samples]
    above.plot(minutes, [used for _, used, _ in samples])
    above.set(ylabel="private memory, MiB", ylim=0, title=title)
    below.plot(minutes, [handles for _, _, handles in samples])
    below.set(ylabel="file handles", xlabel="minutes", ylim=0)
    figure.savefig(path)
