"""Whose request it is: keys checked against a short-lived copy of the database's, and their requests counted.

A key that is revoked ends everywhere within `FRESH_SECONDS`. Requests of a minute are taken from the database in portions and spent
here, so that a key costs a write every few requests and never sends more than its limit, whichever replicas answer it.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers

from rag.access.keys import ApiKey, digest, key_id, same
from rag.access.principal import Principal
from rag.errors import RateLimited, Unauthorized
from rag.store.keys import KeyStore

FRESH_SECONDS = 2.0
MOST_KNOWN = 10_000
PORTIONS = 20
"""A minute's requests are taken in about so many portions."""
LOCAL = Principal("")
"""Whoever asks a service that asks for no key, which listens on loopback only: its operator."""


@dataclass(slots=True)
class _Known:
    key: ApiKey | None
    since: float


@dataclass(slots=True)
class _Minute:
    number: int = -1
    left: int = 0
    spent: bool = False
    """Nothing is left of this minute in the database either."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Keyring:
    def __init__(
        self, store: KeyStore, configured: tuple[str, ...], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`configured`: SHA-256 digests of the settings, keys of operators that no database is needed for."""
        self._store, self._monotonic = store, monotonic
        self._configured = tuple(one.casefold() for one in configured)
        self._known: dict[str, _Known] = {}
        self._minutes: dict[str, _Minute] = {}

    @property
    def open(self) -> bool:
        """No key is asked for. One of ours that is sent all the same is judged."""
        return not self._configured

    async def principal(self, headers: Headers) -> Principal:
        """Raises Unauthorized; Unavailable when the database is needed and away."""
        text = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ").strip()
        sent = digest(text)
        for one in self._configured:
            if same(sent, one):
                return Principal(f"configured-{one[:8]}")
        id = key_id(text)
        if id is None:
            if self.open:
                return LOCAL
            raise Unauthorized("The request has no valid API key.")
        key = await self._find(id)
        if key is None or not same(sent, key.digest):
            raise Unauthorized("The request has no valid API key.")
        if not key.valid(self._store.clock()):
            raise Unauthorized(f"The API key {id} has {'been revoked' if key.revoked_at else 'expired'}.")
        return key.principal

    async def count(self, principal: Principal) -> None:
        """Raises RateLimited when the key's minute is used up."""
        limit = principal.limits.requests_per_minute
        if limit is None:
            return
        second = self._store.clock().timestamp()
        number = int(second // 60)
        minute = self._minutes.setdefault(principal.key_id, _Minute())
        async with minute.lock:
            if minute.number != number:
                minute.number, minute.left, minute.spent = number, 0, False
            if not minute.left and not minute.spent:
                portion = max(1, math.ceil(limit / PORTIONS))
                minute.left = await self._store.take(principal.key_id, number, portion, limit)
                minute.spent = minute.left == 0
            if not minute.left:
                rest = max(1, math.ceil(60 * (number + 1) - second))
                raise RateLimited(f"The API key may send {limit} requests a minute.", "", rest)
            minute.left -= 1

    async def _find(self, id: str) -> ApiKey | None:
        known = self._known.get(id)
        if known is None or self._monotonic() - known.since > FRESH_SECONDS:
            since = self._monotonic()
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[id] = _Known(await self._store.find(id), since)
        return known.key
