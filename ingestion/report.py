"""A job as one HTML file that needs nothing else: figures, plots, failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from rag.intake.ingestions import Ingestion, Item, Progress

WIDTH, HEIGHT, MARGIN = 640, 180, 40
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}"
    "th{border-bottom:1px solid #999}svg{max-width:100%}h2{margin-top:2rem}td.n{text-align:right}"
)


@dataclass
class Recorder:
    """Takes samples of a job's progress and of this machine's memory while it runs."""

    memory: Callable[[], float]
    """MiB in use."""
    started: float = field(default_factory=time.monotonic)
    rows: list[tuple[float, float, float, float]] = field(default_factory=list)
    """(seconds, files that ended, pages read, MiB)."""

    def take(self, doing: str, progress: Progress) -> None:
        row = (time.monotonic() - self.started, float(progress.ended), float(progress.pages_read), self.memory())
        self.rows.append(row)
        if len(self.rows) > 2000:  # a run of days: every second sample is as good
            self.rows = self.rows[::2]


def html(ingestion: Ingestion, samples: Sequence[Sequence[float]], failures: Sequence[Item]) -> str:
    """The report. `samples` are rows of a Recorder."""
    summary = ingestion.summary or {}
    seconds = [row[0] for row in samples]
    plots = [
        plot(title, seconds, [row[column] for row in samples])
        for column, title in ((1, "Files that ended"), (2, "Pages read"), (3, "Memory in use, MiB"))
    ]
    facts = {
        "Sources": ", ".join(ingestion.request.sources) or ingestion.request.manifest or "what failed before",
        "Status": ingestion.status.value,
        **{name.replace("_", " ").capitalize(): value for name, value in summary.items() if not _nested(value)},
    }
    parts = [
        f"<h1>Ingestion {escape(ingestion.id[:8])}</h1>",
        _table(("", ""), list(facts.items())),
        "<h2>Over time</h2>",
        *plots,
        "<h2>Types</h2>",
        _table(("type", "files"), list(summary.get("types", {}).items())),
        "<h2>Slowest files</h2>",
        _table(
            ("file", "seconds", "pages"),
            [(row["uri"], row["seconds"], row["pages"]) for row in summary.get("slowest", [])],
        ),
        "<h2>Not loaded</h2>",
        _table(("file", "stage", "why", "what to do"), [_failure(item) for item in failures]),
    ]
    body = "\n".join(parts)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Ingestion</title><style>{STYLE}</style>{body}</html>'


def plot(title: str, xs: Sequence[float], ys: Sequence[float]) -> str:
    """A line over seconds as SVG."""
    if len(xs) < 2:
        return f"<p>{escape(title)}: too short a run for a plot.</p>"
    right, top = max(xs) or 1.0, max(ys) or 1.0
    points = " ".join(
        f"{MARGIN + x / right * (WIDTH - 2 * MARGIN):.1f},{HEIGHT - MARGIN / 2 - y / top * (HEIGHT - MARGIN):.1f}"
        for x, y in zip(xs, ys, strict=True)
    )
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<polyline fill="none" stroke="#9b2226" stroke-width="2" points="{points}"/>'
        f'<text x="{MARGIN}" y="14" font-size="12">{top:,.0f}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 4}" font-size="12" text-anchor="end">{right:,.0f} s</text>'
        f"</svg><figcaption>{escape(title)}</figcaption></figure>"
    )


def _failure(item: Item) -> tuple[str, str, str, str]:
    error = item.error or {}
    return item.uri, item.stage, str(error.get("detail", "")), str(error.get("remedy", ""))


def _nested(value: Any) -> bool:
    return isinstance(value, (Mapping, list))


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return "<p>None.</p>"
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"
