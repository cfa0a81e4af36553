"""Milliseconds of `/v1/search` while a bulk load runs on the same machine, beside those before it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from rag.bench.loads import text_files
from rag.bench.made_text import MadeText
from rag.bench.pipeline import scanned_pdf
from rag.client import ApiError, RedwellClient
from rag.errors import StageFailed

PAUSE_SECONDS = 0.2
"""Between two searches: people ask, they do not hammer."""
QUESTIONS = 400


@dataclass(frozen=True, slots=True)
class SearchingResult:
    files: int
    pages: int
    load_seconds: float
    idle_ms: tuple[float, ...]
    loading_ms: tuple[float, ...]
    failed: int
    problems: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """Median while loading over the median before."""
        return median(self.loading_ms) / median(self.idle_ms)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), **self.rows()}

    def rows(self) -> dict[str, Any]:
        return {
            "files loaded": self.files,
            "pages loaded": self.pages,
            "seconds of the load": self.load_seconds,
            "idle: searches": len(self.idle_ms),
            "idle: median ms": median(self.idle_ms),
            "idle: 95th percentile ms": quantiles(self.idle_ms, n=20)[-1],
            "loading: searches": len(self.loading_ms),
            "loading: median ms": median(self.loading_ms),
            "loading: 95th percentile ms": quantiles(self.loading_ms, n=20)[-1],
            "loading: failed": self.failed,
            "ratio of medians": self.ratio,
        }


def sources(folder: Path, samples: Path, *, texts: int, scans: int) -> tuple[Path, Path]:
    """(folder of a first library, folder of the bulk load): short texts, and PDFs of five scanned pages."""
    first, bulk = text_files(folder / "first", 100, seed=11), text_files(folder / "bulk", texts, seed=13)
    for number in range(scans):
        scanned_pdf(samples, bulk / f"scan-{number:03}.pdf", pages=5, seed=number)
    return first, bulk


def bench_searching(
    client: RedwellClient, first: Path, bulk: Path, *, searches: int, stages: list[str], progress: Callable[[str], None]
) -> SearchingResult:
    """The service has to be allowed to read both folders. Raises StageFailed when a load does not end well."""
    progress("loading a first library")
    _done(client, client.start_job([str(first)], collection="first", stages=stages).id)
    questions = MadeText(seed=random.randrange(2**31)).questions(QUESTIONS)
    asked = cycle(questions)
    for _ in range(10):
        client.search(next(asked), collection="first")
    progress("searching while nothing else happens")
    idle = [_search(client, next(asked))[0] for _ in range(searches)]
    progress("searching while the bulk load runs")
    job = client.start_job([str(bulk)], collection="bulk", stages=stages)
    started, loading, problems = time.perf_counter(), [], []
    for question in _while_it_runs(client, job.id, asked):
        milliseconds, problem = _search(client, question)
        loading.append(milliseconds)
        if problem:
            problems.append(problem)
    ended = _done(client, job.id)
    return SearchingResult(
        files=ended.progress.files,
        pages=ended.progress.pages_read,
        load_seconds=time.perf_counter() - started,
        idle_ms=tuple(idle),
        loading_ms=tuple(loading),
        failed=len(problems),
        problems=tuple(dict.fromkeys(problems)),
    )


def _while_it_runs(client: RedwellClient, job_id: str, questions: Iterator[str]) -> Iterator[str]:
    """Questions from the first file that is worked on until the job is over."""
    while not (job := client.job(job_id)).final:
        if job.progress.running or job.progress.ended:
            yield next(questions)


def _search(client: RedwellClient, question: str) -> tuple[float, str]:
    """(milliseconds, what went wrong)."""
    time.sleep(PAUSE_SECONDS)
    started, problem = time.perf_counter(), ""
    try:
        client.search(question, collection="first")
    except ApiError as error:
        problem = str(error)
    return 1000 * (time.perf_counter() - started), problem


def _done(client: RedwellClient, job_id: str) -> Any:
    """The job at its end. Raises StageFailed."""
    while not (job := client.job(job_id)).final:
        time.sleep(0.5)
    if job.status != "done" or job.progress.failed:
        raise StageFailed(f"The load ended as {job.status}, {job.progress.failed} files failed.", "Look at its log.")
    return job
