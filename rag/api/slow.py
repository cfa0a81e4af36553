"""Bodies that come slowly: a client that dribbles must not hold what others need.

Small bodies are read whole before a request takes its place in the service. Uploads, which are read as they come, have to keep
coming; when all places for uploads are taken, one that comes more slowly than a modem gives its place away.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.api.problems import problem
from rag.errors import RequestTimeout
from rag.settings import Limits

CROWDED_SECONDS = 1.0
"""An upload younger than this is not judged."""
SLOW_BYTES = 4096
"""A second: what an upload needs to keep its place when others wait."""
MOST_BODY = 2 * 2**20 + 1
"""Of what is read ahead: the gates refuse larger bodies."""


@dataclass(slots=True, eq=False)
class _Upload:
    began: float
    bytes: int = 0
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def rate(self, now: float) -> float:
        return self.bytes / max(0.001, now - self.began)


class SlowBodies:
    """408 when nothing comes for `body_idle_seconds`, or when a small body takes longer than `body_seconds`."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._uploads: list[_Upload] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
        elif Headers(scope=scope).get("content-type", "").startswith("multipart/"):
            await self._upload(scope, receive, send)
        else:
            await self._small(scope, receive, send)

    async def _small(self, scope: Scope, receive: Receive, send: Send) -> None:
        read: list[Message] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while size < MOST_BODY:
                    message = await self._next(receive)
                    read.append(message)
                    size += len(message.get("body", b""))
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            await _late(scope, receive, send)
            return
        waiting = iter(read)

        async def again() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, again, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._make_room()
        own = _Upload(time.monotonic())
        self._uploads.append(own)
        late = begun = False

        async def kept_coming() -> Message:
            nonlocal late
            try:
                message = await self._next(receive, own.cut)
            except TimeoutError:
                late = True
                raise RequestTimeout() from None
            own.bytes += len(message.get("body", b""))
            if not message.get("more_body") and own in self._uploads:
                self._uploads.remove(own)  # what takes its time now is ours
            return message

        async def watched(message: Message) -> None:
            """Whatever a body parser made of the interruption, the answer is 408."""
            nonlocal begun
            if late and not begun:
                begun = True
                await _late(scope, receive, send)
            if not late:
                begun = True
                await send(message)

        try:
            await self._app(scope, kept_coming, watched)
        finally:
            own.gone.set()
            if own in self._uploads:
                self._uploads.remove(own)

    async def _make_room(self) -> None:
        now = time.monotonic()
        if len(self._uploads) < self._limits.concurrent_uploads:
            return
        old = [one for one in self._uploads if now - one.began > CROWDED_SECONDS and one.rate(now) < SLOW_BYTES]
        if old:
            slowest = min(old, key=lambda one: one.rate(now))
            slowest.cut.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(CROWDED_SECONDS):
                    await slowest.gone.wait()

    async def _next(self, receive: Receive, cut: asyncio.Event | None = None) -> Message:
        """Raises TimeoutError when nothing comes, or the place is given away."""
        async with asyncio.timeout(self._limits.body_idle_seconds):
            if cut is None:
                return await receive()
            message, away = asyncio.ensure_future(receive()), asyncio.ensure_future(cut.wait())
            try:
                await asyncio.wait({message, away}, return_when=asyncio.FIRST_COMPLETED)
                if not message.done():
                    raise TimeoutError
                return message.result()
            finally:
                message.cancel()
                away.cancel()


async def _late(scope: Scope, receive: Receive, send: Send) -> None:
    response = problem(RequestTimeout())
    response.headers["Connection"] = "close"
    await response(scope, receive, send)
