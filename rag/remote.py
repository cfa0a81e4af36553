"""The ports as clients of processes elsewhere: one typed method a call, whatever carries it.

Ray's part of it is rag/serving/transport.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from rag.analysis.labels import Example, LabelSet, Trained
from rag.model import Box, Classification, Entity, Message, Page, PageTask, Token, Usage, Words
from rag.ports import Generator, Outline, Reranker, Retriever, SearchQuery, SearchResult, Terms
from rag.redaction.mask import MaskedGenerator
from rag.redaction.rules import Countries
from rag.retrieval.candidates import Candidates as Found
from rag.retrieval.embedders import embedding_version
from rag.retrieval.shards import ShardedRetriever
from rag.rollouts.models import AnsweringModels
from rag.runtime.circuit import Circuit
from rag.runtime.fallback import FallbackGenerator
from rag.runtime.metrics import CountedGenerator, Metrics, NoMetrics
from rag.sections.language_models import Llm
from rag.services import Candidates, Services, open_state
from rag.settings import Classifying, Settings

ENTITIES_VERSION = "3"
"""Raised when rag/analysis/entity_rules.py changes what is found: documents then get the stage again."""
CLASSIFIER_VERSION = "2"
"""The same for the built-in labels and cues."""
FIT_SECONDS = 3600
OCR_WAIT_SECONDS = 3600
"""A page may wait for the whole of a long document before it."""


class Transport(Protocol):
    async def call(self, method: str, *args: Any, seconds: float) -> Any: ...

    def stream(self, method: str, *args: Any, seconds: float) -> AsyncIterator[Any]: ...


@dataclass(frozen=True, slots=True)
class ReaderClient:
    transport: Transport
    seconds: float

    async def read(
        self,
        key: str,
        *,
        filename: str,
        language: str | None = None,
        password: str | None = None,
        keep_members: bool = False,
    ) -> Outline:
        return await self.transport.call("read", key, filename, language, password, keep_members, seconds=self.seconds)

    async def unlock(self, key: str, *, filename: str, password: str, target: str) -> str | None:
        return await self.transport.call("unlock", key, filename, password, target, seconds=self.seconds)

    async def render(
        self, key: str, *, media_type: str, page: Page, highlights: Sequence[tuple[int, int]] = (), width: int = 1000
    ) -> bytes:
        return await self.transport.call("render", key, media_type, page, highlights, width, seconds=self.seconds)

    async def searchable(self, key: str, *, media_type: str, pages: Sequence[Page]) -> bytes:
        return await self.transport.call("searchable", key, media_type, pages, seconds=self.seconds)

    async def redact(
        self, key: str, *, media_type: str, pages: Sequence[Page], removed: Mapping[int, Sequence[Box]], dpi: int
    ) -> bytes:
        return await self.transport.call("redact", key, media_type, pages, removed, dpi, seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class OcrClient:
    transport: Transport
    version: str
    seconds: float = OCR_WAIT_SECONDS

    async def recognize(self, task: PageTask) -> Page:
        return await self.transport.call("recognize", task, seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class EntitiesClient:
    transport: Transport
    version: str
    seconds: float

    async def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        # Names are found in the text: the words and their boxes stay here.
        light = [replace(page, words=Words()) for page in pages]
        return await self.transport.call("recognize", light, seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class ClassifierClient:
    transport: Transport
    version: str
    seconds: float

    async def classify(self, texts: Sequence[str], labels: LabelSet | None = None) -> list[Classification]:
        return await self.transport.call("classify", texts, labels, seconds=self.seconds)

    async def fit(self, examples: Sequence[Example], labels: LabelSet) -> Trained:
        return await self.transport.call("fit", examples, labels, seconds=FIT_SECONDS)

    async def classify_name(self, filename: str, metadata: str) -> Classification:
        return await self.transport.call("classify_name", filename, metadata, seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class EmbedderClient:
    transport: Transport
    version: str
    dimensions: int
    seconds: float

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        return await self.transport.call("embed", texts, self.version, seconds=self.seconds)

    def at(self, version: str) -> EmbedderClient:
        return replace(self, version=version)


@dataclass(frozen=True, slots=True)
class RetrieverClient:
    transport: Transport
    seconds: float

    async def search(self, query: SearchQuery) -> SearchResult:
        return await self.transport.call("search", query, seconds=self.seconds)

    async def candidates(self, query: SearchQuery) -> Found:
        return await self.transport.call("candidates", query, seconds=self.seconds)

    async def terms(self, text: str) -> Terms:
        return await self.transport.call("terms", text, seconds=self.seconds)

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        return await self.transport.call("similarity", query, texts, seconds=self.seconds)

    async def sequence(self) -> int:
        return await self.transport.call("sequence", seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class RerankerClient:
    transport: Transport
    seconds: float

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        return await self.transport.call("rerank", query, list(texts), seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class GeneratorClient:
    transport: Transport
    model: str
    context_tokens: int
    seconds: float
    adapter: str | None = None
    """By its name, where the model is one on another's engine."""

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        # Left out where there is none: during an upgrade the engine may be one that knows of no adapters.
        adapter = [self.adapter] if self.adapter else []
        pieces = self.transport.stream(
            "generate", turns, max_tokens, temperature, list(stop), schema, *adapter, seconds=self.seconds
        )
        async for text, finish, prompt_tokens, completion_tokens in pieces:
            yield Token(text, finish, Usage(prompt_tokens, completion_tokens) if prompt_tokens else None)


def remote_services(
    settings: Settings, transports: Mapping[str, Transport], metrics: Metrics | None = None
) -> Services:
    """Services whose ports are clients, each knowing the version of the model behind it."""
    metrics = metrics or NoMetrics()
    seconds = settings.server.request_seconds
    embedding = settings.embedding
    entities = EntitiesClient(transports["entities"], f"{settings.entities.model}/{ENTITIES_VERSION}", seconds)

    def generated(own: Llm, transport: Transport | None) -> Generator:
        generator = CountedGenerator(_generator(own, transport, seconds), metrics)
        hidden = settings.redaction
        if not hidden.prompts:
            return generator
        return MaskedGenerator(generator, entities, hidden.kinds, Countries.of(hidden))

    named: dict[str, Generator] = {}
    for key, own in settings.models.items():
        under, engine = _under(settings, own) if own.lora else (own, f"llm-{key}")
        if own.base_url or engine in transports:
            own = own.model_copy(update={"max_model_len": under.max_model_len})
            named[key] = generated(own, transports.get(engine))
    return Services(
        settings=settings,
        state=open_state(settings),
        reader=ReaderClient(transports["reader"], settings.limits.parser_seconds * 2),
        ocr=OcrClient(transports["ocr"], settings.reading.engine),
        entities=entities,
        classifier=ClassifierClient(transports["classifier"], _classifier_version(settings.classifying), seconds),
        embedder=EmbedderClient(
            transports["embedder"], embedding_version(settings), embedding.dimensions, max(seconds, 600)
        ),
        retriever=_retriever(settings, transports),
        generator=_with_fallback(settings.llm, generated(settings.llm, transports.get("llm")), named),
        reranker=_reranker(settings, transports.get("reranker")),
        metrics=metrics,
        candidates=Candidates(
            EntitiesClient(
                transports["entities-candidate"], f"{settings.entities.candidate}/{ENTITIES_VERSION}", seconds
            )
            if "entities-candidate" in transports
            else None,
            ClassifierClient(
                transports["classifier-candidate"], _classifier_version(on_trial(settings.classifying)), seconds
            )
            if "classifier-candidate" in transports
            else None,
            named.get(settings.analysis.summary.candidate),
            named.get(settings.fields.candidate),
        ),
        models=AnsweringModels(
            {key: _with_fallback(settings.models[key], model, named) for key, model in named.items()}
        ),
    )


def on_trial(own: Classifying) -> Classifying:
    """The settings of the classifier that is tried: its engine decides what the candidate is a model of."""
    engine = own.candidate_engine or own.engine
    model = {"model": own.candidate} if engine == "prototypes" else {"zero_shot_model": own.candidate}
    return own.model_copy(update={"engine": engine, **model})


def _classifier_version(own: Classifying) -> str:
    zero_shot = "" if own.engine == "prototypes" else f"/{own.engine}:{own.zero_shot_model}"
    return f"{own.model}{zero_shot}/{CLASSIFIER_VERSION}"


def retriever_names(settings: Settings) -> list[str]:
    """The transports that the Retriever consists of: one a shard."""
    shards = settings.retrieval.shards
    return ["retriever"] if shards == 1 else [f"retriever-{number + 1}" for number in range(shards)]


def _retriever(settings: Settings, transports: Mapping[str, Transport]) -> Retriever:
    seconds = settings.server.request_seconds
    shards = [RetrieverClient(transports[name], seconds) for name in retriever_names(settings)]
    return shards[0] if len(shards) == 1 else ShardedRetriever(shards, candidates=settings.retrieval.candidates)


def _reranker(settings: Settings, transport: Transport | None) -> Reranker | None:
    own = settings.reranking
    if own.base_url:
        from rag.adapters.rerank_http import HttpReranker

        return HttpReranker(own.base_url, model=own.model, api_key=own.api_key, seconds=own.seconds)
    return None if transport is None else RerankerClient(transport, own.seconds)


def _under(settings: Settings, adapter: Llm) -> tuple[Llm, str]:
    """The model whose engine takes this adapter, and its transport."""
    if not adapter.base:
        return settings.llm, "llm"
    return settings.models[adapter.base], f"llm-{adapter.base}"


def _generator(own: Llm, transport: Transport | None, seconds: float) -> Generator:
    if transport is None:
        from rag.adapters.generate_openai import OpenAIGenerator

        return OpenAIGenerator(
            own.base_url,
            model=own.name,
            api_key=own.api_key,
            context_tokens=own.max_model_len,
            seconds=own.seconds,
            # Where another model stands by, it is asked sooner than this one again.
            retries=0 if own.fallback else 2,
        )
    return GeneratorClient(transport, own.name, own.max_model_len, seconds, own.name if own.lora else None)


def _with_fallback(own: Llm, generator: Generator, named: Mapping[str, Generator]) -> Generator:
    if own.fallback not in named:
        return generator
    circuit = Circuit(own.name, failures=own.away_after, open_seconds=own.away_seconds)
    return FallbackGenerator(generator, named[own.fallback], circuit)
