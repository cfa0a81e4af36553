"""The Retriever: FAISS and tantivy as two views of the change feed, their scores blended."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np
import structlog

from rag.adapters.index_faiss import FaissIndex
from rag.adapters.lexical_tantivy import LexicalRow, TantivyIndex
from rag.errors import ConfigurationError, RedwellError, Unavailable
from rag.model import Filter, Mode
from rag.ports import SearchQuery, SearchResult, Terms
from rag.retrieval import snapshots
from rag.retrieval.candidates import Candidates, ranked
from rag.retrieval.following import Feed, SyncEmbedder, Views
from rag.retrieval.holdings import Holdings, stacked
from rag.retrieval.lane import EmbeddingLane
from rag.retrieval.lookup import Documents, Words, by_words, look_up
from rag.retrieval.recent import Recent
from rag.retrieval.shards import shard_of
from rag.settings import Retrieval
from rag.store.feed import ChunkRow
from rag.store.views import ViewState

log = structlog.get_logger(__name__)
CATCH_UP_SECONDS = 2.0
"""How long a search waits for the index to reach `at_least`."""
CHANGES_AT_ONCE, VECTORS_AT_ONCE = 200, 2000
RETRY_SECONDS, REPORT_SECONDS = 1.0, 10.0


class IndexView:
    """Starts from a snapshot or from all chunks, tails the feed, answers searches.

    Index work runs on threads. `_guard` makes a search see all of a change or none of it; `_writing` keeps changes and
    snapshots apart. Both are thread locks: a cancelled request must not release what its thread still uses. What takes
    long (a dense index of another kind, the vectors of another model) is made beside what answers, and swapped.
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
        load: Callable[[str], SyncEmbedder] | None = None,
        views: Views | None = None,
        use_gpu: bool = False,
        shard: int = 0,
    ) -> None:
        """`model`: the version under which the store keeps the embedder's vectors (its own); `load` makes that of another.
        `shard` of `settings.shards`: the view holds the documents that fall to it."""
        self._feed, self._embedder, self._settings, self._resolve = feed, embedder, settings, resolve
        self._model, self._load_embedder, self._views = model or embedder.version, load, views
        self._snapshots, self._use_gpu, self._shard = snapshots, use_gpu, shard
        self._id, self._guard, self._writing = uuid4().hex, threading.Lock(), threading.Lock()
        self._lane, self._recent = EmbeddingLane(), Recent()
        self._moved, self._wake = asyncio.Condition(), asyncio.Event()
        self._tail: asyncio.Task[None] | None = None
        self._beside: asyncio.Task[None] | None = None
        self._work = TemporaryDirectory(prefix="redwell-index-")
        self._sequence, self._applied, self._reported = 0, 0, 0.0
        self._saved: int | None = None
        self._clear()

    def _clear(self) -> None:
        """Empty indexes, in a folder of their own: the lexical one lives on disk, to be copied into snapshots."""
        self._dense = self._empty(self._embedder)
        self._lexical_folder = Path(self._work.name) / "lexical"
        shutil.rmtree(self._lexical_folder, ignore_errors=True)
        self._lexical = TantivyIndex(self._lexical_folder)
        self._held = Holdings()

    def _empty(self, embedder: SyncEmbedder) -> FaissIndex:
        own = self._settings
        return FaissIndex(embedder.dimensions, own.index, precision=own.vectors, use_gpu=self._use_gpu)

    @property
    def healthy(self) -> bool:
        return self._tail is not None and not self._tail.done()

    @property
    def state(self) -> ViewState:
        needs = self._sequence if self._saved is None else self._saved
        size = len(self._held)
        return ViewState(self._id, self._shard, self._model, self._dense.kind, size, self._sequence, needs)

    async def start(self) -> None:
        """Ready to answer when it returns. Raises ConfigurationError when the library's model is another and cannot be
        loaded."""
        pulse = await self._feed.pulse()
        if pulse.model not in (None, self._model):
            self._embedder, self._model = await self._embedder_of(str(pulse.model)), str(pulse.model)
            self._clear()
        await asyncio.to_thread(self._load, pulse.head)
        if self._sequence and await self._feed.since(self._sequence, limit=1) is None:
            # Its changes were pruned, or are of a time before a backup was restored: its rows say nothing any more.
            snapshots.discard_all(self._snapshots, "of changes that the feed has not")
            self._clear()
            self._sequence, self._saved = 0, None
        await self._catch_up()
        await self._complete(self._dense, self._model, self._guard)
        self._tail = asyncio.create_task(self._follow())
        await self._report()

    async def stop(self) -> None:
        """Stop following; a snapshot makes the next start quick."""
        if self._tail is not None:
            tasks = [task for task in (self._tail, self._beside) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._sequence > (self._saved or 0):
                await asyncio.to_thread(self._save)
        if self._views is not None:
            await self._views.leave(self._id)
        self._work.cleanup()

    async def sequence(self) -> int:
        return self._sequence

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        rows = await self._lane.embed(self._embedder, [query, *texts])
        return [float(score) for score in rows[1:] @ rows[0]]

    async def search(self, query: SearchQuery) -> SearchResult:
        """Hits best first: `score` is the blend (0..1) in hybrid mode, else the mode's own score."""
        found = await self.candidates(query)
        return SearchResult(ranked(query.mode, found, query.top_k), found.sequence)

    # ---------------------------------------------------------------------------------------------------- searching

    async def terms(self, text: str) -> Terms:
        """How frequent a question's words are here."""
        return await asyncio.to_thread(self._terms, text)

    def _terms(self, text: str) -> Terms:
        with self._guard:
            return Terms(len(self._lexical), self._lexical.terms(text))

    async def candidates(self, query: SearchQuery) -> Candidates:
        """What both indexes find, unranked: for `search`, or to be merged with other shards'."""
        await self._reach(query.at_least)
        document_ids: Documents = query.filter.document_ids or None
        if query.filter.needs_database:
            document_ids = await self._resolve(query.filter)
            if not document_ids:
                return Candidates(self._sequence)
        found = self._recent.find(query, document_ids, self._applied, self._sequence)
        while found is None:
            embedder, vector, words = self._embedder, None, None
            if query.mode is Mode.HYBRID:
                # Words need no vector: they are looked for while the model works.
                vector, words = await asyncio.gather(
                    self._lane.embed(embedder, [query.text]), asyncio.to_thread(self._ahead, query, document_ids)
                )
            elif query.mode is Mode.DENSE:
                vector = await self._lane.embed(embedder, [query.text])
            found = await asyncio.to_thread(self._search, query, embedder, vector, words, document_ids)
        return found

    def _ahead(self, query: SearchQuery, ids: Documents) -> Words:
        with self._guard:
            return self._words(query, ids)

    def _words(self, query: SearchQuery, ids: Documents) -> Words:
        return by_words(self._lexical, query, ids, self._settings.candidates, self._applied)

    def _search(
        self, query: SearchQuery, embedder: SyncEmbedder, vector: np.ndarray | None, words: Words | None, ids: Documents
    ) -> Candidates | None:
        """None where the model was swapped meanwhile: the vector is another's."""
        with self._guard:
            if embedder is not self._embedder:
                return None
            if query.mode is not Mode.DENSE and (words is None or words.applied != self._applied):
                words = self._words(query, ids)
            least = self._settings.candidates
            found = look_up(self._dense, self._held, query, vector, words, ids, least, self._sequence)
            self._recent.keep(query, ids, self._applied, found)
            return found

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
        watch, pulse = self._feed.watch(), None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.poll_seconds):
                    await self._wake.wait()
            try:
                if pulse is None or self._wake.is_set() or watch.moved():
                    self._wake.clear()
                    pulse = await self._feed.pulse()
                    if pulse.head > self._sequence:
                        await self._catch_up()
                if asyncio.get_running_loop().time() - self._reported > REPORT_SECONDS:
                    await self._report()
            except Unavailable as error:
                log.warning("feed_unavailable", detail=error.detail)
                pulse = None
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if self._beside is None or self._beside.done():
                if pulse.model not in (None, self._model):
                    self._beside = asyncio.create_task(self._switch(str(pulse.model)))
                elif self._dense.outgrown:
                    self._beside = asyncio.create_task(asyncio.to_thread(self._refit))

    async def _catch_up(self) -> None:
        while True:
            changes = await self._feed.since(self._sequence, limit=CHANGES_AT_ONCE)
            if changes is None or (self._sequence == 0 and changes):
                await self._read_all()
                continue
            if not changes:
                break
            await self._bring([change.document_id for change in changes], changes[-1].seq)
            async with self._moved:
                self._moved.notify_all()
        if self._sequence - (self._saved or 0) >= self._settings.snapshot_every:
            await asyncio.to_thread(self._save)
            await self._report()
            if self._views is not None:
                await self._views.prune()

    async def _read_all(self) -> None:
        """Everything as the database holds it: at the first start, and where the feed's changes were pruned."""
        head, documents = await self._feed.documents()
        touched = list(dict.fromkeys([*self._held.documents, *documents]))
        for start in range(0, len(touched), CHANGES_AT_ONCE):
            await self._bring(touched[start : start + CHANGES_AT_ONCE], self._sequence)
        self._sequence = head

    async def _bring(self, documents: Sequence[str], sequence: int) -> None:
        """Bring those of the documents that are ours to what the database holds now: repeating it changes nothing."""
        shards = self._settings.shards
        touched = [one for one in dict.fromkeys(documents) if shard_of(one, shards) == self._shard]
        rows = await self._feed.rows(touched, self._model) if touched else []
        await asyncio.to_thread(self._apply, touched, rows, sequence)

    def _apply(self, touched: Sequence[str], rows: Sequence[ChunkRow], sequence: int) -> None:
        with self._writing, self._guard:
            if touched:
                for document in touched:
                    self._dense.remove(self._held.remove(document))
                self._lexical.remove(touched)
                embedded = [row for row in rows if row.embedding is not None]
                if embedded:
                    self._dense.add([row.chunk_id for row in embedded], stacked(embedded, self._embedder.dimensions))
                self._lexical.add(
                    [
                        LexicalRow(r.chunk_id, r.document_id, r.collection, f"{r.filename} {r.heading}\n{r.text}")
                        for r in rows
                    ]
                )
                self._lexical.commit()
                self._held.add(rows)
                self._applied += 1
            self._sequence = sequence

    async def _report(self) -> None:
        self._reported = asyncio.get_running_loop().time()
        if self._views is not None:
            await self._views.report(self.state)

    # ----------------------------------------------------------------------------------------------- made beside

    def _refit(self) -> None:
        """The dense index in the structure that fits, made beside the old one; changes and searches go on meanwhile."""
        old = self._dense
        new = old.rebuilt(self._guard)
        with self._writing, self._guard:
            new.follow(old)
            self._dense = new
            self._applied += 1
        log.info("index_refitted", rows=len(new), kind=new.kind)

    async def _switch(self, model: str) -> None:
        """Search with another model's vectors: its index is filled beside the old one, which answers until it is whole."""
        try:
            embedder = await self._embedder_of(model)
            dense = self._empty(embedder)
            await self._complete(dense, model, None)
            await asyncio.to_thread(self._swap, embedder, model, dense)
            # Of what came between the filling and the swap.
            await self._complete(self._dense, model, self._guard)
            await self._report()
        except RedwellError as error:
            log.warning("model_switch_failed", model=model, detail=error.detail, remedy=error.remedy)
            await asyncio.sleep(RETRY_SECONDS)
            return
        log.info("model_switched", model=model, rows=len(dense))

    def _swap(self, embedder: SyncEmbedder, model: str, dense: FaissIndex) -> None:
        with self._writing, self._guard:
            dense.remove(np.setdiff1d(dense.ids, self._held.ids))
            self._dense, self._embedder, self._model = dense, embedder, model
            self._applied += 1

    async def _complete(self, dense: FaissIndex, model: str, guard: threading.Lock | None) -> None:
        """Add the vectors that the store has and the index has not; `guard` where others use this index."""
        while True:
            missing = await asyncio.to_thread(self._missing, dense)
            added = 0
            for start in range(0, len(missing), VECTORS_AT_ONCE):
                ids, vectors = await self._feed.vectors(missing[start : start + VECTORS_AT_ONCE].tolist(), model)
                added += await asyncio.to_thread(self._put, dense, ids, vectors, guard)
            if not added:
                return

    def _missing(self, dense: FaissIndex) -> np.ndarray:
        with self._guard:
            return np.setdiff1d(self._held.ids, dense.ids)

    def _put(self, dense: FaissIndex, ids: list[int], vectors: np.ndarray, guard: threading.Lock | None) -> int:
        if not ids:
            return 0
        if guard is None:
            dense.add(ids, vectors)
            return len(ids)
        with self._writing, guard:
            wanted = np.isin(ids, self._held.ids)
            dense.add(np.array(ids)[wanted], vectors[wanted])
            self._applied += 1
            return int(wanted.sum())

    async def _embedder_of(self, model: str) -> SyncEmbedder:
        if self._load_embedder is None:
            raise ConfigurationError(
                f"The library was embedded with {model}, the embedder is {self._model}.",
                "Run `redwell reindex` to make embeddings of the new model, or set embedding.model back.",
            )
        return await asyncio.to_thread(self._load_embedder, model)

    # ---------------------------------------------------------------------------------------------------- snapshots

    def _save(self) -> None:
        with self._writing:
            try:
                snapshots.write(self._snapshots, self._sequence, self._embedder.version, self._fill)
            except OSError as error:
                # The index goes on without: a snapshot only makes a start quicker.
                log.warning("snapshot_failed", error=str(error))
                return
            self._saved = self._sequence

    def _fill(self, folder: Path) -> None:
        self._dense.save(folder)
        with self._guard:
            self._lexical.save(folder / "lexical")
        self._held.save(folder / "documents.json")

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
        self._held = Holdings.load(folder / "documents.json")
        if not len(self._dense) <= len(self._lexical) == len(self._held):
            raise ValueError(f"{len(self._dense)} dense, {len(self._lexical)} lexical, {len(self._held)} known rows")
