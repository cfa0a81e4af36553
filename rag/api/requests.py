"""The request id: taken from X-Request-Id or made, bound to every log line of the request, and given back."""

from __future__ import annotations

import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.runtime.logs import REQUEST, about

log = structlog.get_logger(__name__)
HEADER = "x-request-id"
LONGEST = 128


class RequestIds:
    """`told`: the server in front gives the id back itself, as Serve's proxy does. One line a request, without its query."""

    def __init__(self, app: ASGIApp, *, told: bool) -> None:
        self._app = app
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Headers(scope=scope).get(HEADER, "")[:LONGEST] or uuid.uuid4().hex
        status, started = 0, time.perf_counter()

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if not self._told:
                    MutableHeaders(scope=message)[HEADER] = request
            await send(message)

        with about(**{REQUEST: request}):
            try:
                await self._app(scope, receive, answered)
            finally:
                if not scope["path"].startswith("/health/"):
                    seconds = round(time.perf_counter() - started, 4)
                    log.info("answered", method=scope["method"], path=scope["path"], status=status, seconds=seconds)
