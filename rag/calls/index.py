"""Calls about the index and its embedding model."""

from __future__ import annotations

from rag.calls.base import Calls, compact
from rag.replies.index import IndexState
from rag.wire import decode


class IndexCalls(Calls):
    def index(self) -> IndexState:
        return decode(IndexState, self._json("GET", "/v1/index"))

    def reindex(self, model: str | None = None) -> IndexState:
        """Start the move to another embedding model (the settings' one); raises ApiError 'conflict' when there is none."""
        return decode(IndexState, self._json("POST", "/v1/index", json=compact(model=model)))

    def cancel_reindex(self) -> IndexState:
        return decode(IndexState, self._json("DELETE", "/v1/index"))
