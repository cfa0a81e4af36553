"""`redwell bench analysis`: entities and embeddings through Ray Serve, beside the bare libraries on the same texts.

Both sides take turns in one run. Through Serve, documents of a few pages (or a score of chunks) are sent side by side, as
the analyzer does; the deployments say which batches formed. Ratios are of wall time: above 1, Serve was faster.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, TypeVar

from rag.bench.made_text import MadeText
from rag.fakes import text_page
from rag.model import Page
from rag.remote import EmbedderClient, EntitiesClient, Transport, embedding_version
from rag.runtime.processor import calculated_in
from rag.runtime.weights import resolve
from rag.settings import Settings

PAGES_A_DOCUMENT = 4
CHUNKS_A_DOCUMENT = 16
IN_FLIGHT = 12
SECONDS = 600.0
T = TypeVar("T")
Encode = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Throughput:
    """Of one library: items are pages of `words` in all, or chunks."""

    items: int
    words: int
    bare_seconds: tuple[float, ...]
    serve_seconds: tuple[float, ...]
    batches: Mapping[int, int] = field(default_factory=dict)
    """Items in a batch -> how many such batches formed."""

    @property
    def ratio(self) -> float:
        return median(self.bare_seconds) / median(self.serve_seconds)

    @property
    def mean_batch(self) -> float:
        return sum(size * count for size, count in self.batches.items()) / max(1, sum(self.batches.values()))

    def as_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "ratio": self.ratio,
            "mean_batch": self.mean_batch,
            "bare_items_a_second": self.items / median(self.bare_seconds),
            "serve_items_a_second": self.items / median(self.serve_seconds),
        }


async def bench_entities(
    settings: Settings, transport: Transport, *, pages: int, runs: int, progress: Callable[[str], None]
) -> Throughput:
    """Against `spacy.load(...).pipe(texts)` with the same components, one process."""
    from rag.adapters.ner_spacy import pipeline

    own = settings.entities
    texts = MadeText(sentences=22).passages(pages)
    made = [text_page(number, text) for number, text in enumerate(texts, 1)]
    nlp = pipeline(resolve(own.model, cache_dir=settings.cache_dir))
    client = EntitiesClient(transport, "bench", SECONDS)

    def bare() -> None:
        for _ in nlp.pipe(texts, batch_size=own.batch_size):
            pass

    async def one(part: Sequence[Page]) -> None:
        await client.recognize(part)

    return await _both(texts, made, PAGES_A_DOCUMENT, bare, one, transport, runs, progress, "entities")


async def bench_embeddings(
    settings: Settings, transport: Transport, *, chunks: int, runs: int, progress: Callable[[str], None]
) -> Throughput:
    """Against `encoder`."""
    own = settings.embedding
    texts = MadeText(sentences=8).passages(chunks)
    encode = encoder(settings)
    client = EmbedderClient(transport, embedding_version(settings), own.dimensions, SECONDS)

    def bare() -> None:
        encode(texts)

    async def one(part: Sequence[str]) -> None:
        await client.embed(part)

    return await _both(texts, texts, CHUNKS_A_DOCUMENT, bare, one, transport, runs, progress, "embeddings")


def encoder(settings: Settings) -> Encode:
    """The bare engine of embeddings: `SentenceTransformer.encode` with the same weights, dtype, threads and batch size."""
    import torch
    from sentence_transformers import SentenceTransformer

    own = settings.embedding
    torch.set_num_threads(own.threads)
    path = resolve(own.model, cache_dir=settings.cache_dir)
    model = SentenceTransformer(path, device="cpu", model_kwargs={"dtype": getattr(torch, calculated_in(own.dtype, 0))})
    return lambda texts: model.encode(
        list(texts), batch_size=own.batch_size, show_progress_bar=False, convert_to_tensor=True
    )


async def _both(
    texts: Sequence[str],
    items: Sequence[T],
    size: int,
    bare: Callable[[], None],
    one: Callable[[Sequence[T]], Awaitable[None]],
    transport: Transport,
    runs: int,
    progress: Callable[[str], None],
    name: str,
) -> Throughput:
    """One run of each side to warm up, then `runs` of each in turn."""
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def gated(part: Sequence[T]) -> None:
        async with gate:
            await one(part)

    bare_seconds, serve_seconds = [], []
    before: Mapping[int, int] = {}
    for run in range(runs + 1):
        progress(f"{name}: run {run} of {runs}")
        started = time.perf_counter()
        await asyncio.to_thread(bare)
        between = time.perf_counter()
        await asyncio.gather(*(gated(part) for part in parts))
        ended = time.perf_counter()
        if run == 0:
            before = await transport.call("batch_sizes", seconds=SECONDS)
        else:
            bare_seconds.append(between - started)
            serve_seconds.append(ended - between)
    after: Mapping[int, int] = await transport.call("batch_sizes", seconds=SECONDS)
    formed = {size: count - before.get(size, 0) for size, count in sorted(after.items()) if count > before.get(size, 0)}
    words = sum(len(text.split()) for text in texts)
    return Throughput(len(items), words, tuple(bare_seconds), tuple(serve_seconds), formed)
