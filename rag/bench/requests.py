"""Requests a second: a trivial route and a search, beside a Serve application that does nothing, on the same proxy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx

from rag.bench.line import Line
from rag.bench.made_text import MadeText

CLIENTS = 8
SEARCHES = 120
BOUND = 30.0


async def _rate(client: httpx.AsyncClient, number: int, send: Callable[[], httpx.Request], clients: int) -> float:
    """Answers a second. Raises HTTPStatusError at the first that is no success."""
    left = iter(range(number))

    async def one() -> None:
        for _ in left:
            (await client.send(send())).raise_for_status()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(clients)))
    return number / (time.perf_counter() - started)


async def bench_requests(url: str, bare: str, *, number: int = 1000, rounds: int = 3) -> list[Line]:
    """`bare`: path of the application that does nothing. The two take turns; the first round warms up."""
    async with httpx.AsyncClient(base_url=url, timeout=BOUND) as client:

        def get(path: str) -> Callable[[], httpx.Request]:
            return lambda: client.build_request("GET", path)

        ours, none, live = [], [], "/health/live"
        for _ in range(rounds + 1):
            none.append(await _rate(client, number, get(bare), CLIENTS))
            ours.append(await _rate(client, number, get(live), CLIENTS))
        questions = iter(MadeText().questions(2 * (rounds + 1) * SEARCHES))

        def search() -> httpx.Request:
            return client.build_request("POST", "/v1/search", json={"query": next(questions), "top_k": 10})

        alone, many = [], []
        for _ in range(rounds + 1):
            alone.append(1000 / await _rate(client, SEARCHES, search, 1))
            many.append(await _rate(client, SEARCHES, search, 16))
    return [
        Line(
            f"trivial route, {CLIENTS} clients",
            "Serve, no-op",
            "requests/s",
            tuple(ours[1:]),
            tuple(none[1:]),
            goal=0.9,
        ),
        Line("HTTP search, 1 client", "", "ms", tuple(alone[1:]), compared="alone"),
        Line(
            "HTTP search, 16 clients",
            "Serve, no-op",
            "requests/s",
            tuple(many[1:]),
            tuple(none[1:]),
            more={"note": "every one embeds its question: no goal"},
        ),
    ]
