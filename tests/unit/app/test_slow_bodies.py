"""Clients that dribble, over the ASGI interface: they are given up, and hold nothing that others need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from rag.api import create_app, slow
from rag.services import Services
from rag.settings import Limits

FORM = [(b"content-type", b"multipart/form-data; boundary=x")]
JSON = [(b"content-type", b"application/json")]
HEAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
WHOLE = HEAD + b"words" + b"\r\n--x--\r\n"


class Caller:
    """One request whose body comes when the test says so."""

    def __init__(self, app: Any, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        self.parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.status = 0
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b""}
        scope |= {"headers": headers, "http_version": "1.1", "scheme": "http", "server": ("x", 80), "client": ("c", 1)}
        self.task = asyncio.create_task(app(scope | {"root_path": "", "state": {}}, self.parts.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)

    def give(self, body: bytes, *, more: bool = True) -> None:
        self.parts.put_nowait({"type": "http.request", "body": body, "more_body": more})

    async def answer(self) -> int:
        with suppress(Exception):
            await asyncio.wait_for(asyncio.shield(self.task), 10)
        return self.status


@pytest.fixture
async def app(services: Services):
    limits = Limits(concurrent_requests=4, concurrent_uploads=2, body_idle_seconds=0.3, body_seconds=0.6)
    made = create_app(replace(services, settings=services.settings.model_copy(update={"limits": limits})))
    callers: list[Caller] = []

    def call(path: str, headers: list[tuple[bytes, bytes]]) -> Caller:
        callers.append(Caller(made, path, headers))
        return callers[-1]

    yield call
    for caller in callers:
        caller.task.cancel()
    await asyncio.gather(*(caller.task for caller in callers), return_exceptions=True)


Call = Callable[[str, list[tuple[bytes, bytes]]], Caller]


async def test_a_body_that_stops_is_408(app: Call) -> None:
    caller = app("/v1/search", JSON)
    caller.give(b'{"query":')
    assert await caller.answer() == 408


async def test_a_small_body_that_dribbles_is_408(app: Call) -> None:
    caller = app("/v1/search", JSON)
    while not caller.task.done():
        caller.give(b" ")
        await asyncio.sleep(0.05)
    assert await caller.answer() == 408


async def test_slow_callers_take_no_place_in_the_service(app: Call) -> None:
    for _ in range(40):
        app("/v1/search", JSON).give(b'{"query":')
    await asyncio.sleep(0.05)
    caller = app("/v1/search", JSON)
    caller.give(b'{"query": "rent"}', more=False)
    assert await caller.answer() == 200


async def test_an_upload_that_stops_is_408_and_its_place_is_free(app: Call) -> None:
    for _ in range(2):
        app("/v1/documents", FORM).give(HEAD)
    stopped = app("/v1/documents", FORM)
    stopped.give(WHOLE, more=False)
    assert await stopped.answer() == 503  # both places are taken by young uploads
    await asyncio.sleep(0.5)
    caller = app("/v1/documents", FORM)
    caller.give(WHOLE, more=False)
    assert await caller.answer() == 202


async def test_a_dribbling_upload_gives_its_place_to_another(app: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "CROWDED_SECONDS", 0.1)
    dribbling = [app("/v1/documents", FORM) for _ in range(2)]
    for caller in dribbling:
        caller.give(HEAD)
    for _ in range(6):
        for caller in dribbling:
            caller.give(b"x")
        await asyncio.sleep(0.05)
    assert not any(caller.task.done() for caller in dribbling)
    caller = app("/v1/documents", FORM)
    caller.give(WHOLE, more=False)
    assert await caller.answer() == 202
    assert [one.status for one in dribbling if one.task.done()] == [408]
