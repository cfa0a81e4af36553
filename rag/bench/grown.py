"""Growth of a library: upload, search and list at several sizes, asked by turns, so that what else runs meets all of them.

Rows are made as `redwell bench library` makes them; vectors are spread from embeddings of made text. Requests go through the whole HTTP
application in this process, with the real database, blobs and index. Questions are embedded beforehand: that cost does not grow.
What the index itself takes of each search is taken off: it has a law of its own. Each question is asked twice: the first time, the rows of its
passages come from the disk where the system does not hold them, and in a large library it holds few of them.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
from sqlalchemy import insert, select

from rag.api import create_app
from rag.bench.library import CHUNKS, PER_PAGE, fill, played_services
from rag.bench.line import Line
from rag.bench.made_text import MadeText
from rag.bench.retrieval import WRITTEN_AT_ONCE, made_texts, settled
from rag.bench.vectors import spread
from rag.ports import SearchQuery, SearchResult
from rag.retrieval.following import SyncEmbedder
from rag.retrieval.retrieve import IndexView
from rag.services import State, open_state
from rag.settings import load
from rag.store.index_tables import embeddings
from rag.store.tables import changes, chunks

GOAL = 1 / 1.15
TEXTS = 400
TOP_K = 10


@dataclass(slots=True)
class Known:
    """Vectors of texts that were embedded before."""

    version: str
    dimensions: int
    rows: dict[str, np.ndarray]

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self.rows[text] for text in texts])


class MeasuredIndex:
    """Answers as the index does, and keeps the milliseconds of each search: those of the very request that asked it, since the
    next one finds everything warm."""

    def __init__(self, view: IndexView) -> None:
        self._view = view
        self.times: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    async def search(self, query: SearchQuery) -> SearchResult:
        started = time.perf_counter()
        found = await self._view.search(query)
        self.times.append(1000 * (time.perf_counter() - started))
        return found


@dataclass(slots=True)
class Grown:
    """A library of one size and the milliseconds of its requests."""

    documents: int
    http: httpx.AsyncClient
    index: MeasuredIndex
    start_seconds: float
    """From rows to an index that answers."""
    times: dict[str, list[float]] = field(default_factory=dict)

    async def timed(self, name: str, work: Any) -> None:
        started = time.perf_counter()
        response = await work
        self.times.setdefault(name, []).append(1000 * (time.perf_counter() - started))
        if isinstance(response, httpx.Response):
            response.raise_for_status()


async def bench_grown(
    embedder: SyncEmbedder,
    sizes: Sequence[int],
    *,
    requests: int = 60,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Line]:
    """`sizes` from small to large; each is compared with the first."""
    made = MadeText(sentences=3)
    known, questions = made.passages(TEXTS), made.questions(requests)
    progress("embedding made passages")
    real = embedder.embed(known)
    asked = dict(zip(questions, embedder.embed(questions), strict=True))
    answering = Known(embedder.version, embedder.dimensions, asked)
    async with AsyncExitStack() as opened:
        libraries = []
        for size in sizes:
            progress(f"writing {size:,} documents")
            libraries.append(await opened.enter_async_context(_library(size, known, real, answering)))
        progress("asking")
        for number, question in enumerate(questions):
            for library in libraries:
                await _ask(library, question, number)
    return [line for large in libraries[1:] for line in _lines(libraries[0], large)]


async def _ask(library: Grown, question: str, number: int) -> None:
    """The first request of each kind warms up."""
    asked = {"query": question, "top_k": TOP_K}
    letter = f"Letter {number}: {question}".encode()
    files = [("files", (f"letter-{number}.txt", letter))]
    await library.timed("search", library.http.post("/v1/search", json=asked))
    await library.timed("search again", library.http.post("/v1/search", json=asked))
    await library.timed("list", library.http.get("/v1/documents", params={"limit": PER_PAGE}))
    await library.timed("upload", library.http.post("/v1/documents", files=files))


def _lines(small: Grown, large: Grown) -> list[Line]:
    def of(library: Grown, name: str) -> float:
        return median(library.times[name][1:])

    def beyond(library: Grown, *, again: bool = False) -> float:
        searches = library.times["search again" if again else "search"]
        pairs = zip(searches[1:], library.index.times[again::2][1:], strict=True)
        return median(search - index for search, index in pairs)

    more = {
        f"{one.documents:,} documents": {
            "search, ms": of(one, "search"),
            "index of it, ms": median(one.index.times[::2][1:]),
            "chunks": one.documents * CHUNKS,
            "index": one.index.state.kind,
            "index read in, s": round(one.start_seconds, 1),
        }
        for one in (small, large)
    }

    def line(name: str, ours: float, bare: float) -> Line:
        named, beside = f"{name}, {large.documents:,} documents", f"{small.documents:,} documents"
        return Line(named, beside, "requests/s", (1000 / ours,), (1000 / bare,), goal=GOAL, more=more)

    return [
        line("upload", of(large, "upload"), of(small, "upload")),
        line("search less its index", beyond(large), beyond(small)),
        line("the same asked again", beyond(large, again=True), beyond(small, again=True)),
        line("list", of(large, "list"), of(small, "list")),
    ]


@asynccontextmanager
async def _library(size: int, known: Sequence[str], real: np.ndarray, embedder: SyncEmbedder) -> AsyncIterator[Grown]:
    with TemporaryDirectory(prefix="redwell-bench-") as folder:
        settings = load("cpu", overrides={"data_dir": folder})
        state = open_state(settings)
        await state.database.connect()
        await fill(state, size, list(made_texts(known, CHUNKS * size)))
        await _embed(state, real, embedder.version)
        view = IndexView(
            state.feed,
            embedder,
            settings=settings.retrieval,
            snapshots=Path(folder) / "index",
            resolve=state.documents.document_ids,
        )
        started = time.perf_counter()
        await view.start()
        seconds = time.perf_counter() - started
        await settled(view, CHUNKS * size)
        index = MeasuredIndex(view)
        transport = httpx.ASGITransport(create_app(played_services(settings, state, index)))
        async with httpx.AsyncClient(transport=transport, base_url="http://redwell", timeout=120) as http:
            yield Grown(size, http, index, seconds)
        await view.stop()
        await state.database.close()


async def _embed(state: State, real: np.ndarray, model: str) -> None:
    async with state.database.read() as connection:
        ids = list((await connection.execute(select(chunks.c.id).order_by(chunks.c.id))).scalars())
    vectors = itertools.chain.from_iterable(spread(real, len(ids)))
    for start in range(0, len(ids), WRITTEN_AT_ONCE):
        rows = [
            {"chunk_id": id, "model": model, "vector": next(vectors).astype(np.float32).tobytes()}
            for id in ids[start : start + WRITTEN_AT_ONCE]
        ]
        async with state.database.write() as connection:
            await connection.execute(insert(embeddings), rows)
    async with state.database.write() as connection:
        await connection.execute(insert(changes).values(op="upsert", document_id=f"{0:032x}", collection="c0"))
