"""The deployments that hold a model, an engine or an index: each wraps one adapter and batches what reaches it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from ray import serve

from rag.analysis.labels import Example, LabelSet, Trained
from rag.errors import ConfigurationError
from rag.local import LocalReranker
from rag.model import Box, Classification, Entity, Page, PageTask
from rag.ports import Outline, SearchQuery, SearchResult, Terms
from rag.retrieval.candidates import Candidates
from rag.retrieval.embedders import embedding_version, load_embedder
from rag.runtime import engines
from rag.runtime.concurrency import LastUsed
from rag.runtime.metrics import BATCH_SIZE, Metrics
from rag.sections.scaling import Batching
from rag.services import open_state
from rag.serving.metrics import open_metrics
from rag.serving.monitoring import log_as_json
from rag.settings import Settings

T = TypeVar("T")
R = TypeVar("R")


async def _batch(calls: list[Sequence[T]], work: Callable[[list[T]], Sequence[R]], metrics: Metrics) -> list[list[R]]:
    """Many calls as one batch on a thread, its results given back call by call."""
    flat = [item for call in calls for item in call]
    metrics.observe(BATCH_SIZE, len(flat))
    results = list(await asyncio.to_thread(work, flat))
    split: list[list[R]] = []
    for call in calls:
        split.append(results[: len(call)])
        results = results[len(call) :]
    return split


def _rebatch(batched: Any, user_config: Mapping[str, float]) -> None:
    """What Serve calls at the start and whenever `user_config` changes, without a restart. Raises ConfigurationError."""
    if unknown := set(user_config) - set(Batching.model_fields):
        raise ConfigurationError(f"user_config has no '{min(unknown)}'.", f"Keys: {', '.join(Batching.model_fields)}.")
    own = Batching(**user_config)
    batched.set_max_batch_size(own.max_batch_size)
    batched.set_batch_wait_timeout_s(own.batch_wait_s)


@serve.deployment(name="Reader")
class ReaderDeployment:
    def __init__(self, settings: Settings) -> None:
        log_as_json(settings)
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
        log_as_json(settings)
        self._engine = engines.ocr(settings)
        # A page a core: the replica's queue is the next page's wait.
        self._cores = asyncio.Semaphore(settings.reading.ocr.whole_cpus)

    async def recognize(self, task: PageTask) -> Page:
        async with self._cores:
            return await asyncio.to_thread(self._engine.recognize, task)


@serve.deployment(name="Entities")
class EntitiesDeployment:
    def __init__(self, settings: Settings) -> None:
        log_as_json(settings)
        self._metrics = open_metrics(settings)
        self._recognizer = engines.entities(settings)
        self._formed: Counter[int] = Counter()

    def reconfigure(self, user_config: Mapping[str, float]) -> None:
        _rebatch(self._batched, user_config)

    async def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        return await self._batched(pages)

    @serve.batch
    async def _batched(self, calls: list[Sequence[Page]]) -> list[list[list[Entity]]]:
        self._formed[sum(map(len, calls))] += 1
        return await _batch(calls, self._recognizer.recognize, self._metrics)

    async def batch_sizes(self) -> dict[int, int]:
        """Pages in a batch -> how many such batches formed since the start."""
        return dict(self._formed)


@serve.deployment(name="Classifier")
class ClassifierDeployment:
    def __init__(self, settings: Settings) -> None:
        log_as_json(settings)
        self._metrics = open_metrics(settings)
        self._classifier = engines.classifier(settings)

    def reconfigure(self, user_config: Mapping[str, float]) -> None:
        _rebatch(self._batched, user_config)

    async def classify(self, texts: Sequence[str], labels: LabelSet | None = None) -> list[Classification]:
        return await self._batched((texts, labels))

    @serve.batch
    async def _batched(self, calls: list[tuple[Sequence[str], LabelSet | None]]) -> list[list[Classification]]:
        """Calls for one label set are one batch."""
        results: list[list[Classification]] = [[] for _ in calls]
        for labels in dict.fromkeys(labels for _, labels in calls):
            places = [at for at, (_, wanted) in enumerate(calls) if wanted == labels]
            found = await _batch(
                [calls[at][0] for at in places], partial(self._classifier.classify, labels=labels), self._metrics
            )
            for at, one in zip(places, found, strict=True):
                results[at] = one
        return results

    async def fit(self, examples: Sequence[Example], labels: LabelSet) -> Trained:
        return await asyncio.to_thread(self._classifier.fit, examples, labels)

    async def classify_name(self, filename: str, metadata: str) -> Classification:
        return await asyncio.to_thread(self._classifier.classify_name, filename, metadata)


@serve.deployment(name="Embedder")
class EmbedderDeployment:
    """The bulk lane; questions are embedded in the Retriever. While the library moves to another model there are two."""

    async def __init__(self, settings: Settings) -> None:
        log_as_json(settings)
        self._metrics = open_metrics(settings)
        state = open_state(settings)
        await state.database.connect()
        active = await state.embeddings.settle(embedding_version(settings))
        self._models = LastUsed(lambda version: load_embedder(settings, settings.embedding.scaling.gpus, version))
        self._formed: Counter[int] = Counter()
        self._models.get(active).embed(["warm up"])

    def reconfigure(self, user_config: Mapping[str, float]) -> None:
        _rebatch(self._batched, user_config)

    async def embed(self, texts: Sequence[str], version: str) -> np.ndarray:
        rows = await self._batched([(version, text) for text in texts])
        return np.stack(rows)

    @serve.batch
    async def _batched(self, calls: list[Sequence[tuple[str, str]]]) -> list[list[np.ndarray]]:
        self._formed[sum(map(len, calls))] += 1
        return await _batch(calls, self._embed, self._metrics)

    def _embed(self, pairs: list[tuple[str, str]]) -> list[np.ndarray]:
        rows: list[np.ndarray] = [np.zeros(0, np.float32)] * len(pairs)
        for version in dict.fromkeys(version for version, _ in pairs):
            places = [i for i, pair in enumerate(pairs) if pair[0] == version]
            vectors = self._models.get(version).embed([pairs[i][1] for i in places])
            for place, vector in zip(places, vectors, strict=True):
                rows[place] = vector
        return rows

    async def batch_sizes(self) -> dict[int, int]:
        """Texts in a batch -> how many such batches formed since the start."""
        return dict(self._formed)


@serve.deployment(name="Retriever")
class RetrieverDeployment:
    async def __init__(self, settings: Settings, shard: int = 0) -> None:
        log_as_json(settings)
        from rag.retrieval.retrieve import IndexView

        state = open_state(settings)
        await state.database.connect()
        active = await state.embeddings.settle(embedding_version(settings))
        gpus, own = settings.retrieval.scaling.gpus, settings.retrieval
        folder = settings.data_dir.resolve() / "index"
        self._view = IndexView(
            state.feed,
            load_embedder(settings, gpus, active),
            settings=own,
            snapshots=folder if own.shards == 1 else folder / f"{shard + 1}-of-{own.shards}",
            resolve=state.documents.document_ids,
            model=active,
            load=lambda version: load_embedder(settings, gpus, version),
            views=state.views,
            use_gpu=gpus > 0,
            shard=shard,
        )
        await self._view.start()
        await self._view.similarity("warm up", ["warm up"])

    async def __del__(self) -> None:
        """Serve awaits it when a replica is shut down (not when it is killed): a snapshot makes the next start quick."""
        await self._view.stop()

    async def search(self, query: SearchQuery) -> SearchResult:
        return await self._view.search(query)

    async def candidates(self, query: SearchQuery) -> Candidates:
        return await self._view.candidates(query)

    async def terms(self, text: str) -> Terms:
        return await self._view.terms(text)

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        return await self._view.similarity(query, texts)

    async def sequence(self) -> int:
        return await self._view.sequence()

    def check_health(self) -> None:
        if not self._view.healthy:
            raise RuntimeError("the tail of the change feed stopped")


@serve.deployment(name="Reranker")
class RerankerDeployment:
    """Off by default. One batch at a time: it is the slowest model beside the language model."""

    def __init__(self, settings: Settings) -> None:
        self._reranker = LocalReranker(engines.reranker(settings))

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        return await self._reranker.rerank(query, texts)
