"""Too much at once, and too slowly: bursts of requests, and clients that dribble."""

from __future__ import annotations

import asyncio
import http.client
import json
import multiprocessing
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

from rag.chaos.load import QUESTION, Sent, client_of, coded, once, search_call, send, tallied, upload_call
from rag.chaos.report import Row, middle_and_end, percentile
from rag.chaos.stack import Stack

REFUSED = (429, 503)
ALLOWED = (200, 202, *REFUSED)
REFUSED_SECONDS = 0.25
LOOK_SECONDS = 0.02
SLOW_SECONDS = 20.0
Progress = Callable[[str], None]


def burst(stack: Stack, *, at_the_same_time: int, queries: int, in_flight: int, progress: Progress) -> Iterator[Row]:
    for action, count, width in (
        (f"{at_the_same_time} requests at once", at_the_same_time, at_the_same_time),
        (f"{queries} queries, {in_flight} in flight", queries, in_flight),
    ):
        before, _ = stack.memory()
        began = time.monotonic()
        sent, beside = _watched(stack.url, count, width)
        seconds = time.monotonic() - began
        ended = time.monotonic()
        while not once(stack.url, search_call()).fine:
            time.sleep(0.1)
        after, _ = stack.memory()
        row = _flood(action, sent, beside, time.monotonic() - ended, seconds, (after - before) / 2**20)
        progress(f"{action}: {row.seen}")
        yield row


def _watched(url: str, count: int, in_flight: int) -> tuple[list[Sent], list[Sent]]:
    """(what the flood's own client saw, what another one beside it saw).

    A client that has thousands of answers to read reads the last one late, however early it came.
    """
    fresh = multiprocessing.get_context("spawn")
    ours, theirs = fresh.Pipe()
    other = fresh.Process(target=_bystander, args=(url, theirs), daemon=True)
    other.start()
    ours.recv()  # it is there
    sent = uvloop.run(_flooded(url, count, in_flight))
    ours.send("over")
    beside: list[Sent] = ours.recv()
    other.join()
    return sent, beside


def _bystander(url: str, flood: Connection) -> None:
    """A search every 20 ms, each over a connection of its own, until the flood is over."""
    parts = urlsplit(url)
    body = json.dumps({"query": QUESTION})
    seen: list[Sent] = []
    flood.send("there")
    while not flood.poll(LOOK_SECONDS):
        began = time.monotonic()
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=150)
        try:
            line.request("POST", "/v1/search", body, {"Content-Type": "application/json"})
            answer = line.getresponse()
            said = answer.read().decode()
            code = "" if answer.status < 400 else coded(said)
            seen.append(Sent(answer.status, time.monotonic() - began, "Retry-After" in answer.headers, code))
        except OSError as error:
            seen.append(Sent(0, time.monotonic() - began, code=type(error).__name__))
        finally:
            line.close()
    flood.send(seen)


class _Line(asyncio.Protocol):
    """One connection of a flood. It does as little as it can for an answer: it runs on the cores that it measures."""

    def __init__(self, host: str) -> None:
        self._head = f"POST /v1/search HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: "
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Sent] | None = None
        self.open = False

    def ask(self, number: int) -> asyncio.Future[Sent]:
        body = json.dumps({"query": f"{QUESTION} {number}"})
        self._body, self._retry_after = b"", False
        self._answer = asyncio.get_running_loop().create_future()
        self._began = time.monotonic()
        self._transport.write(f"{self._head}{len(body)}\r\n\r\n{body}".encode())
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.open = True

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        if self._answer is None:
            return
        if self._parser.get_status_code():  # an answer without a length ends with the connection
            self.on_message_complete()
        else:
            self._ended(Sent(0, time.monotonic() - self._began, code=type(error or ConnectionResetError()).__name__))

    def on_header(self, name: bytes, _: bytes) -> None:
        self._retry_after = self._retry_after or name.lower() == b"retry-after"

    def on_body(self, piece: bytes) -> None:
        self._body += piece

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.open = False
        code = "" if status < 400 else coded(self._body.decode())
        self._ended(Sent(status, time.monotonic() - self._began, self._retry_after, code))

    def _ended(self, sent: Sent) -> None:
        answer, self._answer = self._answer, None
        if answer and not answer.done():
            answer.set_result(sent)


async def _flooded(url: str, count: int, in_flight: int) -> list[Sent]:
    """Searches over so many connections, which are open when the flood begins, as a load balancer keeps them."""
    parts = urlsplit(url)
    left = iter(range(count))
    sent: list[Sent] = []

    async def connected() -> _Line:
        host, port = parts.hostname or "", parts.port or 80
        _, line = await asyncio.get_running_loop().create_connection(lambda: _Line(parts.netloc), host, port)
        return line

    async def caller(line: _Line) -> None:
        for number in left:
            try:
                line = line if line.open else await connected()
                async with asyncio.timeout(150):
                    sent.append(await line.ask(number))
            except (OSError, TimeoutError) as error:
                sent.append(Sent(0, 0.0, code=type(error).__name__))

    lines = [await connected() for _ in range(in_flight)]
    await asyncio.gather(*(caller(line) for line in lines))
    return sent


def _flood(action: str, sent: list[Sent], beside: list[Sent], recovered: float, seconds: float, grown: float) -> Row:
    """`beside`: what another client saw meanwhile."""
    odd = [
        one for one in (*sent, *beside) if one.status not in ALLOWED or (one.status in REFUSED and not one.retry_after)
    ]
    refused, answered = _refused(sent), [one.seconds for one in sent if one.fine]
    looked = _refused(beside)
    return Row(
        "burst",
        action,
        1,
        len(sent) + len(beside),
        len(odd),
        recovered_seconds=recovered,
        passed=not odd,
        seen={
            "answers": tallied(sent),
            "seconds": round(seconds, 1),
            "answered_p50_p99": middle_and_end(answered, digits=3),
            "refused_p50_p99": middle_and_end(refused, digits=3),
            "beside": tallied(beside),
            "beside_refused_p50_p99": middle_and_end(looked, digits=3),
            "refused_in_time": percentile([*refused, *looked], 0.99) <= REFUSED_SECONDS,
            "memory_grown_mib": round(grown),
        },
    )


def _refused(sent: list[Sent]) -> list[float]:
    return [one.seconds for one in sent if one.status in REFUSED]


def slow_clients(stack: Stack, *, clients: int, progress: Progress) -> Iterator[Row]:
    """A third each: half-sent headers, dribbled bodies, half-sent uploads; other requests go on beside them."""
    sent, closed = asyncio.run(_beside_slow(stack.url, clients))
    failed = [one for one in sent if not one.fine]
    progress(f"{clients} slow clients: {tallied(sent)}, {closed} of them were closed")
    yield Row(
        "slow-clients",
        f"{clients} half-open requests for {SLOW_SECONDS:.0f} s",
        1,
        len(sent),
        len(failed),
        passed=not failed,
        seen={
            "others": tallied(sent),
            "closed by the service": closed,
            "p99": round(percentile([one.seconds for one in sent], 0.99), 2),
        },
    )


async def _beside_slow(url: str, clients: int) -> tuple[list[Sent], dict[str, int]]:
    closed = {"headers": 0, "body": 0, "upload": 0}
    kinds = list(closed)
    slow = [asyncio.create_task(_dribble(url, kinds[n % 3], closed)) for n in range(clients)]
    await asyncio.sleep(2)
    sent: list[Sent] = []
    until = time.monotonic() + SLOW_SECONDS
    search, upload = search_call(), upload_call("beside")
    async with client_of(url) as http:
        number = 0
        while time.monotonic() < until:
            number += 1
            sent.append(await send(http, upload if number % 5 == 0 else search, number))
            await asyncio.sleep(0.1)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    return sent, closed


_BEGINS = {
    "headers": b"POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-A: ",
    "body": b"POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n{",
    "upload": (
        b"POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b'Content-Length: 900000\r\n\r\n--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    ),
}


async def _dribble(url: str, kind: str, closed: dict[str, int]) -> None:
    """A byte now and then until the other side has enough."""
    parts = urlsplit(url)
    with suppress(OSError):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(_BEGINS[kind])
            while True:
                await writer.drain()
                with suppress(TimeoutError):
                    async with asyncio.timeout(random.uniform(0.5, 2)):
                        if not await reader.read(1000):
                            return
                        closed[kind] += 1  # it answered, before all of the request was there
                        return
                writer.write(b"a")
        finally:
            writer.close()
