"""Calls about names that occur together and dates that documents name."""

from __future__ import annotations

from typing import Any

from rag.calls.base import Calls, compact
from rag.replies.insights import Cooccurrence, Moment
from rag.wire import decode


class InsightCalls(Calls):
    def cooccurrence(self, **filters: Any) -> Cooccurrence:
        """Filters: type (one or a list), collection, entity, names, limit."""
        return decode(Cooccurrence, self._json("GET", "/v1/entities/cooccurrence", params=compact(**filters)))

    def timeline(self, **filters: Any) -> list[Moment]:
        """Filters: by ('month' or 'year'), collection, entity."""
        return decode(list[Moment], self._json("GET", "/v1/timeline", params=compact(**filters)).get("periods", []))
