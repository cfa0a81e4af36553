"""A library in this process for evaluations: the real store, chunker, embedder and index; no Ray, no queue, no OCR."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag.adapters.embed_st import SentenceTransformerEmbedder
from rag.chunk import chunk_pages, in_context
from rag.errors import Unavailable
from rag.local import LocalEmbedder
from rag.model import Message, Page, Source, Token, Words
from rag.ports import Generator
from rag.retrieval.retrieve import IndexView
from rag.runtime.weights import resolve
from rag.services import Services, open_state
from rag.settings import Settings, load

DOCUMENTS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Text:
    """A document as text, a page a string."""

    name: str
    pages: tuple[str, ...]
    collection: str = "default"


class NoModel:
    """A language model that is away: every answer is a quotation, as in the product when its model is away."""

    model = "none"
    context_tokens = 4096

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        raise Unavailable("No language model takes part in this evaluation.")
        yield Token("")  # makes it a generator


class _NotUsed:
    """Stands where a port is that answering never calls; a call would fail loudly."""

    version = model = "not used"


@asynccontextmanager
async def open_library(
    generator: Generator | None = None, *, overrides: dict[str, Any] | None = None
) -> AsyncIterator[Library]:
    """An empty library in a temporary folder, with the cpu profile's settings and embedder."""
    with TemporaryDirectory(prefix="redwell-eval-") as folder:
        settings = load("cpu", overrides={"data_dir": folder, **(overrides or {})})
        state = open_state(settings)
        await state.database.connect()
        path = resolve(settings.embedding.model, cache_dir=settings.cache_dir)
        embedder = SentenceTransformerEmbedder(
            path, dtype=settings.embedding.dtype, batch_size=settings.embedding.batch_size
        )
        view = IndexView(
            state.feed,
            embedder,
            settings=settings.retrieval,
            snapshots=Path(folder) / "index",
            resolve=state.documents.document_ids,
        )
        await view.start()
        absent: Any = _NotUsed()
        services = Services(
            settings=settings,
            state=state,
            reader=absent,
            ocr=absent,
            entities=absent,
            classifier=absent,
            embedder=LocalEmbedder(embedder),
            retriever=view,
            generator=generator or NoModel(),
        )
        try:
            yield Library(services)
        finally:
            await view.stop()
            await state.database.close()


class Library:
    def __init__(self, services: Services) -> None:
        self.services = services
        self.names: dict[str, str] = {}
        """Document id -> name."""

    @property
    def settings(self) -> Settings:
        return self.services.settings

    async def add(self, texts: Iterable[Text]) -> None:
        """Store, chunk, embed and index, as the analyzer does with pages that it has read."""
        await self.add_pages(
            (text.name, text.collection, [_page(n, p) for n, p in enumerate(text.pages, 1)]) for text in texts
        )

    async def add_pages(self, documents: Iterable[tuple[str, str, Sequence[Page]]]) -> None:
        """(name, collection, pages), pages as a Reader gives them."""
        store, embedder = self.services.state.documents, self.services.embedder
        for name, collection, pages in documents:
            body = "\f".join(page.text for page in pages).encode()
            document, known = await store.add(
                filename=name,
                media_type="text/plain",
                sha256=hashlib.sha256(name.encode() + body).hexdigest(),
                size=len(body),
                collection=collection,
            )
            self.names[document.id] = name
            if known:
                continue
            await store.save_pages(document.id, pages)
            chunks = await asyncio.to_thread(
                chunk_pages, document.id, pages, tokens=self.settings.embedding.chunk_tokens
            )
            vectors = await embedder.embed([in_context(name, chunk) for chunk in chunks])
            await store.save_chunks(document.id, chunks, vectors, model=embedder.version)


def _page(number: int, text: str) -> Page:
    return Page(number, 612.0, 792.0, text, Source.TEXT_LAYER, Words.pack(()), 1.0)
