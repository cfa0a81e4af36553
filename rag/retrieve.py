"""The Retriever: FAISS and tantivy as two views of the change feed, their scores blended."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
import structlog

from rag import snapshots
from rag.adapters.index_faiss import FaissIndex
from rag.adapters.lexical_tantivy import LexicalRow, TantivyIndex
from rag.errors import ConfigurationError, Unavailable
from rag.fusion import blend
from rag.model import Filter, Hit, Mode
from rag.ports import SearchQuery, SearchResult
from rag.settings import Retrieval
from rag.store.feed import Change, ChunkRow

log = structlog.get_logger(__name__)
CATCH_UP_SECONDS = 2.0
"""How long a search waits for the index to reach `at_least`."""
CHANGES_AT_ONCE = 200
RETRY_SECONDS = 1.0


class SyncEmbedder(Protocol):
    version: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> np.ndarray: ...


class Feed(Protocol):
    """What is needed of rag.store.feed.ChangeFeed."""

    async def since(self, seq: int, *, limit: int = 500) -> list[Change]: ...

    async def head(self) -> int: ...

    async def rows(self, document_ids: Sequence[str]) -> list[ChunkRow]: ...

    async def embedding_models(self) -> set[str]: ...


class IndexView:
    """Starts from a snapshot or nothing, tails the feed, answers searches.

    Index work runs on threads. `_guard` makes a search see all of a change or none of it; `_writing` keeps changes and
    snapshots apart. Both are thread locks: a cancelled request must not release what its thread still uses.
    """

    def __init__(
        self,
        feed: Feed,
        embedder: SyncEmbedder,
        *,
        settings: Retrieval,
        snapshots: Path,
        resolve: Callable[[Filter], Awaitable[Sequence[str]]],
        model: str | None = None,
        use_gpu: bool = False,
    ) -> None:
        """`model`: the version that the store records beside embeddings; given, `start` refuses embeddings of another."""
        self._feed, self._embedder, self._settings, self._resolve = feed, embedder, settings, resolve
        self._model, self._snapshots, self._use_gpu = model, snapshots, use_gpu
        self._guard, self._writing = threading.Lock(), threading.Lock()
        self._moved, self._wake = asyncio.Condition(), asyncio.Event()
        self._tail: asyncio.Task[None] | None = None
        self._refitting: set[asyncio.Task[None]] = set()
        self._work = TemporaryDirectory(prefix="redwell-index-")
        self._sequence = self._saved = 0
        self._clear()

    def _clear(self) -> None:
        """Empty indexes, in a folder of their own: the lexical one lives on disk, to be copied into snapshots."""
        self._dense = FaissIndex(
            self._embedder.dimensions, self._settings.index, precision=self._settings.vectors, use_gpu=self._use_gpu
        )
        self._lexical_folder = Path(self._work.name) / "lexical"
        shutil.rmtree(self._lexical_folder, ignore_errors=True)
        self._lexical = TantivyIndex(self._lexical_folder)
        self._chunks: dict[str, list[int]] = {}
        self._collections: dict[str, str] = {}
        self._texts: dict[int, int] = {}
        self._allowed_cache: dict[tuple[str, ...], np.ndarray] = {}

    @property
    def healthy(self) -> bool:
        return self._tail is not None and not self._tail.done()

    @property
    def kind(self) -> str:
        """Of the dense index, now: flat, hnsw or ivf."""
        return self._dense.kind

    async def start(self) -> None:
        """Ready to answer when it returns. Raises ConfigurationError when the stored embeddings are another model's."""
        if self._model is not None:
            others = await self._feed.embedding_models() - {self._model}
            if others:
                raise ConfigurationError(
                    f"The stored embeddings were made by {', '.join(sorted(others))}, the embedder is {self._model}.",
                    "Set embedding.model back, or load the documents again into an empty data_dir.",
                )
        await asyncio.to_thread(self._load, await self._feed.head())
        await self._catch_up()
        self._tail = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following; a snapshot makes the next start quick."""
        if self._tail is not None:
            self._tail.cancel()
            await asyncio.gather(self._tail, *self._refitting, return_exceptions=True)
            if self._sequence > self._saved:
                await asyncio.to_thread(self._save)
        self._work.cleanup()

    async def sequence(self) -> int:
        return self._sequence

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        rows = await asyncio.to_thread(self._embedder.embed, [query, *texts])
        return [float(score) for score in rows[1:] @ rows[0]]

    async def search(self, query: SearchQuery) -> SearchResult:
        """Hits best first: `score` is the blend (0..1) in hybrid mode, else the mode's own score."""
        await self._reach(query.at_least)
        document_ids: Sequence[str] | None = query.filter.document_ids or None
        if query.filter.needs_database:
            document_ids = await self._resolve(query.filter)
            if not document_ids:
                return SearchResult((), self._sequence)
        return await asyncio.to_thread(self._search, query, document_ids)

    # ---------------------------------------------------------------------------------------------------- searching

    def _search(self, query: SearchQuery, document_ids: Sequence[str] | None) -> SearchResult:
        depth = max(self._settings.candidates, 2 * query.top_k)
        collections = query.filter.collections
        vector = None if query.mode is Mode.LEXICAL else self._embedder.embed([query.text])
        dense: dict[int, float] = {}
        lexical: dict[int, float] = {}
        with self._guard:
            if vector is not None:
                scores, ids = self._dense.search(vector, depth, self._allowed(document_ids, collections))
                dense = {int(i): float(s) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0}
            if query.mode is not Mode.DENSE:
                found = self._lexical.search(query.text, depth, document_ids=document_ids, collections=collections)
                lexical = dict(found)
            # What only words found has a cosine too: the blend needs both.
            only_lexical = [key for key in lexical if key not in dense] if vector is not None else []
            cosines = self._dense.scores(vector[0], only_lexical) if vector is not None else []
            known = {key: cosine for key, cosine in zip(only_lexical, cosines, strict=True) if cosine is not None}
            hits = _hits(query.mode, dense, lexical, known)
            return SearchResult(tuple(self._distinct(hits)[: query.top_k]), self._sequence)

    def _allowed(self, document_ids: Sequence[str] | None, collections: tuple[str, ...]) -> np.ndarray | None:
        """Chunk ids that the filter lets pass; None is all."""
        if document_ids is None and not collections:
            return None
        if document_ids is None and collections in self._allowed_cache:
            return self._allowed_cache[collections]
        documents = self._chunks.keys() if document_ids is None else dict.fromkeys(document_ids)
        allowed = np.array(
            [
                chunk
                for document in documents
                if not collections or self._collections.get(document) in collections
                for chunk in self._chunks.get(document, ())
            ],
            np.int64,
        )
        if document_ids is None:
            self._allowed_cache[collections] = allowed
        return allowed

    def _distinct(self, hits: list[Hit]) -> list[Hit]:
        """The same words are given once: of copies, the best placed."""
        first: dict[int, Hit] = {}
        for hit in hits:
            first.setdefault(self._texts[hit.chunk_id], hit)
        return list(first.values())

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
                await asyncio.sleep(RETRY_SECONDS)
            if self._dense.outgrown and not self._refitting:
                task = asyncio.create_task(asyncio.to_thread(self._refit))
                self._refitting.add(task)
                task.add_done_callback(self._refitting.discard)

    def _refit(self) -> None:
        """The dense index in the structure that fits, made beside the old one; changes and searches go on meanwhile."""
        old = self._dense
        new = old.rebuilt(self._guard)
        with self._writing, self._guard:
            new.follow(old)
            self._dense = new
        log.info("index_refitted", rows=len(new), kind=new.kind)

    async def _catch_up(self) -> None:
        while changes := await self._feed.since(self._sequence, limit=CHANGES_AT_ONCE):
            touched = list(dict.fromkeys(change.document_id for change in changes))
            rows = await self._feed.rows(touched)
            await asyncio.to_thread(self._apply, touched, rows, changes[-1].seq)
            async with self._moved:
                self._moved.notify_all()
        if self._sequence - self._saved >= self._settings.snapshot_every:
            await asyncio.to_thread(self._save)

    def _apply(self, touched: Sequence[str], rows: Sequence[ChunkRow], sequence: int) -> None:
        """Bring the documents to what the database holds now: repeating it changes nothing."""
        with self._writing, self._guard:
            for document in touched:
                old = self._chunks.pop(document, [])
                self._collections.pop(document, None)
                self._dense.remove(old)
                for chunk in old:
                    self._texts.pop(chunk, None)
            self._lexical.remove(touched)
            if rows:
                self._dense.add([row.chunk_id for row in rows], _vectors(rows, self._embedder.dimensions))
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
                self._texts[row.chunk_id] = fingerprint(row.text)
            self._allowed_cache.clear()
            self._sequence = sequence

    # ---------------------------------------------------------------------------------------------------- snapshots

    def _save(self) -> None:
        with self._writing:
            try:
                snapshots.write(self._snapshots, self._sequence, self._embedder.version, self._fill)
            except OSError as error:
                # The index goes on without: a snapshot only makes a start quicker.
                log.warning("snapshot_failed", error=str(error))
            self._saved = self._sequence

    def _fill(self, folder: Path) -> None:
        self._dense.save(folder)
        with self._guard:
            self._lexical.save(folder / "lexical")
        documents = {
            key: [self._collections[key], [[chunk, self._texts[chunk]] for chunk in chunks]]
            for key, chunks in self._chunks.items()
        }
        (folder / "documents.json").write_text(json.dumps(documents))

    def _load(self, head: int) -> None:
        """The newest snapshot that is whole, of this model, and not ahead of the database; else nothing."""
        for snapshot in snapshots.newest(self._snapshots):
            if snapshot.model != self._embedder.version or snapshot.sequence > head:
                snapshots.discard(snapshot.folder, "of another embedding model or database")
                continue
            try:
                self._read(snapshot.folder)
            except (OSError, ValueError, KeyError, TypeError) as error:
                snapshots.discard(snapshot.folder, str(error))
                self._clear()
                continue
            self._sequence = self._saved = snapshot.sequence
            return

    def _read(self, folder: Path) -> None:
        self._dense.load(folder)
        shutil.rmtree(self._lexical_folder)
        shutil.copytree(folder / "lexical", self._lexical_folder)
        self._lexical = TantivyIndex(self._lexical_folder)
        for key, (collection, chunks) in json.loads((folder / "documents.json").read_text()).items():
            self._collections[key] = collection
            self._chunks[key] = [chunk for chunk, _ in chunks]
            self._texts.update(dict(chunks))
        if not len(self._dense) == len(self._lexical) == len(self._texts):
            raise ValueError(f"{len(self._dense)} dense, {len(self._lexical)} lexical, {len(self._texts)} known rows")


def fingerprint(text: str) -> int:
    """Equal for texts that differ in case, white space and marks only."""
    plain = re.sub(r"[\W_]+", " ", text.casefold()).strip() or text
    return int.from_bytes(hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _hits(mode: Mode, dense: dict[int, float], lexical: dict[int, float], cosines: dict[int, float]) -> list[Hit]:
    """`cosines`: of what only words found; such hits have a dense score and no dense rank."""
    known = {**dense, **cosines}
    scores = blend(known, lexical) if mode is Mode.HYBRID else dense or lexical
    dense_rank = {key: rank for rank, key in enumerate(dense, 1)}
    lexical_rank = {key: rank for rank, key in enumerate(lexical, 1)}
    return [
        Hit(key, score, known.get(key), lexical.get(key), dense_rank.get(key), lexical_rank.get(key))
        for key, score in sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    ]


def _vectors(rows: Sequence[ChunkRow], dimensions: int) -> np.ndarray:
    wrong = next((row for row in rows if len(row.embedding) != dimensions), None)
    if wrong is not None:
        raise ConfigurationError(
            f"A stored embedding has {len(wrong.embedding)} dimensions, the embedder {dimensions}.",
            "Set embedding.model back to the model that made it, or load the documents again.",
        )
    return np.stack([row.embedding for row in rows])
