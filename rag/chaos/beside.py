"""Ordinary requests beside what is done to the stack, until it is over: raw ones, and such through the client."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rag.chaos.load import PAUSE_SECONDS, Call, Sent, client_of, search_call, send, upload_call
from rag.client import RedwellClient
from rag.wire import ApiError

PATIENCE = 60.0
"""Seconds that the client tries again."""


class Beside:
    """`raw` and `failed` grow while it runs; an upload for every search, each by a caller of its own."""

    def __init__(self, url: str, collection: str) -> None:
        self._url = url
        self._ended = threading.Event()
        self.raw: list[tuple[float, Sent]] = []
        """(time.monotonic() when it was sent, what came)"""
        self.asked = 0
        """Through the client."""
        self.failed: list[str] = []
        calls = (search_call(), upload_call(collection))
        raw = [threading.Thread(target=self._raw, args=(call, n), daemon=True) for n, call in enumerate(calls)]
        ours = [threading.Thread(target=self._ours, args=(call, n), daemon=True) for n, call in enumerate(calls, 2)]
        self._threads = raw + ours
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def lost(self) -> list[Sent]:
        """Neither answered nor refused with the time to come again."""
        return [one for _, one in self.raw if not one.fine and not (one.status == 503 and one.retry_after)]

    def _raw(self, call: Call, caller: int) -> None:
        asyncio.run(self._sending(call, caller * 10**6))

    async def _sending(self, call: Call, number: int) -> None:
        async with client_of(self._url, 1) as http:
            while not self._ended.is_set():
                began = time.monotonic()
                self.raw.append((began, await send(http, call, number)))
                number += 1
                await asyncio.sleep(PAUSE_SECONDS)

    def _ours(self, call: Call, caller: int) -> None:
        with RedwellClient(self._url, timeout=120, retry_seconds=PATIENCE) as client:
            number = caller * 10**6
            while not self._ended.is_set():
                number += 1
                self.asked += 1
                try:
                    call.ours(client, number)
                except ApiError as error:
                    self.failed.append(f"{error.status} {error.code}: {error.detail}")
                time.sleep(PAUSE_SECONDS)


@contextmanager
def beside(url: str, collection: str) -> Iterator[Beside]:
    load = Beside(url, collection)
    try:
        yield load
    finally:
        load.end()
