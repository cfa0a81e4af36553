"""One index over several: each shard holds the documents that fall to it, and their finds are merged as if they were one."""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Protocol

from rag.model import Mode
from rag.ports import SearchQuery, SearchResult, Terms
from rag.retrieval.candidates import Candidates, merged, ranked


class Shard(Protocol):
    """What is needed of rag.retrieval.retrieve.IndexView, here or behind a transport."""

    async def candidates(self, query: SearchQuery) -> Candidates: ...

    async def terms(self, text: str) -> Terms: ...

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]: ...

    async def sequence(self) -> int: ...


class ShardedRetriever:
    """A Retriever. Fusion happens here, over the merged lists: scores that are stretched shard by shard would not compare.

    Words are weighed by how many chunks of all shards hold them, asked for first; what remains apart is BM25's mean length
    of a text, which is a shard's own.
    """

    def __init__(self, shards: Sequence[Shard], *, candidates: int) -> None:
        self._shards, self._candidates = shards, candidates
        self._turn = count()

    async def search(self, query: SearchQuery) -> SearchResult:
        if query.mode is not Mode.DENSE:
            held = await asyncio.gather(*(shard.terms(query.text) for shard in self._shards))
            query = replace(query, terms=together(held))
        parts = await asyncio.gather(*(shard.candidates(query) for shard in self._shards))
        found = merged(parts, max(self._candidates, 2 * query.top_k))
        return SearchResult(ranked(query.mode, found, query.top_k), found.sequence)

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        """By the shards in turn: each has the embedding model."""
        return await self._shards[next(self._turn) % len(self._shards)].similarity(query, texts)

    async def sequence(self) -> int:
        """What every shard has reached."""
        return min(await asyncio.gather(*(shard.sequence() for shard in self._shards)))


def together(parts: Sequence[Terms]) -> Terms:
    held: Counter[tuple[str, str]] = Counter()
    for part in parts:
        held.update(part.held)
    return Terms(sum(part.chunks for part in parts), dict(held))


def shard_of(document_id: str, shards: int) -> int:
    """The same on every machine and in every version."""
    return zlib.crc32(document_id.encode()) % shards
