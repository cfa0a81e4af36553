"""Plain synchronous adapters behind the async ports, on threads: the application without Ray."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np

from rag.analysis.labels import Example, LabelSet, Trained
from rag.errors import ConfigurationError
from rag.model import Classification, Entity, Page, PageTask

T = TypeVar("T")


class SyncEmbedder(Protocol):
    version: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> np.ndarray: ...


class SyncReranker(Protocol):
    def rerank(self, query: str, texts: Sequence[str]) -> list[float]: ...


class SyncRecognizer(Protocol):
    version: str

    def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]: ...


class SyncClassifier(Protocol):
    version: str

    def classify(self, texts: Sequence[str], labels: LabelSet | None = None) -> list[Classification]: ...

    def fit(self, examples: Sequence[Example], labels: LabelSet) -> Trained: ...

    def classify_name(self, filename: str, metadata: str) -> Classification: ...


class SyncOcr(Protocol):
    version: str

    def recognize(self, task: PageTask) -> Page: ...


class _OneAtATime:
    """Models are not thread-safe: a call waits for the one before it, on its thread and not in the event loop."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(self._locked, work)

    def _locked(self, work: Callable[[], T]) -> T:
        with self._turn:
            return work()


class LocalEmbedder(_OneAtATime):
    """`version`: the name under which the store keeps its vectors; `load` makes the adapter of another version."""

    def __init__(
        self, adapter: SyncEmbedder, *, version: str = "", load: Callable[[str], SyncEmbedder] | None = None
    ) -> None:
        super().__init__()
        self._adapter, self._load = adapter, load
        self.version = version or adapter.version
        self.dimensions = adapter.dimensions

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        return await self._run(lambda: self._adapter.embed(texts))

    def at(self, version: str) -> LocalEmbedder:
        """Loads the other model, which blocks for seconds."""
        if version == self.version:
            return self
        if self._load is None:
            raise ConfigurationError(f"There is no embedder of {version} here.", "Set embedding.model back.")
        return LocalEmbedder(self._load(version), version=version, load=self._load)


class LocalReranker(_OneAtATime):
    def __init__(self, adapter: SyncReranker) -> None:
        super().__init__()
        self._adapter = adapter

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        return await self._run(lambda: self._adapter.rerank(query, texts))


class LocalEntityRecognizer(_OneAtATime):
    def __init__(self, adapter: SyncRecognizer) -> None:
        super().__init__()
        self._adapter = adapter
        self.version = adapter.version

    async def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        return await self._run(lambda: self._adapter.recognize(pages))


class LocalClassifier(_OneAtATime):
    def __init__(self, adapter: SyncClassifier) -> None:
        super().__init__()
        self._adapter = adapter
        self.version = adapter.version

    async def classify(self, texts: Sequence[str], labels: LabelSet | None = None) -> list[Classification]:
        return await self._run(lambda: self._adapter.classify(texts, labels))

    async def fit(self, examples: Sequence[Example], labels: LabelSet) -> Trained:
        return await self._run(lambda: self._adapter.fit(examples, labels))

    async def classify_name(self, filename: str, metadata: str) -> Classification:
        # Rules on a short string: nothing to wait for.
        return self._adapter.classify_name(filename, metadata)


class LocalOcr:
    """Pages side by side: the engine is a process of its own a call."""

    def __init__(self, adapter: SyncOcr, *, at_once: int = 2) -> None:
        self._adapter = adapter
        self._gate = asyncio.Semaphore(at_once)
        self.version = adapter.version

    async def recognize(self, task: PageTask) -> Page:
        async with self._gate:
            return await asyncio.to_thread(self._adapter.recognize, task)
