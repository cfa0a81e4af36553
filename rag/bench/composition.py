"""`redwell bench composition`: does the fan-out cost what its critical path costs?

The real `analyze` with the real database; the models are played: each port waits as long as a GPU deployment's would and
then answers like the fake it wraps. The same stages one after another are the baseline, in the same run.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Any, Self

import numpy as np

from rag.analysis.labels import Example, LabelSet, Trained
from rag.analyze import analyze
from rag.fakes import FakeBlobs, FakeClassifier, FakeEmbedder, FakeEntityRecognizer, FakeGenerator, FakeRetriever
from rag.model import Classification, Document, Entity, Message, Page, PageTask, Source, Token
from rag.ports import Outline
from rag.services import Services, State, open_state
from rag.settings import Settings, Storage


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds of one call on a GPU deployment; OCR is a call a page over `ocr_replicas`."""

    outline: float = 0.06
    ocr: float = 0.45
    entities: float = 0.35
    classify: float = 0.25
    classify_name: float = 0.05
    embed: float = 0.30
    summary: float = 1.20
    pages: int = 8
    ocr_replicas: int = 4

    @property
    def critical_path(self) -> float:
        reading = self.outline + math.ceil(self.pages / self.ocr_replicas) * self.ocr
        return max(reading, self.classify_name) + max(self.entities, self.classify, self.embed, self.summary)


@dataclass(frozen=True, slots=True)
class CompositionResult:
    latencies: Latencies
    critical_path: float
    measured: float
    measured_stages_in_turn: float
    """Pages fan out over the OCR replicas, the stages follow one another."""
    measured_all_in_turn: float
    """Every call follows another, pages too: a pipeline of plain `await`s."""
    runs: int

    @property
    def over_critical_path(self) -> float:
        return self.measured / self.critical_path

    @property
    def saved(self) -> float:
        """Share of the time of the same calls one after another that running them side by side saves."""
        return 1 - self.measured / self.measured_all_in_turn

    @property
    def saved_beside_pages(self) -> float:
        """The same against a pipeline that already fans its pages out."""
        return 1 - self.measured / self.measured_stages_in_turn

    def as_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "over_critical_path": self.over_critical_path,
            "saved": self.saved,
            "saved_beside_pages": self.saved_beside_pages,
        }


class _Played:
    """Every port of the way in, each call as long as `latencies` say."""

    version = "played"
    dimensions = 64
    model = "played"
    context_tokens = 4096

    def __init__(self, latencies: Latencies) -> None:
        self._latencies = latencies
        self._classifier, self._embedder, self._generator = FakeClassifier(), FakeEmbedder(), FakeGenerator()

    async def read(
        self,
        key: str,
        *,
        filename: str,
        language: str | None = None,
        password: str | None = None,
        keep_members: bool = False,
    ) -> Outline:
        await asyncio.sleep(self._latencies.outline)
        tasks = [PageTask(key, "application/pdf", n + 1, 612, 792) for n in range(self._latencies.pages)]
        return Outline("application/pdf", tuple(tasks))

    async def unlock(self, key: str, *, filename: str, password: str, target: str) -> str | None:
        return None

    async def render(
        self, key: str, *, media_type: str, page: Page, highlights: Sequence[tuple[int, int]] = (), width: int = 1000
    ) -> bytes:
        return b""

    async def searchable(self, key: str, *, media_type: str, pages: Sequence[Page]) -> bytes:
        return b""

    async def classify(self, texts: Sequence[str], labels: LabelSet | None = None) -> list[Classification]:
        await asyncio.sleep(self._latencies.classify)
        return await self._classifier.classify(texts, labels)

    async def fit(self, examples: Sequence[Example], labels: LabelSet) -> Trained:
        return await self._classifier.fit(examples, labels)

    async def classify_name(self, filename: str, metadata: str) -> Classification:
        await asyncio.sleep(self._latencies.classify_name)
        return await self._classifier.classify_name(filename, metadata)

    def at(self, version: str) -> Self:
        return self

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        await asyncio.sleep(self._latencies.embed)
        return await self._embedder.embed(texts)

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        await asyncio.sleep(self._latencies.summary)
        async for token in self._generator.stream(messages, max_tokens=max_tokens, schema=schema):
            yield token


class _PlayedOcr:
    version = "played"

    def __init__(self, latencies: Latencies) -> None:
        self._latencies = latencies
        self._replicas = asyncio.Semaphore(latencies.ocr_replicas)

    async def recognize(self, task: PageTask) -> Page:
        async with self._replicas:
            await asyncio.sleep(self._latencies.ocr)
        text = f"Page {task.number}. Northgate Estates and Anna Keller agree on a rent of EUR 4,850.00 a month."
        return Page(task.number, task.width, task.height, text, Source.OCR)


class _PlayedEntities:
    version = "played"

    def __init__(self, latencies: Latencies) -> None:
        self._latencies = latencies
        self._fake = FakeEntityRecognizer()

    async def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        await asyncio.sleep(self._latencies.entities)
        return await self._fake.recognize(pages)


class _InTurn:
    """A lock around every port's call: nothing runs beside anything else, as in a pipeline of `await`s."""

    def __init__(self, port: Any, lock: asyncio.Lock) -> None:
        self._port, self._lock = port, lock

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        if name == "stream":
            return self._stream

        async def call(*args: Any, **kwargs: Any) -> Any:
            async with self._lock:
                return await found(*args, **kwargs)

        return call

    async def _stream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Token]:
        async with self._lock:
            async for token in self._port.stream(*args, **kwargs):
                yield token


class Order(StrEnum):
    SIDE_BY_SIDE = "side by side"
    STAGES_IN_TURN = "stages in turn"
    ALL_IN_TURN = "all in turn"


def _services(latencies: Latencies, state: State, settings: Settings, order: Order) -> Services:
    played, ocr, entities = _Played(latencies), _PlayedOcr(latencies), _PlayedEntities(latencies)
    lock = asyncio.Lock()

    def port(one: Any) -> Any:
        return one if order is Order.SIDE_BY_SIDE else _InTurn(one, lock)

    return Services(
        settings=settings,
        state=state,
        reader=port(played),
        ocr=port(ocr) if order is Order.ALL_IN_TURN else ocr,
        entities=port(entities),
        classifier=port(played),
        embedder=port(played),
        retriever=FakeRetriever(),
        generator=port(played),
    )


async def bench_composition(latencies: Latencies, *, runs: int = 5) -> CompositionResult:
    """Medians of `runs` documents each way, the ways taking turns."""
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:
        settings = Settings(data_dir=Path(folder), storage=Storage())
        state = open_state(settings, FakeBlobs())
        await state.database.connect()
        seconds: dict[Order, list[float]] = {order: [] for order in Order}
        for run in range(runs):
            for order in Order:
                document = await _document(state, f"{run} {order}")
                services = _services(latencies, state, settings, order)
                started = time.perf_counter()
                await analyze(document, services)
                seconds[order].append(time.perf_counter() - started)
        await state.database.close()
    beside, stages, everything = (median(seconds[order]) for order in Order)
    return CompositionResult(latencies, latencies.critical_path, beside, stages, everything, runs)


async def _document(state: State, name: str) -> Document:
    document, _ = await state.documents.add(
        filename=f"{name}.pdf", media_type="application/pdf", sha256=name.encode().hex().ljust(64, "0"), size=1
    )
    return document
