"""The deployments that hold a model, an engine or an index: each wraps one adapter and batches what reaches it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
from ray import serve

from rag import engines
from rag.labels import Example, LabelSet, Trained
from rag.model import Box, Classification, Entity, Page, PageTask
from rag.ports import Outline, SearchQuery, SearchResult
from rag.remote import embedding_version
from rag.services import open_state
from rag.settings import Settings

T = TypeVar("T")
R = TypeVar("R")


async def _batch(calls: list[Sequence[T]], work: Callable[[list[T]], Sequence[R]]) -> list[list[R]]:
    """Many calls as one batch on a thread, its results given back call by call."""
    flat = [item for call in calls for item in call]
    results = list(await asyncio.to_thread(work, flat))
    split: list[list[R]] = []
    for call in calls:
        split.append(results[: len(call)])
        results = results[len(call) :]
    return split


@serve.deployment(name="Reader")
class ReaderDeployment:
    def __init__(self, settings: Settings) -> None:
        self._reader = engines.reader(settings)

    async def read(
        self, key: str, filename: str, language: str | None, password: str | None, keep_members: bool
    ) -> Outline:
        return await asyncio.to_thread(
            self._reader.read,
            key,
            filename=filename,
            language=language,
            password=password,
            keep_members=keep_members,
        )

    async def unlock(self, key: str, filename: str, password: str, target: str) -> str | None:
        unlock = self._reader.unlock
        return await asyncio.to_thread(unlock, key, filename=filename, password=password, target=target)

    async def render(
        self, key: str, media_type: str, page: Page, marks: Sequence[tuple[int, int]], width: int
    ) -> bytes:
        render = self._reader.render
        return await asyncio.to_thread(render, key, media_type=media_type, page=page, highlights=marks, width=width)

    async def searchable(self, key: str, media_type: str, pages: Sequence[Page]) -> bytes:
        return await asyncio.to_thread(self._reader.searchable, key, media_type=media_type, pages=pages)

    async def redact(
        self, key: str, media_type: str, pages: Sequence[Page], removed: Mapping[int, Sequence[Box]], dpi: int
    ) -> bytes:
        work = self._reader.redact
        return await asyncio.to_thread(work, key, media_type=media_type, pages=pages, removed=removed, dpi=dpi)


@serve.deployment(name="Ocr")
class OcrDeployment:
    def __init__(self, settings: Settings) -> None:
        self._engine = engines.ocr(settings)
        # One page at a time: the replica has one core, and its queue is the next page's wait.
        self._core = asyncio.Semaphore(1)

    async def recognize(self, task: PageTask) -> Page:
        async with self._core:
            return await asyncio.to_thread(self._engine.recognize, task)


@serve.deployment(name="Entities")
class EntitiesDeployment:
    def __init__(self, settings: Settings) -> None:
        own = settings.entities
        self._recognizer = engines.entities(settings)
        self._batched.set_max_batch_size(own.batching.max_batch_size)
        self._batched.set_batch_wait_timeout_s(own.batching.batch_wait_s)
        self._formed: Counter[int] = Counter()

    async def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        return await self._batched(pages)

    @serve.batch
    async def _batched(self, calls: list[Sequence[Page]]) -> list[list[list[Entity]]]:
        self._formed[sum(map(len, calls))] += 1
        return await _batch(calls, self._recognizer.recognize)

    async def batch_sizes(self) -> dict[int, int]:
        """Pages in a batch -> how many such batches formed since the start."""
        return dict(self._formed)


@serve.deployment(name="Classifier")
class ClassifierDeployment:
    def __init__(self, settings: Settings) -> None:
        own = settings.classifying
        self._classifier = engines.classifier(settings)
        self._batched.set_max_batch_size(own.batching.max_batch_size)
        self._batched.set_batch_wait_timeout_s(own.batching.batch_wait_s)

    async def classify(self, texts: Sequence[str], labels: LabelSet | None = None) -> list[Classification]:
        return await self._batched((texts, labels))

    @serve.batch
    async def _batched(self, calls: list[tuple[Sequence[str], LabelSet | None]]) -> list[list[Classification]]:
        """Calls for one label set are one batch."""
        results: list[list[Classification]] = [[] for _ in calls]
        for labels in dict.fromkeys(labels for _, labels in calls):
            places = [at for at, (_, wanted) in enumerate(calls) if wanted == labels]
            found = await _batch([calls[at][0] for at in places], partial(self._classifier.classify, labels=labels))
            for at, one in zip(places, found, strict=True):
                results[at] = one
        return results

    async def fit(self, examples: Sequence[Example], labels: LabelSet) -> Trained:
        return await asyncio.to_thread(self._classifier.fit, examples, labels)

    async def classify_name(self, filename: str, metadata: str) -> Classification:
        return await asyncio.to_thread(self._classifier.classify_name, filename, metadata)


@serve.deployment(name="Embedder")
class EmbedderDeployment:
    """The bulk lane; questions are embedded in the Retriever."""

    def __init__(self, settings: Settings) -> None:
        self._embedder = engines.embedding(settings, settings.embedding.scaling.gpus)
        self._batched.set_max_batch_size(settings.embedding.batching.max_batch_size)
        self._batched.set_batch_wait_timeout_s(settings.embedding.batching.batch_wait_s)
        self._formed: Counter[int] = Counter()
        self._embedder.embed(["warm up"])

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        rows = await self._batched(texts)
        return np.stack(rows) if rows else np.zeros((0, self._embedder.dimensions), np.float32)

    @serve.batch
    async def _batched(self, calls: list[Sequence[str]]) -> list[list[np.ndarray]]:
        self._formed[sum(map(len, calls))] += 1
        return await _batch(calls, self._embedder.embed)

    async def batch_sizes(self) -> dict[int, int]:
        """Texts in a batch -> how many such batches formed since the start."""
        return dict(self._formed)


@serve.deployment(name="Retriever")
class RetrieverDeployment:
    async def __init__(self, settings: Settings) -> None:
        from rag.retrieve import IndexView

        state = open_state(settings)
        await state.database.connect()
        self._view = IndexView(
            state.feed,
            engines.embedding(settings, settings.retrieval.scaling.gpus),
            settings=settings.retrieval,
            snapshots=settings.data_dir.resolve() / "index",
            resolve=state.documents.document_ids,
            model=embedding_version(settings),
            use_gpu=settings.retrieval.scaling.gpus > 0,
        )
        await self._view.start()
        await self._view.similarity("warm up", ["warm up"])

    async def search(self, query: SearchQuery) -> SearchResult:
        return await self._view.search(query)

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        return await self._view.similarity(query, texts)

    async def sequence(self) -> int:
        return await self._view.sequence()

    def check_health(self) -> None:
        if not self._view.healthy:
            raise RuntimeError("the tail of the change feed stopped")
