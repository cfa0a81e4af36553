"""The ports over adapters in this process, with the versions that the served application records.

A batch actor holds only the models of its own operator: each is loaded when it is first called.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from typing import Any

from rag.errors import StageFailed
from rag.remote import Transport, remote_services
from rag.retrieval.embedders import embedding_version, load_embedder
from rag.runtime import engines
from rag.runtime.concurrency import LastUsed
from rag.services import Services
from rag.settings import Settings

Methods = Mapping[str, Callable[..., Any]]


class InProcess:
    """Implements remote.Transport. Models are not thread-safe: a call waits for the one before, unless `together`.

    Parts that share a model share their `turn`.
    """

    def __init__(
        self, load: Callable[[], Methods], *, together: bool = False, turn: threading.Lock | None = None
    ) -> None:
        self._load = load
        self._together = together
        self._methods: Methods | None = None
        self._turn = turn or threading.Lock()

    async def call(self, method: str, *args: Any, seconds: float) -> Any:
        return await asyncio.to_thread(self._run, method, args)

    async def stream(self, method: str, *args: Any, seconds: float) -> AsyncIterator[Any]:
        for piece in await self.call(method, *args, seconds=seconds):
            yield piece

    def _run(self, method: str, args: tuple[Any, ...]) -> Any:
        with self._turn:
            if self._methods is None:
                self._methods = self._load()
            if not self._together:
                return self._methods[method](*args)
        return self._methods[method](*args)


def local_services(settings: Settings, *, llm: Transport | None = None) -> Services:
    """Services whose engines run here; `llm` is the way to the language model, where one is needed."""

    turn = threading.Lock()

    @cache
    def embedding() -> Any:
        return engines.embedding(settings, settings.embedding.scaling.gpus)

    def reader() -> Methods:
        own = engines.reader(settings)

        def read(key: str, filename: str, language: str | None, password: str | None, keep_members: bool) -> Any:
            return own.read(key, filename=filename, language=language, password=password, keep_members=keep_members)

        return {"read": read}

    def classifier() -> Methods:
        same = settings.classifying.model == settings.embedding.model and not settings.embedding.base_url
        shared = embedding() if same else None
        own = engines.classifier(settings, embedder=shared)
        return {"classify": own.classify, "classify_name": own.classify_name}

    def embedder() -> Methods:
        """By version, as the Embedder deployment: the library may be embedded with another model than the settings'."""
        own, gpus = embedding_version(settings), settings.embedding.scaling.gpus
        models = LastUsed(lambda version: embedding() if version == own else load_embedder(settings, gpus, version))
        return {"embed": lambda texts, version: models.get(version).embed(texts)}

    def missing() -> Methods:
        raise StageFailed("This part of the service is not there in a batch job.", "Leave its stage to the service.")

    transports: dict[str, Transport] = {
        "reader": InProcess(reader, together=True),
        "ocr": InProcess(lambda: {"recognize": engines.ocr(settings).recognize}),
        "entities": InProcess(lambda: {"recognize": engines.entities(settings).recognize}),
        "classifier": InProcess(classifier, turn=turn),
        "embedder": InProcess(embedder, turn=turn),
        "retriever": InProcess(missing),
    }
    if llm is not None or not settings.llm.base_url:
        transports["llm"] = llm or InProcess(missing)
    return remote_services(settings, transports)
