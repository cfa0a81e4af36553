"""`redwell bench retrieval`: what a search costs at 100,000 chunks, beside bare FAISS and tantivy in the same run.

The library is real (SQLite, pages with word boxes, the packaged embedder, the index view); its texts are made
(rag/bench/made_text.py), its vectors are embeddings of made text spread to the size (rag/bench/vectors.py). The bare side embeds
the question and asks a FAISS and a tantivy index, without filters, fusion, duplicates, text or boxes. The two take turns.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import insert

from rag.adapters.index_faiss import FaissIndex
from rag.adapters.lexical_tantivy import LexicalRow, TantivyIndex
from rag.bench.made_text import MadeText
from rag.bench.vectors import spread
from rag.errors import StageFailed
from rag.evaluation.library import open_library
from rag.fakes import text_page
from rag.ports import SearchQuery
from rag.retrieval.search import find
from rag.services import Services
from rag.store.index_tables import embeddings
from rag.store.tables import changes, chunks, documents, pages

CHUNKS_A_DOCUMENT = 20
DEPTH = 100
TOP_K = 10
WRITTEN_AT_ONCE = 5000
SETTLING_SECONDS = 300
SETTLED_A_SECOND = 1000
"""Chunks that an index of another structure takes up at the least, on busy cores."""


@dataclass(frozen=True, slots=True)
class RetrievalBench:
    """Milliseconds: (median, 95th percentile)."""

    chunks: int
    kind: str
    search: tuple[float, float]
    """Embed, both indexes, fusion, duplicates, text and boxes from the database."""
    bare: tuple[float, float]
    embed: tuple[float, float]
    indexes: tuple[float, float]
    fetch: tuple[float, float]
    clients: int
    search_rate: float
    """Searches a second of `clients` at once."""
    bare_rate: float
    """The same of as many threads that ask the bare engines, which take one question at a time."""
    start_seconds: float
    """From the database to an index that answers."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def bench_retrieval(
    size: int,
    *,
    questions: int = 100,
    texts: int = 1000,
    clients: int = 16,
    progress: Callable[[str], None] = lambda text: None,
) -> RetrievalBench:
    made = MadeText(sentences=3)
    async with open_library() as library:
        services = library.services
        view: Any = services.retriever
        embed = view._embedder.embed
        progress("embedding made passages")
        known = made.passages(texts)
        real = await asyncio.to_thread(embed, known)
        progress(f"writing {size:,} chunks")
        rows = list(made_texts(known, size))
        vectors = np.concatenate(list(spread(real, size)))
        await _write(services, rows, vectors)
        progress("reading them into the index")
        started = time.perf_counter()
        head = await services.state.feed.head()
        while await view.sequence() < head:
            await view.search(SearchQuery("warm up", at_least=head))
        start_seconds = time.perf_counter() - started
        await settled(view, size)
        progress("building the bare indexes")
        dense, lexical = FaissIndex(real.shape[1]), TantivyIndex()
        dense = dense.filled(np.arange(size), vectors)
        lexical.add([LexicalRow(i, str(i // CHUNKS_A_DOCUMENT), "c", text) for i, text in enumerate(rows)])
        lexical.commit()
        del vectors
        progress("asking")
        times: dict[str, list[float]] = {name: [] for name in ("search", "bare", "embed", "indexes", "fetch")}
        for question in made.questions(questions + 5):
            with _timed(times["search"]):
                await find(SearchQuery(question, TOP_K), services)
            with _timed(times["bare"]):
                with _timed(times["embed"]):
                    vector = embed([question])
                with _timed(times["indexes"]):
                    dense.search(vector, DEPTH)
                    lexical.search(question, DEPTH)
            hits = (
                await services.retriever.search(SearchQuery(question, TOP_K))
            ).hits  # remembered: it is their rows that count
            with _timed(times["fetch"]):
                await services.state.documents.passages(hits)
        progress(f"asking, {clients} at once")
        free = threading.Lock()

        def bare(question: str) -> None:
            with free:
                dense.search(embed([question]), DEPTH)
                lexical.search(question, DEPTH)

        async def ours(question: str) -> None:
            await find(SearchQuery(question, TOP_K), services)

        many = made.questions(5 * questions + 5)[questions + 5 :]  # none that was asked before
        search_rate = await _rate(ours, many, clients)
        bare_rate = await _rate(lambda question: asyncio.to_thread(bare, question), many, clients)
        # The first ones warm caches up.
        found = {name: _quantiles(taken[5:]) for name, taken in times.items()}
        return RetrievalBench(
            size,
            view.state.kind,
            **found,
            clients=clients,
            search_rate=search_rate,
            bare_rate=bare_rate,
            start_seconds=start_seconds,
        )


async def settled(view: Any, chunks: int) -> None:
    """The dense index gets the structure of its size beside the one that answers: until then both would be measured.

    Raises StageFailed when that takes too long.
    """
    seconds = SETTLING_SECONDS + chunks // SETTLED_A_SECOND
    for _ in range(seconds):
        if not view._dense.outgrown:
            return
        await asyncio.sleep(1)
    raise StageFailed(f"The dense index did not settle within {seconds} s.", "Measure fewer chunks.")


async def _rate(ask: Callable[[str], Awaitable[None]], questions: Sequence[str], clients: int) -> float:
    """Questions a second."""
    left = iter(questions)

    async def client() -> None:
        for question in left:
            await ask(question)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return len(questions) / (time.perf_counter() - started)


class _timed:
    """Adds the milliseconds of its body to `taken`."""

    def __init__(self, taken: list[float]) -> None:
        self._taken = taken

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._taken.append((time.perf_counter() - self._began) * 1000)


def _quantiles(taken: Sequence[float]) -> tuple[float, float]:
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 95))


def made_texts(known: Sequence[str], size: int) -> Iterator[str]:
    """Sentences of the made passages in new company, and a number of its own in each."""
    rng = np.random.default_rng(3)
    sentences = [sentence for text in known for sentence in text.split(". ")]
    for number in range(size):
        picked = rng.integers(0, len(sentences), 6)
        yield ". ".join(sentences[i] for i in picked) + f". No. {number}."


async def _write(services: Services, texts: Sequence[str], vectors: np.ndarray) -> None:
    """Straight into the tables: the way in is measured elsewhere (`redwell bench pipeline`)."""
    model = services.embedder.version
    instant = datetime.now(UTC)
    for first in range(0, len(texts), WRITTEN_AT_ONCE):
        last = min(first + WRITTEN_AT_ONCE, len(texts))
        owners = sorted({number // CHUNKS_A_DOCUMENT for number in range(first, last)})
        async with services.state.database.write() as connection:
            await connection.execute(
                insert(documents),
                [
                    {
                        "id": f"{owner:032}",
                        "collection": "bench",
                        "filename": f"document-{owner}.txt",
                        "filename_key": f"document-{owner}.txt",
                        "media_type": "text/plain",
                        "sha256": f"{owner:064}",
                        "size": 1,
                        "status": "ready",
                        "created_at": instant,
                        "updated_at": instant,
                        "metadata": {},
                        "warnings": [],
                        "revision": 1,
                    }
                    for owner in owners
                ],
            )
            await connection.execute(insert(pages), [_page(number, texts[number]) for number in range(first, last)])
            await connection.execute(
                insert(chunks),
                [
                    {
                        "id": number + 1,
                        "document_id": f"{number // CHUNKS_A_DOCUMENT:032}",
                        "page": number % CHUNKS_A_DOCUMENT + 1,
                        "start": 0,
                        "end": len(texts[number]),
                        "text": texts[number],
                        "heading": "",
                    }
                    for number in range(first, last)
                ],
            )
            await connection.execute(
                insert(embeddings),
                [
                    {"chunk_id": number + 1, "model": model, "vector": vectors[number].tobytes()}
                    for number in range(first, last)
                ],
            )
    async with services.state.database.write() as connection:
        await connection.execute(insert(changes).values(op="upsert", document_id=f"{0:032}", collection="bench"))


def _page(number: int, text: str) -> dict[str, Any]:
    page = text_page(1, text)
    return {
        "document_id": f"{number // CHUNKS_A_DOCUMENT:032}",
        "number": number % CHUNKS_A_DOCUMENT + 1,
        "width": page.width,
        "height": page.height,
        "text": text,
        "source": page.source.value,
        "words": page.words.data,
        "confidence": 1.0,
        "rotation": 0,
    }


def table(found: RetrievalBench) -> str:
    names = {
        "search": "a search of Redwell",
        "bare": "embedder + FAISS + tantivy, bare",
        "embed": "  of it: embedding the question",
        "indexes": "  of it: FAISS and tantivy",
        "fetch": "text and boxes of the passages",
    }
    lines = [f"{found.chunks:,} chunks, {found.kind}; in the index {found.start_seconds:.0f} s after they were written"]
    lines.append(f"{'':34}{'p50 ms':>9}{'p95 ms':>9}")
    lines += [
        f"{told:34}{getattr(found, name)[0]:>9.1f}{getattr(found, name)[1]:>9.1f}" for name, told in names.items()
    ]
    lines.append(
        f"{found.clients} at once: {found.search_rate:.0f} searches a second, {found.bare_rate:.0f} of the bare engines"
    )
    return "\n".join(lines)
