"""The Retriever: FAISS and tantivy as two views of the change feed, fused by reciprocal ranks."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import structlog

from rag.adapters.index_faiss import FaissIndex
from rag.adapters.lexical_tantivy import LexicalRow, TantivyIndex
from rag.errors import RedwellError, Unavailable
from rag.model import Filter, Hit, Mode
from rag.ports import SearchQuery, SearchResult
from rag.settings import Retrieval
from rag.store.feed import ChangeFeed, ChunkRow

log = structlog.get_logger(__name__)
CATCH_UP_SECONDS = 2.0
"""How long a search waits for the index to reach `at_least`."""


class SyncEmbedder(Protocol):
    version: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> np.ndarray: ...


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[int]], *, k: int = 60, weights: Sequence[float] = ()
) -> dict[int, float]:
    """Id -> sum of weight / (k + rank), ranks from 1. Source: Cormack, Clarke, Buettcher, SIGIR 2009."""
    scores: dict[int, float] = {}
    for which, ranking in enumerate(rankings):
        weight = weights[which] if which < len(weights) else 1.0
        for rank, key in enumerate(ranking, 1):
            scores[key] = scores.get(key, 0.0) + weight / (k + rank)
    return scores


class IndexView:
    """Starts from a snapshot or nothing, tails the feed, answers searches. All index work runs on threads, one writer."""

    def __init__(
        self,
        feed: ChangeFeed,
        embedder: SyncEmbedder,
        *,
        settings: Retrieval,
        snapshots: Path,
        resolve: Callable[[Filter], Awaitable[Sequence[str]]],
        use_gpu: bool = False,
    ) -> None:
        self._feed, self._embedder, self._settings, self._resolve = feed, embedder, settings, resolve
        self._snapshots = snapshots
        self._dense = FaissIndex(embedder.dimensions, settings.index, use_gpu=use_gpu)
        self._lexical = TantivyIndex()
        self._chunks: dict[str, list[int]] = {}
        self._collections: dict[str, str] = {}
        self._texts: dict[int, int] = {}
        self._sequence = 0
        self._moved = asyncio.Condition()
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._tail: asyncio.Task[None] | None = None

    @property
    def healthy(self) -> bool:
        return self._tail is not None and not self._tail.done()

    async def start(self) -> None:
        await self._catch_up()
        self._tail = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._tail is not None:
            self._tail.cancel()
            await asyncio.gather(self._tail, return_exceptions=True)

    async def sequence(self) -> int:
        return self._sequence

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        rows = await asyncio.to_thread(self._embedder.embed, [query, *texts])
        return [float(score) for score in rows[1:] @ rows[0]]

    async def search(self, query: SearchQuery) -> SearchResult:
        await self._reach(query.at_least)
        document_ids: Sequence[str] | None = query.filter.document_ids or None
        if query.filter.needs_database:
            document_ids = await self._resolve(query.filter)
            if not document_ids:
                return SearchResult((), self._sequence)
        async with self._lock:
            hits = await asyncio.to_thread(self._search, query, document_ids)
        return SearchResult(tuple(hits), self._sequence)

    # ---------------------------------------------------------------------------------------------------- searching

    def _search(self, query: SearchQuery, document_ids: Sequence[str] | None) -> list[Hit]:
        depth = max(self._settings.candidates, 2 * query.top_k)
        collections = query.filter.collections
        dense: list[tuple[int, float]] = []
        lexical: list[tuple[int, float]] = []
        if query.mode is not Mode.LEXICAL:
            vector = self._embedder.embed([query.text])
            scores, ids = self._dense.search(vector, depth, self._allowed(document_ids, collections))
            dense = [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]
        if query.mode is not Mode.DENSE:
            lexical = self._lexical.search(query.text, depth, document_ids=document_ids or (), collections=collections)
        hits = self._fuse(dense, lexical)
        return self._distinct(hits)[: query.top_k]

    def _allowed(self, document_ids: Sequence[str] | None, collections: Sequence[str]) -> list[int] | None:
        if document_ids is None and not collections:
            return None
        documents = self._chunks.keys() if document_ids is None else document_ids
        return [
            chunk
            for document in documents
            if not collections or self._collections.get(document) in collections
            for chunk in self._chunks.get(document, ())
        ]

    def _fuse(self, dense: list[tuple[int, float]], lexical: list[tuple[int, float]]) -> list[Hit]:
        fused = reciprocal_rank_fusion([[i for i, _ in dense], [i for i, _ in lexical]], k=self._settings.rrf_k)
        dense_at = {key: (rank, score) for rank, (key, score) in enumerate(dense, 1)}
        lexical_at = {key: (rank, score) for rank, (key, score) in enumerate(lexical, 1)}
        hits = []
        for key, score in sorted(fused.items(), key=lambda item: (-item[1], item[0])):
            hit = Hit(key, score)
            if key in dense_at:
                hit = replace(hit, dense_rank=dense_at[key][0], dense=dense_at[key][1])
            if key in lexical_at:
                hit = replace(hit, lexical_rank=lexical_at[key][0], lexical=lexical_at[key][1])
            hits.append(hit)
        return hits

    def _distinct(self, hits: list[Hit]) -> list[Hit]:
        """The same words are given once."""
        seen: set[int] = set()
        kept = []
        for hit in hits:
            text = self._texts.get(hit.chunk_id, hit.chunk_id)
            if text not in seen:
                seen.add(text)
                kept.append(hit)
        return kept

    # ------------------------------------------------------------------------------------------------------ tailing

    async def _reach(self, sequence: int) -> None:
        if self._sequence >= sequence:
            return
        self._wake.set()
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS), self._moved:
                await self._moved.wait_for(lambda: self._sequence >= sequence)
        except TimeoutError:
            log.warning("index_behind", sequence=self._sequence, wanted=sequence)

    async def _follow(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._settings.poll_seconds):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._catch_up()
            except Unavailable as error:
                log.warning("feed_unavailable", detail=error.detail)
                await asyncio.sleep(1.0)

    async def _catch_up(self) -> None:
        while changes := await self._feed.since(self._sequence, limit=200):
            touched = list(dict.fromkeys(change.document_id for change in changes))
            rows = await self._feed.rows(touched)
            async with self._lock:
                await asyncio.to_thread(self._apply, touched, rows)
            async with self._moved:
                self._sequence = changes[-1].seq
                self._moved.notify_all()

    def _apply(self, touched: Sequence[str], rows: Sequence[ChunkRow]) -> None:
        """Bring the documents to what the database holds now: repeating it changes nothing."""
        self._dense.remove([chunk for document in touched for chunk in self._chunks.pop(document, [])])
        self._lexical.remove(touched)
        if rows:
            self._dense.add([row.chunk_id for row in rows], np.stack([row.embedding for row in rows]))
            self._lexical.add(
                [
                    LexicalRow(r.chunk_id, r.document_id, r.collection, f"{r.filename} {r.heading}\n{r.text}")
                    for r in rows
                ]
            )
        self._lexical.commit()
        for row in rows:
            self._chunks.setdefault(row.document_id, []).append(row.chunk_id)
            self._collections[row.document_id] = row.collection
            self._texts[row.chunk_id] = hash(" ".join(row.text.split()).casefold())
