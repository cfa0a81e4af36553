"""`X-Request-Timeout`: how long a request may take, from here down to the models. What is under way then is cancelled."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.api.problems import problem
from rag.errors import DeadlineExceeded, InvalidInput
from rag.runtime.deadline import within

HEADER = "x-request-timeout"
INNER = 0.9
"""Of the time, that models and stores have: the rest is for an answer without what is late, a quotation for example."""
LONG = ("/events", "/train")
"""Ends of paths that take as long as what they follow; only the header limits them."""


class Deadlines:
    """422 for a header that is no number, 504 at the end of the time when no answer has begun. `most`: seconds without a
    header, and the most that one may give."""

    def __init__(self, app: ASGIApp, *, most: float) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER)
        if given is None and scope["path"].endswith(LONG):
            await self._app(scope, receive, send)
            return
        seconds = self._seconds(given)
        if seconds is None:
            wrong = InvalidInput(f"{HEADER} is not a number of seconds.", "Send a number above 0, e.g. 30.")
            await problem(wrong)(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(seconds):
                with within(seconds * INNER):
                    await self._app(scope, receive, watched)
        except TimeoutError:
            if begun:
                raise  # what has begun can only be cut off
            await problem(DeadlineExceeded(f"The request took longer than {seconds:g} s."))(scope, receive, send)

    def _seconds(self, given: str | None) -> float | None:
        if given is None:
            return self._most
        try:
            seconds = float(given)
        except ValueError:
            return None
        return min(seconds, self._most) if seconds > 0 else None
