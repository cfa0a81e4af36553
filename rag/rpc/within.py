"""Asks an ASGI application from within its process: another door goes through the same gates, limits and routes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.types import ASGIApp, Message

_BEHIND: set[asyncio.Task[None]] = set()
"""Requests that work on behind their answer; the loop itself holds tasks weakly."""


class Within:
    """One request; `status` is known once the first part of the body is."""

    def __init__(self, app: ASGIApp, method: str, path: str, body: Any, headers: Mapping[str, str]) -> None:
        sent = {"content-type": "application/json", **{name.lower(): value for name, value in headers.items()}}
        self._app = app
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
            "client": None,
            "server": ("within", 80),
        }
        self._body = json.dumps(body).encode() if body is not None else b""
        self._parts: asyncio.Queue[Message] = asyncio.Queue(maxsize=8)
        self._listening = True
        self.status = 0

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes. Closing the iterator cancels the request."""
        given, ended = False, asyncio.Event()

        async def receive() -> Message:
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": self._body, "more_body": False}
            await ended.wait()  # a client that is still there says nothing more
            return {"type": "http.disconnect"}

        running = asyncio.create_task(self._run(receive))
        done = False
        try:
            while not done:
                message = await self._parts.get()
                if message["type"] == "http.response.start":
                    self.status = message["status"]
                elif message["type"] == "http.response.body":
                    # The application may have work to do behind its answer: it goes on by itself.
                    done = not message.get("more_body")
                    if message.get("body"):
                        yield message["body"]
                else:
                    done = True
                    await running  # raises what ended it
        finally:
            ended.set()
            self._listening = False
            while not self._parts.empty():
                self._parts.get_nowait()
            if not done:
                running.cancel()
            _BEHIND.add(running)
            running.add_done_callback(_BEHIND.discard)

    async def whole(self) -> Any:
        """The JSON of the answer, {} for none."""
        body = b"".join([part async for part in self.parts()])
        return json.loads(body) if body else {}

    async def _run(self, receive: Any) -> None:
        try:
            await self._app(self._scope, receive, self._send)
        finally:
            await self._send({"type": "ended"})

    async def _send(self, message: Message) -> None:
        if self._listening:
            await self._parts.put(message)
