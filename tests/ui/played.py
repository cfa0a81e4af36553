"""The real API, store, worker and stages over played models, on a real port: what the page is tested against."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from PIL import Image, ImageDraw

from rag.api.app import create_app
from rag.fakes import (
    FakeBlobs,
    FakeClassifier,
    FakeEmbedder,
    FakeEntityRecognizer,
    FakeGenerator,
    FakeOcr,
    FakeReader,
    FakeRetriever,
)
from rag.model import Page
from rag.ports import SearchQuery, SearchResult
from rag.services import Services, open_state
from rag.settings import Settings
from rag.store.feed import ChangeFeed
from rag.worker import Worker

Hook = Callable[[], Awaitable[None]]
MARK = (255, 214, 64)


@dataclass(kw_only=True)
class DrawingReader(FakeReader):
    """Draws the words of a page as grey bars and the marked spans as yellow ones, at a scale of `width` to 612 points."""

    async def render(
        self, key: str, *, media_type: str, page: Page, highlights: Sequence[tuple[int, int]] = (), width: int = 1000
    ) -> bytes:
        scale = width / page.width
        picture = Image.new("RGB", (width, round(page.height * scale)), "white")
        draw = ImageDraw.Draw(picture)
        for start, end in highlights:
            for box in page.words.boxes(start, end):
                draw.rectangle([side * scale for side in box], fill=MARK)
        for word in page.words:
            x0, _, x1, y1 = (side * scale for side in word.box)
            draw.rectangle([x0, y1 - 3 * scale, x1 - scale, y1 - scale], fill="#555555")
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()


@dataclass(kw_only=True)
class FollowingRetriever(FakeRetriever):
    """Follows the change feed before it answers."""

    feed: ChangeFeed = field(repr=False)

    async def search(self, query: SearchQuery) -> SearchResult:
        await self.sequence()
        return await super().search(query)

    async def sequence(self) -> int:
        for change in await self.feed.since(self.reached):
            self.rows = {key: row for key, row in self.rows.items() if row[0] != change.document_id}
            for row in await self.feed.rows([change.document_id], "fake/1"):
                self.put(row.chunk_id, row.document_id, row.text)
            self.reached = change.seq
        return self.reached


def played(folder: Path, *, delay: float = 0.0) -> Services:
    settings = Settings(data_dir=folder)
    blobs = FakeBlobs()
    state = open_state(settings, blobs)
    return Services(
        settings=settings,
        state=state,
        reader=DrawingReader(blobs=blobs, delay=delay),
        ocr=FakeOcr(blobs=blobs, delay=delay),
        entities=FakeEntityRecognizer(delay=delay),
        classifier=FakeClassifier(delay=delay),
        embedder=FakeEmbedder(delay=delay),
        retriever=FollowingRetriever(feed=state.feed),
        generator=FakeGenerator(delay=delay),
    )


@contextmanager
def serving(services: Services, *, start: Hook | None = None, stop: Hook | None = None) -> Iterator[str]:
    """The API with one worker, in a thread of its own; yields its address. `start` and `stop` run in its event loop."""
    server = uvicorn.Server(uvicorn.Config(create_app(services), host="127.0.0.1", port=0, log_level="error"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]

    async def run() -> None:
        await services.state.database.connect()
        if start is not None:
            await start()
        worker = Worker(services, owner="test")
        await server.serve()
        await worker.stop()
        if stop is not None:
            await stop()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    ready = threading.Event()
    while not server.started and thread.is_alive():
        ready.wait(0.02)
    address = server.servers[0].sockets[0].getsockname()
    try:
        yield f"http://127.0.0.1:{address[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
