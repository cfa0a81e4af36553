"""What an index view needs of the store and of its embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rag.store.feed import Change, ChunkRow, Pulse
from rag.store.views import ViewState
from rag.store.watching import Watch


class SyncEmbedder(Protocol):
    version: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> np.ndarray: ...


class Feed(Protocol):
    """What is needed of rag.store.feed.ChangeFeed."""

    def watch(self) -> Watch: ...

    async def pulse(self) -> Pulse: ...

    async def since(self, seq: int, *, limit: int = 500) -> list[Change] | None: ...

    async def documents(self) -> tuple[int, list[str]]: ...

    async def rows(self, document_ids: Sequence[str], model: str) -> list[ChunkRow]: ...

    async def vectors(self, chunk_ids: Sequence[int], model: str) -> tuple[list[int], np.ndarray]: ...


class Views(Protocol):
    """What is needed of rag.store.views.IndexViews."""

    async def report(self, view: ViewState) -> None: ...

    async def leave(self, id: str) -> None: ...

    async def prune(self) -> int: ...
