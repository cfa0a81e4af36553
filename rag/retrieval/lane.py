"""One call of the embedding model at a time; questions that come meanwhile wait and are embedded together.

Models are not thread-safe (a tokenizer that two threads use at once raises), and a batch of sixteen questions costs little
more than one. Nothing waits for company: what is there when the model is free is taken. Vectors of late are remembered: the next
question about a document looks at many of the same sentences, and search and evidence both need the question's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from cachetools import LRUCache

from rag.retrieval.following import SyncEmbedder

TEXTS_AT_ONCE = 64
"""Of several calls together; one call may bring more."""
REMEMBERED = 20_000
"""Vectors: 30 MB of 384 dimensions."""


@dataclass(frozen=True, slots=True)
class _Call:
    embedder: SyncEmbedder
    texts: Sequence[str]
    rows: asyncio.Future[np.ndarray]


class EmbeddingLane:
    """Used from one event loop. `remembered`: vectors that are kept."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._waiting: list[_Call] = []
        self._working: asyncio.Task[None] | None = None
        self._known: LRUCache[tuple[str, bytes], np.ndarray] = LRUCache(remembered)
        """(version, digest of the text) -> vector; a text that was deleted is not kept here."""

    async def embed(self, embedder: SyncEmbedder, texts: Sequence[str]) -> np.ndarray:
        """Rows in the order of `texts`. Raises what the embedder raises."""
        keys = [(embedder.version, blake2b(text.encode(errors="replace"), digest_size=16).digest()) for text in texts]
        rows = {key: self._known[key] for key in keys if key in self._known}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
        if missing:
            for key, row in zip(missing, await self._embedded(embedder, list(missing.values())), strict=True):
                rows[key] = self._known[key] = row.copy()  # a row alone would keep its whole batch
        return np.stack([rows[key] for key in keys])

    async def _embedded(self, embedder: SyncEmbedder, texts: Sequence[str]) -> np.ndarray:
        call = _Call(embedder, texts, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await call.rows

    async def _work(self) -> None:
        while batch := self._next():
            texts = [text for call in batch for text in call.texts]
            work = asyncio.create_task(asyncio.to_thread(batch[0].embedder.embed, texts))
            await asyncio.wait({work})
            error = work.exception()
            start = 0
            for call in batch:
                end = start + len(call.texts)
                if call.rows.done():
                    pass  # whoever asked is gone
                elif error is not None:
                    call.rows.set_exception(error)
                else:
                    call.rows.set_result(work.result()[start:end])
                start = end

    def _next(self) -> list[_Call]:
        """The call that has waited longest, and those after it that fit beside it."""
        waiting = [call for call in self._waiting if not call.rows.done()]
        batch: list[_Call] = []
        size = 0
        for call in waiting:
            if batch and (call.embedder is not batch[0].embedder or size + len(call.texts) > TEXTS_AT_ONCE):
                break
            batch.append(call)
            size += len(call.texts)
        self._waiting = waiting[len(batch) :]
        return batch
