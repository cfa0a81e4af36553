"""The service as one process without Ray: real HTTP, database, blobs, queue and index; played models. To be killed."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import numpy as np
import uvicorn
from fastapi import FastAPI

from rag.api import create_app
from rag.fakes import FakeClassifier, FakeEmbedder, FakeEntityRecognizer, FakeGenerator, FakeOcr, FakeReader
from rag.retrieval.retrieve import IndexView
from rag.services import Services, open_state
from rag.settings import Settings
from rag.worker import Worker


class Bag:
    """The fake embedder, synchronously: the index's own lane."""

    version, dimensions = FakeEmbedder().version, FakeEmbedder().dimensions

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([FakeEmbedder().vector(text) for text in texts])


class Quiet(uvicorn.Server):
    """Ends without raising the signal a second time, which would cut off the orderly end behind it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[FastAPI]:
    state = open_state(settings)
    await state.database.connect()
    view = IndexView(
        state.feed,
        Bag(),
        settings=settings.retrieval,
        snapshots=settings.data_dir.resolve() / "index",
        resolve=state.documents.document_ids,
        views=state.views,
    )
    services = Services(
        settings=settings,
        state=state,
        reader=FakeReader(blobs=state.blobs),  # type: ignore[arg-type]
        ocr=FakeOcr(blobs=state.blobs),  # type: ignore[arg-type]
        entities=FakeEntityRecognizer(),
        classifier=FakeClassifier(),
        embedder=FakeEmbedder(),
        retriever=view,
        generator=FakeGenerator(),
    )
    await view.start()
    worker = Worker(services, owner="played")
    try:
        yield create_app(services)
    finally:
        await worker.stop()
        await view.stop()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    async with opened(Settings()) as app:
        server = Quiet(uvicorn.Config(app, port=port, log_level="warning", backlog=4096))
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: setattr(server, "should_exit", True))
        await server.serve()


if __name__ == "__main__":
    asyncio.run(main())
