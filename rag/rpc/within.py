"""Asks an ASGI application from within its process: another door goes through the same gates, limits and routes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.types import ASGIApp, Message


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
        try:
            while True:
                message = await self._parts.get()
                if message["type"] == "http.response.start":
                    self.status = message["status"]
                elif message["type"] == "http.response.body":
                    if message.get("body"):
                        yield message["body"]
                    if not message.get("more_body"):
                        return
                else:
                    await running  # raises what ended it
                    return
        finally:
            ended.set()
            running.cancel()
            await asyncio.wait([running])

    async def whole(self) -> Any:
        """The JSON of the answer, {} for none."""
        body = b"".join([part async for part in self.parts()])
        return json.loads(body) if body else {}

    async def _run(self, receive: Any) -> None:
        try:
            await self._app(self._scope, receive, self._parts.put)
        finally:
            await self._parts.put({"type": "ended"})
