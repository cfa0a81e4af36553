"""Calls about the whole: counts, collections, names, health."""

from __future__ import annotations

from typing import Any

from rag.calls.base import compact
from rag.calls.index import IndexCalls
from rag.replies.documents import Collection, EntityCount, Health, Stats
from rag.wire import decode


class CorpusCalls(IndexCalls):
    def stats(self) -> Stats:
        return decode(Stats, self._json("GET", "/v1/stats"))

    def collections(self) -> list[Collection]:
        return decode(list[Collection], self._json("GET", "/v1/collections").get("collections", []))

    def entities(self, **filters: Any) -> list[EntityCount]:
        """Which things are named, in how many documents; filters go to the API as query parameters."""
        reply = self._json("GET", "/v1/entities", params=compact(**filters))
        return decode(list[EntityCount], reply.get("entities", []))

    def health(self) -> Health:
        """Whether the server answers at all."""
        return self._probe("/health/live")

    def ready(self) -> Health:
        """Whether every part can work. A server that says no is no error: `ok` is False."""
        return self._probe("/health/ready")
