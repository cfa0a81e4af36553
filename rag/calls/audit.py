"""Calls about the audit log, for administrators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rag.calls.base import Calls, compact
from rag.replies.access import AuditLine
from rag.wire import decode


class AuditCalls(Calls):
    def audit(
        self,
        *,
        tenant: str | None = None,
        key_id: str | None = None,
        action: str | None = None,
        object: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page: int = 1000,
    ) -> Iterator[AuditLine]:
        """Oldest first, fetched a page at a time."""
        wanted = compact(tenant=tenant, key_id=key_id, action=action, object=object, limit=page)
        wanted |= {name: day.isoformat() for name, day in (("since", since), ("until", until)) if day}
        after: int | None = 0
        while after is not None:
            answer = self._json("GET", "/v1/audit", params={**wanted, "after": after})
            yield from decode(list[AuditLine], answer.get("lines", []))
            after = answer.get("next")

    def erase_audit(
        self, *, key_id: str | None = None, object: str | None = None, until: datetime | None = None
    ) -> int:
        """How many lines are gone."""
        wanted = compact(key_id=key_id, object=object, until=until and until.isoformat())
        return int(self._json("DELETE", "/v1/audit", params=wanted).get("erased", 0))
