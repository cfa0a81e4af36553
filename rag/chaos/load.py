"""Requests as strangers send them (raw) and as our client does."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from rag.client import RedwellClient
from rag.wire import ApiError

PAUSE_SECONDS = 0.1
"""Between two requests of a caller that goes on, and after one that was not answered."""
QUESTION = "What is the monthly rent?"
TEXT = "Letter number {} to Anna Keller of Northgate Estates. The monthly rent of house {} is EUR {}.00, due in May."


@dataclass(frozen=True, slots=True)
class Sent:
    status: int
    """0: no answer."""
    seconds: float
    retry_after: bool = False
    code: str = ""

    @property
    def fine(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Call:
    """One request in its two forms."""

    method: str
    path: str
    options: Callable[[int], dict[str, Any]]
    """Of httpx, for the request of this number."""
    ours: Callable[[RedwellClient, int], object]


async def send(http: httpx.AsyncClient, call: Call, number: int) -> Sent:
    began = time.monotonic()
    try:
        answer = await http.request(call.method, call.path, **call.options(number))
    except httpx.HTTPError as error:
        return Sent(0, time.monotonic() - began, code=type(error).__name__)
    code = coded(answer.text) if answer.status_code >= 400 else ""
    return Sent(answer.status_code, time.monotonic() - began, "retry-after" in answer.headers, code)


def coded(body: str) -> str:
    """The code of a problem; of anything else how it begins, without what is different every time."""
    try:
        return str(json.loads(body).get("code", ""))
    except (ValueError, AttributeError):
        return " ".join(word for word in body[:60].split() if not any(letter.isdigit() for letter in word))


def client_of(url: str, connections: int = 100) -> httpx.AsyncClient:
    # Servers close connections that idle for five seconds; one that is closed while it is taken up again is no failure of theirs.
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=2)
    return httpx.AsyncClient(base_url=url, timeout=120, limits=limits)


def once(url: str, call: Call, number: int = 0) -> Sent:
    """One request, over a connection of its own."""

    async def sent() -> Sent:
        async with client_of(url, 1) as http:
            return await send(http, call, number)

    return asyncio.run(sent())


class Moment:
    """What callers wait for: each has a request under way when it comes, and begins none after it."""

    def __init__(self) -> None:
        self.under_way = threading.Semaphore(0)
        """Released by each caller once."""
        self.over = threading.Event()

    def wait_for(self, callers: int) -> None:
        """Until so many have begun."""
        for _ in range(callers):
            self.under_way.acquire()


async def callers_until(moment: Moment, url: str, call: Call, callers: int, numbers: Iterator[int]) -> list[Sent]:
    """What came, of so many callers at once."""
    async with client_of(url, callers) as http:

        async def one() -> list[Sent]:
            sent: list[Sent] = []
            moment.under_way.release()
            while not sent or not moment.over.is_set():
                sent.append(await send(http, call, next(numbers)))
                if not sent[-1].fine:
                    await asyncio.sleep(PAUSE_SECONDS)
            return sent

        return [sent for row in await asyncio.gather(*(one() for _ in range(callers))) for sent in row]


def clients_until(
    moment: Moment, url: str, call: Call, callers: int, numbers: Iterator[int], retry_seconds: float = 60.0
) -> list[str]:
    """The same through the client, each a thread; what failed, in words."""

    def one(_: int) -> list[str]:
        failed: list[str] = []

        def tried(work: Callable[[], object]) -> None:
            try:
                work()
            except ApiError as error:
                failed.append(f"{error.status} {error.code}: {error.detail}")
                time.sleep(PAUSE_SECONDS)

        with RedwellClient(url, timeout=120, retry_seconds=retry_seconds) as client:
            tried(client.system)
            moment.under_way.release()
            while not moment.over.is_set():
                tried(lambda: call.ours(client, next(numbers)))
        return failed

    with ThreadPoolExecutor(callers) as pool:
        return [said for row in pool.map(one, range(callers)) for said in row]


def tallied(sent: Iterable[Sent]) -> dict[str, int]:
    """'503 overloaded' -> how many."""
    return dict(Counter(f"{one.status} {one.code}".strip() for one in sent))


def search_call() -> Call:
    return Call(
        "POST",
        "/v1/search",
        lambda number: {"json": {"query": f"{QUESTION} {number}"}},
        lambda client, number: client.search(f"{QUESTION} {number}"),
    )


def ask_call() -> Call:
    return Call(
        "POST",
        "/v1/ask",
        lambda number: {"json": {"question": QUESTION}},
        lambda client, number: client.ask(QUESTION),
    )


def upload_call(collection: str) -> Call:
    """A new document each."""

    def text(number: int) -> tuple[str, bytes]:
        return f"{number}.txt", TEXT.format(number, number, 1000 + number).encode()

    return Call(
        "POST",
        "/v1/documents",
        lambda number: {"files": {"files": text(number)}, "data": {"collection": collection}},
        lambda client, number: client.upload([text(number)], collection=collection),
    )


def analyze_call(name: str, content: bytes) -> Call:
    return Call(
        "POST",
        "/v1/analyze",
        lambda number: {"files": {"file": (name, content)}},
        lambda client, number: client.analyze((name, content)),
    )


def model_call(model: str) -> Call:
    """Straight to one model behind the pipeline, another text each."""

    def text(number: int) -> str:
        return TEXT.format(number, number, 1000 + number)

    def inputs(number: int) -> list[dict[str, Any]]:
        return [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text(number)]}]

    return Call(
        "POST",
        f"/v2/models/{model}/infer",
        lambda number: {"json": {"inputs": inputs(number)}},
        lambda client, number: client.infer(model, {"text": [text(number)]}),
    )


def scan() -> bytes:
    """A PNG of one sentence: it needs OCR, and no summary."""
    from PIL import Image, ImageDraw, ImageFont

    page = Image.new("L", (1240, 320), 255)
    ImageDraw.Draw(page).text((60, 120), "The monthly rent is EUR 1,200.00, due in May.", 0, ImageFont.load_default(44))
    written = io.BytesIO()
    page.save(written, "PNG", dpi=(150, 150))
    return written.getvalue()


def picture_call(document_id: str) -> Call:
    path = f"/v1/documents/{document_id}/pages/1/image"
    return Call(
        "GET",
        path,
        lambda number: {"params": {"width": 800 + number % 200}},
        lambda client, number: client.page_image(document_id, 1, width=800 + number % 200),
    )
