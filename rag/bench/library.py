"""`redwell bench library`: server time of every list that the page's library asks for, over many made documents.

The rows are written into a scratch database; requests go through the whole HTTP application in this process, so that what is timed is
what a server spends: routing, SQL, values, JSON. Nothing is read or indexed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sqlalchemy import Table, insert

from rag.api import create_app
from rag.fakes import (
    FakeBlobs,
    FakeClassifier,
    FakeEmbedder,
    FakeEntityRecognizer,
    FakeGenerator,
    FakeOcr,
    FakeReader,
    FakeRetriever,
    text_page,
)
from rag.model import Chunk, Stage, StageRecord, StageStatus
from rag.ports import Retriever
from rag.services import Services, State, open_state
from rag.settings import Settings, load
from rag.store.page_tables import tags
from rag.store.records import chunk_row, now, stage_row
from rag.store.tables import chunks, documents, entities, lookup_key, pages, stages

ROWS = 2000
PAGES, CHUNKS, ENTITIES = 3, 6, 15
"""Of one document."""
PAGE = text_page(1, "The parties agree on the following terms and conditions. " * 25)
PER_PAGE = 25
TYPES = ("contract", "invoice", "letter", "report", "minutes", "policy")
SORTS = ("-created_at", "created_at", "filename", "-filename", "-size", "-updated_at")
FILTERS: dict[str, dict[str, str]] = {
    "all": {},
    "by themselves": {"parent_id": "none"},
    "collection": {"collection": "c1"},
    "status": {"status": "partial"},
    "type": {"type": "invoice"},
    "tag": {"tag": "tag 3"},
    "entity": {"entity": "Acme 7 Ltd"},
    "media type": {"media_type": "image/png"},
    "name": {"q": "0042"},
    "several": {"type": "invoice", "tag": "tag 3", "q": "file"},
}
BESIDE = ("/v1/stats", "/v1/collections", "/v1/tags", "/v1/labels")
"""What the page asks for beside the list."""


@dataclass(frozen=True, slots=True)
class Row:
    request: str
    matches: int
    median_ms: float
    slowest_ms: float


@dataclass(frozen=True, slots=True)
class LibraryBench:
    documents: int
    database: str
    rows: tuple[Row, ...]

    @property
    def slowest(self) -> Row:
        return max(self.rows, key=lambda row: row.slowest_ms)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def bench_library(
    folder: Path, *, count: int, runs: int, database: str = "", progress: Callable[[str], None]
) -> LibraryBench:
    """`folder` holds the scratch database unless `database` names an empty one."""
    settings = load("cpu", overrides={"data_dir": str(folder), "storage": {"database": database}})
    state = open_state(settings, FakeBlobs())
    await state.database.connect()
    progress(f"writing {count:,} documents")
    await fill(state, count)
    transport = httpx.ASGITransport(create_app(played_services(settings, state, FakeRetriever())))
    rows = []
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell", timeout=120) as http:
        for name, path, query in _requests():
            rows.append(await _timed(http, name, path, query, runs))
        rows.append(await _last_page(http, count, runs))
    await state.database.close()
    return LibraryBench(count, "SQLite" if state.database.sqlite else "PostgreSQL", tuple(rows))


def played_services(settings: Settings, state: State, retriever: Retriever) -> Services:
    """Real rows, an index, and fakes where models are."""
    blobs = FakeBlobs()
    return Services(
        settings=settings,
        state=state,
        reader=FakeReader(blobs=blobs),
        ocr=FakeOcr(blobs=blobs),
        entities=FakeEntityRecognizer(),
        classifier=FakeClassifier(),
        embedder=FakeEmbedder(),
        retriever=retriever,
        generator=FakeGenerator(),
    )


def _requests() -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for name, query in FILTERS.items():
        for sort in SORTS:
            yield f"{name}, {sort}", "/v1/documents", {**query, "sort": sort, "limit": str(PER_PAGE)}
    for path in BESIDE:
        yield path, path, {}


async def _timed(http: httpx.AsyncClient, name: str, path: str, query: Mapping[str, str], runs: int) -> Row:
    times, reply = [], {}
    for _ in range(runs):
        started = time.perf_counter()
        response = await http.get(path, params=query)
        times.append(1000 * (time.perf_counter() - started))
        response.raise_for_status()
        reply = response.json()
    return Row(name, int(reply.get("total") or 0), round(statistics.median(times), 1), round(max(times), 1))


async def _last_page(http: httpx.AsyncClient, count: int, runs: int) -> Row:
    """By its cursor, as a person who turned every page would reach it; 500 at a time on the way there."""
    query: dict[str, str] = {"sort": "filename", "limit": "500"}
    before: dict[str, str] = query
    while cursor := (await http.get("/v1/documents", params=query)).json()["next_cursor"]:
        before, query = query, {**query, "cursor": cursor}
    return await _timed(http, "all, filename, last page", "/v1/documents", {**before, "limit": str(PER_PAGE)}, runs)


async def fill(state: State, count: int, texts: Sequence[str] = ()) -> None:
    """Documents with pages, passages, names, tags and stages; the same rows every time.

    `texts`: of the passages, CHUNKS a document, where they are to be told apart.
    """
    chance = np.random.default_rng(7)
    for start in range(0, count, ROWS):
        rows: dict[Table, list[dict[str, Any]]] = {documents: []}
        for number in range(start, min(start + ROWS, count)):
            document = _document(number, chance)
            rows[documents].append(document)
            own = texts[CHUNKS * number : CHUNKS * (number + 1)]
            for table, row in _hanging(document, number, chance, own):
                rows.setdefault(table, []).append(row)
        async with state.database.write() as connection:
            for table, made in rows.items():
                await connection.execute(insert(table), made)


def _document(number: int, chance: np.random.Generator) -> dict[str, Any]:
    name = f"file {number:05d} {'final ' if number % 3 else ''}{TYPES[number % len(TYPES)]}.pdf"
    moment = now() - timedelta(minutes=int(chance.integers(0, 600_000)))
    label = TYPES[number % len(TYPES)]
    scores = [{"label": label, "score": 0.8}, {"label": "other", "score": 0.2}]
    return {
        "id": f"{number:032x}",
        "collection": f"c{number % 5}",
        "filename": name,
        "filename_key": lookup_key(name),
        "media_type": "image/png" if number % 11 == 0 else "application/pdf",
        "sha256": f"{number:064x}",
        "size": int(chance.integers(1_000, 5_000_000)),
        "status": "partial" if number % 17 == 0 else "ready",
        "created_at": moment,
        "updated_at": moment,
        "metadata": {"source": f"scanner {number % 4}"},
        "page_count": PAGES,
        "label": label,
        "classification": {"label": label, "score": 0.8, "scores": scores, "model": "made"},
        "summary": {"text": "A summary of some length. " * 8, "pages": [1], "method": "extractive", "model": "made"},
        "warnings": [],
        "revision": 9,
    }


def _hanging(
    document: Mapping[str, Any], number: int, chance: np.random.Generator, texts: Sequence[str]
) -> Iterator[tuple[Table, dict[str, Any]]]:
    id, named = document["id"], {name: document[name] for name in ("filename", "collection")}
    for stage in Stage:
        yield stages, stage_row(id, stage, StageRecord(StageStatus.DONE, 0.5, None, "made/1", 1, 1))
    for page in range(1, PAGES + 1):
        yield (
            pages,
            {
                "document_id": id,
                "number": page,
                "width": 612.0,
                "height": 792.0,
                "text": PAGE.text,
                "source": "ocr",
                "words": PAGE.words.data,
                "confidence": 0.9,
                "rotation": 0,
            },
        )
    for chunk in range(CHUNKS):
        own = texts[chunk] if texts else PAGE.text[:700]
        seen = PAGE.words.boxes(0, len(own))
        row = chunk_row(Chunk(id, 1 + chunk % PAGES, 0, len(own), own, None, "", tuple(seen), 0.9))
        yield chunks, row | named
    for mention in range(ENTITIES):
        name = f"Acme {int(chance.integers(0, 400))} Ltd"
        place = {"page": 1, "start": 10 * mention, "end": 10 * mention + len(name)}
        keys = {"norm": name, "key": lookup_key(name), "text_key": lookup_key(name)}
        yield entities, {"document_id": id, "text": name, "type": "ORG", **keys, **place}
    for tag in {f"tag {number % 7}", f"tag {number % 13}"}:
        yield tags, {"document_id": id, "key": lookup_key(tag), "tag": tag}


def table(result: LibraryBench) -> str:
    head = f"{result.documents:,} documents, {result.database}; server time of {PER_PAGE} rows a page, milliseconds"
    lines = [f"{row.request:32} {row.matches:7,} {row.median_ms:9.1f} {row.slowest_ms:9.1f}" for row in result.rows]
    columns = f"{'request':32} {'matches':>7} {'median':>9} {'slowest':>9}"
    return "\n".join(
        [head, columns, *lines, f"slowest of all: {result.slowest.request}, {result.slowest.slowest_ms:.0f} ms"]
    )
