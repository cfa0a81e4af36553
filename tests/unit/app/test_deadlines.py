"""X-Request-Timeout, from the request to the model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from rag.api import create_app
from rag.errors import CircuitOpen, DeadlineExceeded
from rag.fakes import FakeGenerator, FakeReranker, FakeRetriever
from rag.model import Token
from rag.runtime import deadline
from rag.services import Services
from tests.unit.app.conftest import add, index, work


async def ask(services: Services, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as http:
        return await http.post("/v1/ask", json={"question": "What is the monthly rent?"}, headers=headers)


@pytest.fixture
async def ready(services: Services) -> Services:
    """Asked once already: the first question of a process imports what the later ones use, and would do so within their time."""
    await add(services)
    await work(services)
    found = await index(services)
    await ask(found)
    return found


class Endless(FakeGenerator):
    """Writes until it is stopped, as the transport stops it: at the deadline."""

    stopped = False

    async def stream(self, messages, **options) -> AsyncIterator[Token]:
        try:
            async with asyncio.timeout(deadline.left(60)):
                while True:
                    yield Token("word ")
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            raise DeadlineExceeded("late") from error
        finally:
            Endless.stopped = True


@pytest.mark.parametrize("value", ["soon", "0", "-3", "nan"])
async def test_a_time_that_is_none_is_refused(ready, value):
    answer = await ask(ready, **{"X-Request-Timeout": value})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_request_that_takes_longer_is_504_and_its_work_is_cancelled(ready):
    cancelled = asyncio.Event()

    class Stuck(FakeRetriever):
        async def search(self, query):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise

    answer = await ask(replace(ready, retriever=Stuck()), **{"X-Request-Timeout": "1.5"})
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")
    assert cancelled.is_set()


async def test_a_model_that_is_late_is_stopped_and_the_answer_is_a_quotation(ready):
    answer = await ask(replace(ready, generator=Endless()), **{"X-Request-Timeout": "5"})
    assert answer.status_code == 200
    assert "4,850" in answer.json()["answer"]
    assert Endless.stopped


async def test_a_model_that_does_not_begin_in_time_is_left_and_the_answer_is_a_quotation(ready):
    left = asyncio.Event()

    class Restarting(FakeGenerator):
        async def stream(self, messages, **options) -> AsyncIterator[Token]:
            try:
                await asyncio.sleep(60)
            finally:
                left.set()
            yield Token("word")

    impatient = ready.settings.answering.model_copy(update={"first_word_seconds": 0.05})
    settings = ready.settings.model_copy(update={"answering": impatient})
    answer = await ask(replace(ready, settings=settings, generator=Restarting()))
    assert (answer.status_code, left.is_set()) == (200, True)
    assert "4,850" in answer.json()["answer"]


async def test_the_deadline_reaches_every_call(ready):
    seen = []

    class Watching(FakeReranker):
        async def rerank(self, query, texts):
            seen.append(deadline.left(1000))
            return await super().rerank(query, texts)

    await ask(replace(ready, reranker=Watching()), **{"X-Request-Timeout": "30"})
    assert 20 < seen[0] <= 27


async def test_a_part_that_is_down_is_503_with_its_time(ready):
    down = FakeRetriever(fail=CircuitOpen("Retriever is down.", "", 4))
    answer = await ask(replace(ready, retriever=down))
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "part_down", "4")
