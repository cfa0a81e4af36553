"""The API over the real parts in this process, no Ray, and in the language model's place one that quotes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from ingestion.inprocess import InProcess, local_services
from rag.errors import Unavailable
from rag.fakes import FakeGenerator
from rag.model import Message, Token
from rag.remote import ReaderClient, Transport
from rag.retrieval.embedders import embedding_version
from rag.retrieval.retrieve import IndexView
from rag.runtime import engines
from rag.settings import Settings, load
from tests.ui.played import serving

PICTURE_SECONDS = 120


@dataclass(kw_only=True)
class Quoting(FakeGenerator):
    """Sums documents up by their first sentences; away when a question comes, so that the answer is a quotation."""

    async def stream(self, messages: Sequence[Message], **options: Any) -> AsyncIterator[Token]:
        if "<passage" in messages[-1].content:
            raise Unavailable("No language model takes part here.")
        async for token in super().stream(messages, **options):
            yield token


@contextmanager
def sampled(folder: Path, **overrides: Any) -> Iterator[str]:
    """Yields its address. What the folder holds from an earlier run is there again."""
    settings = load("cpu", overrides={"data_dir": str(folder), **overrides})
    services = local_services(settings, llm=cast(Transport, object()))
    view = IndexView(
        services.state.feed,
        engines.embedding(settings, 0),
        settings=settings.retrieval,
        snapshots=folder / "index",
        resolve=services.state.documents.document_ids,
        model=embedding_version(settings),
    )
    reader = ReaderClient(InProcess(lambda: _reader(settings), together=True), PICTURE_SECONDS)
    whole = replace(services, reader=reader, retriever=view, generator=Quoting())
    with serving(whole, start=view.start, stop=view.stop) as url:
        yield url


def _reader(settings: Settings) -> dict[str, Any]:
    own = engines.reader(settings)

    def read(key: str, filename: str, language: str | None, password: str | None, keep_members: bool) -> Any:
        return own.read(key, filename=filename, language=language, password=password, keep_members=keep_members)

    def render(key: str, media_type: str, page: Any, highlights: Any, width: int) -> bytes:
        return own.render(key, media_type=media_type, page=page, highlights=highlights, width=width)

    def searchable(key: str, media_type: str, pages: Any) -> bytes:
        return own.searchable(key, media_type=media_type, pages=pages)

    def redact(key: str, media_type: str, pages: Any, removed: Any, dpi: int) -> bytes:
        return own.redact(key, media_type=media_type, pages=pages, removed=removed, dpi=dpi)

    return {"read": read, "render": render, "searchable": searchable, "redact": redact}
