"""What stands in front of Serve's proxy refuses what is too much, at once and politely."""

from __future__ import annotations

import asyncio
from typing import Any

from rag.serving.front import Front, environment
from rag.settings import Settings


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Caller:
    """One request; `parts` come one by one, the last one with `finish`."""

    def __init__(self, front: Front, path: str, *parts: bytes) -> None:
        self._parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._all = parts
        self.sent: list[dict[str, Any]] = []
        for part in parts[:-1]:
            self._parts.put_nowait({"type": "http.request", "body": part, "more_body": True})
        scope = {"type": "http", "method": "POST", "path": path, "headers": []}
        self.task = asyncio.create_task(front(scope, self._parts.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def finish(self) -> Caller:
        self._parts.put_nowait({"type": "http.request", "body": self._all[-1], "more_body": False})
        return self

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"]) if self.sent else 0


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_beyond_its_places_requests_are_refused_with_their_time() -> None:
    app = Slow()
    front = Front(app, places=2)
    calls = [Caller(front, "/v1/search", b"x").finish() for _ in range(5)]
    await turns()
    assert [call.status for call in calls] == [0, 0, 503, 503, 503]
    assert dict(calls[2].sent[0]["headers"])[b"retry-after"] == b"1"
    assert b'"overloaded"' in calls[2].sent[1]["body"]
    app.go.set()
    await asyncio.gather(*(call.task for call in calls))
    again = Caller(front, "/v1/search", b"y").finish()
    await again.task
    assert ([call.status for call in calls[:2]], again.status, app.bodies) == ([200, 200], 200, [b"x", b"x", b"y"])


async def test_a_request_that_comes_slowly_holds_no_place() -> None:
    app = Slow()
    front = Front(app, places=1)
    slow = [Caller(front, "/v1/search", b"a", b"b") for _ in range(3)]
    await turns()
    quick = Caller(front, "/v1/search", b"x").finish()
    await turns()
    refused = Caller(front, "/v1/search", b"x").finish()
    await turns()
    assert (quick.status, refused.status) == (0, 503)
    app.go.set()
    await quick.task
    await asyncio.gather(*(call.finish().task for call in slow))
    assert ([call.status for call in slow], app.bodies) == ([200] * 3, [b"x", b"ab", b"ab", b"ab"])


async def test_health_is_always_answered() -> None:
    app = Slow()
    app.go.set()
    front = Front(app, places=0)
    health, other = Caller(front, "/health/ready", b"").finish(), Caller(front, "/v1/search", b"").finish()
    await asyncio.gather(health.task, other.task)
    assert (health.status, other.status) == (200, 503)


def test_the_proxy_holds_what_all_ingress_replicas_take() -> None:
    settings = Settings.model_validate({"analysis": {"ingress": {"max_replicas": 3}}})
    assert environment(settings)["REDWELL_PROXY_PLACES"] == "192"
