"""What is counted and timed: a catalogue, and the port that it goes through. Ray's part is rag/serving/metrics.py.

Names are as declared here; Ray exports them with the prefix `ray_` and counters with the suffix `_total`. Tags have few
values: no ids, no names of files or collections.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import structlog

from rag.answering.cite import QUOTED
from rag.errors import Unavailable
from rag.model import Answer, Message, Page, StageStatus, Token
from rag.ports import Generator
from rag.store.jobs import JobQueue

log = structlog.get_logger(__name__)

SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    tags: tuple[str, ...] = ()
    boundaries: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets."""

    @property
    def exported(self) -> str:
        """The name that Prometheus knows (of a histogram without _bucket, _sum and _count)."""
        return f"ray_{self.name}" + ("_total" if self.kind == "counter" else "")


DOCUMENTS = Metric("redwell_documents", "counter", "Documents that were analysed, by how they ended.", ("status",))
PAGES = Metric("redwell_pages", "counter", "Pages read, by where their text came from.", ("source",))
STAGE_SECONDS = Metric(
    "redwell_stage_seconds", "histogram", "Seconds of one stage of one document.", ("stage", "status"), SECONDS
)
TOKENS = Metric("redwell_tokens", "counter", "Tokens of the language model: prompt or completion.", ("kind",))
CACHE = Metric("redwell_cache_requests", "counter", "Asked of a cache, by hit or miss.", ("cache", "outcome"))
QUEUE_DEPTH = Metric("redwell_queue_depth", "gauge", "Documents that are not finished, the running ones included.")
QUEUE_AGE = Metric("redwell_queue_age_seconds", "gauge", "Seconds that the oldest document has waited for an analyzer.")
ANSWERS = Metric("redwell_answers", "counter", "Answers: written, quoted, counted or not_found.", ("outcome",))
GROUNDING_FAILURES = Metric("redwell_grounding_failures", "counter", "Drafts of which no sentence was supported.")
ANSWER_SECONDS = Metric(
    "redwell_answer_seconds", "histogram", "Seconds of one phase of an answer.", ("phase",), SECONDS
)
BATCH_SIZE = Metric("redwell_batch_size", "histogram", "Items that one call of a model handled.", (), SIZES)

CATALOGUE = (
    DOCUMENTS,
    PAGES,
    STAGE_SECONDS,
    TOKENS,
    CACHE,
    QUEUE_DEPTH,
    QUEUE_AGE,
    ANSWERS,
    GROUNDING_FAILURES,
    ANSWER_SECONDS,
    BATCH_SIZE,
)


class Metrics(Protocol):
    def count(self, metric: Metric, value: float = 1.0, **tags: str) -> None: ...

    def observe(self, metric: Metric, value: float, **tags: str) -> None: ...

    def set(self, metric: Metric, value: float, **tags: str) -> None: ...


class NoMetrics:
    """Counts nothing."""

    def count(self, metric: Metric, value: float = 1.0, **tags: str) -> None:
        return

    def observe(self, metric: Metric, value: float, **tags: str) -> None:
        return

    def set(self, metric: Metric, value: float, **tags: str) -> None:
        return


class Recorded:
    """Keeps everything, for tests: (name, tags) -> the values in their order."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}

    def count(self, metric: Metric, value: float = 1.0, **tags: str) -> None:
        assert set(tags) == set(metric.tags), f"{metric.name} has the tags {metric.tags}"
        self.values.setdefault((metric.name, tuple(sorted(tags.items()))), []).append(value)

    observe = count
    set = count

    def total(self, metric: Metric, **tags: str) -> float:
        return sum(self.values.get((metric.name, tuple(sorted(tags.items()))), []))


@dataclass(frozen=True, slots=True)
class CountedGenerator:
    """A Generator whose tokens are counted."""

    inner: Generator
    metrics: Metrics

    @property
    def model(self) -> str:
        return self.inner.model

    @property
    def context_tokens(self) -> int:
        return self.inner.context_tokens

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        pieces = self.inner.stream(messages, max_tokens=max_tokens, temperature=temperature, stop=stop, schema=schema)
        async for token in pieces:
            if token.usage:
                self.metrics.count(TOKENS, token.usage.prompt_tokens, kind="prompt")
                self.metrics.count(TOKENS, token.usage.completion_tokens, kind="completion")
            yield token


def count_pages(pages: Sequence[Page], metrics: Metrics) -> None:
    for page in pages:
        metrics.count(PAGES, source="unreadable" if page.error else page.source.value)


def count_answer(answer: Answer, metrics: Metrics) -> None:
    """`quoted` is the quotation that stands in for a draft; one that had a draft is a grounding failure as well."""
    quoted = answer.found and answer.answer.startswith(f"{QUOTED}:")
    if not answer.found:
        outcome = "not_found"
    elif quoted:
        outcome = "quoted"
    else:
        outcome = "written" if answer.draft else "counted"
    metrics.count(ANSWERS, outcome=outcome)
    if quoted and answer.draft:
        metrics.count(GROUNDING_FAILURES)
    for phase, seconds in answer.timings.items():
        metrics.observe(ANSWER_SECONDS, seconds, phase=phase)


def stage_ended(stage: str, status: StageStatus, seconds: float, metrics: Metrics) -> None:
    metrics.observe(STAGE_SECONDS, seconds, stage=stage, status=status.value)


async def watch_queue(jobs: JobQueue, metrics: Metrics, *, seconds: float) -> None:
    """Sample the queue until cancelled. Every analyzer sees the same queue: take the maximum over them."""
    while True:
        try:
            metrics.set(QUEUE_DEPTH, await jobs.depth())
            metrics.set(QUEUE_AGE, await jobs.oldest_age())
        except Unavailable as error:
            log.warning("queue_not_seen", detail=error.detail)
        await asyncio.sleep(seconds)
