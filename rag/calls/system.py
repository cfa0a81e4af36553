"""Calls of whoever looks after the service."""

from __future__ import annotations

from rag.calls.base import Calls
from rag.replies.system import Check, System
from rag.wire import decode


class SystemCalls(Calls):
    def system(self) -> System:
        return decode(System, self._json("GET", "/v1/system"))

    def checks(self) -> list[Check]:
        """What `redwell doctor` says of the machine that answers; takes a second or two."""
        return decode(list[Check], self._json("GET", "/v1/system/checks").get("checks", []))
