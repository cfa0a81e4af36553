"""The HTTP client: typed, synchronous, on httpx alone. The web page, the command line and Python users share it.

    with RedwellClient("http://127.0.0.1:8000") as redwell:
        (upload,) = redwell.upload(["lease.pdf"])
        redwell.wait(upload.id)
        print(redwell.ask("What is the monthly rent?").answer)

Every method raises ApiError only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx

from rag.replies import (
    Analysis,
    Answer,
    AskEvent,
    Citation,
    CitationEvent,
    Collection,
    Document,
    DocumentPage,
    EntityCount,
    FinalEvent,
    Health,
    Page,
    Result,
    ResultsEvent,
    SearchReply,
    Stats,
    TokenEvent,
    Upload,
)
from rag.wire import ApiError, body, connection, decode, problem, retry_after, server_sent

File = str | Path | tuple[str, bytes]
Highlight = tuple[int, int]
RETRIED = frozenset({502, 503, 504})

__all__ = ["ApiError", "File", "Highlight", "RedwellClient"]


class RedwellClient:
    """Thread-safe. Calls that may be repeated are retried on 502, 503 and 504, for `retry_seconds` in all."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        api_key: str | None = None,
        *,
        timeout: float = 120.0,
        retry_seconds: float = 10.0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.base_url,
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            transport=transport,
        )
        self._retry_seconds = retry_seconds
        self._sleep = sleep

    def __enter__(self) -> RedwellClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # The way in

    def upload(
        self,
        files: Iterable[File],
        *,
        collection: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        language: str | None = None,
    ) -> list[Upload]:
        """Store files, one outcome each, in their order. Safe to repeat: the same bytes give the same document.

        A file is a path or (name, bytes). Raises ApiError only when none was accepted.
        """
        form = _compact(collection=collection, language=language)
        if metadata:
            form["metadata"] = json.dumps(metadata)
        with ExitStack() as opened:
            parts = [("files", _part(file, opened)) for file in files]
            reply = self._json("POST", "/v1/documents", data=form, files=parts)
        return decode(list[Upload], reply.get("documents", []))

    def wait(self, document_id: str, *, timeout: float = 600.0, poll: float = 0.5) -> Document:
        """The record once it is final. Raises ApiError 'timeout' after `timeout` seconds; the analysis goes on."""
        deadline = time.monotonic() + timeout
        while not (record := self.document(document_id)).final:
            if time.monotonic() >= deadline:
                raise ApiError(
                    0, "timeout", f"{record.filename} was still {record.status} after {timeout:g} s.", "Wait longer."
                )
            self._sleep(poll)
        return record

    def events(self, document_id: str) -> Iterator[Document]:
        """The record (without entities) at every change, until it is final or deleted."""
        with self._stream("GET", f"{_path(document_id)}/events") as response:
            for name, data in server_sent(response.iter_bytes()):
                if name == "document":
                    yield decode(Document, data)
                elif name == "error":
                    raise problem(int(data.get("status", 500)), data)

    def retry(self, document_id: str) -> Document:
        """Run again what failed."""
        return decode(Document, self._json("POST", f"{_path(document_id)}/retry"))

    def delete(self, document_id: str) -> None:
        """Delete the document and all that was made from it; cancels its analysis."""
        self._send("DELETE", _path(document_id))

    def analyze(self, file: File, *, language: str | None = None) -> Analysis:
        """Analyse one file at once; nothing is stored."""
        with ExitStack() as opened:
            parts = [("file", _part(file, opened))]
            return decode(Analysis, self._json("POST", "/v1/analyze", data=_compact(language=language), files=parts))

    # Looking

    def document(self, document_id: str) -> Document:
        return decode(Document, self._json("GET", _path(document_id)))

    def document_page(
        self,
        *,
        collection: str | None = None,
        status: str | None = None,
        type: str | None = None,
        entity: str | None = None,
        media_type: str | None = None,
        q: str | None = None,
        sort: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> DocumentPage:
        """One page of the list; `q` searches names, `entity` documents that name it."""
        query = _compact(
            collection=collection,
            status=status,
            type=type,
            entity=entity,
            media_type=media_type,
            q=q,
            sort=sort,
            cursor=cursor,
            limit=limit,
        )
        return decode(DocumentPage, self._json("GET", "/v1/documents", params=query))

    def documents(self, *, limit: int = 100, **filters: Any) -> Iterator[Document]:
        """Every document that passes the filters of `document_page`, fetched `limit` at a time."""
        cursor: str | None = None
        while True:
            found = self.document_page(limit=limit, cursor=cursor, **filters)
            yield from found.documents
            cursor = found.next_cursor
            if cursor is None:
                return

    def page(self, document_id: str, number: int) -> Page:
        return decode(Page, self._json("GET", f"{_path(document_id)}/pages/{number}"))

    def page_image(
        self, document_id: str, number: int, *, highlights: Sequence[Highlight] = (), width: int = 1000
    ) -> bytes:
        """PNG of the page, `width` pixels wide, the spans (start, end) of its text marked."""
        query: dict[str, Any] = {"width": width}
        if highlights:
            query["highlight"] = [f"{start}-{end}" for start, end in highlights]
        return self._send("GET", f"{_path(document_id)}/pages/{number}/image", params=query).content

    def text(self, document_id: str) -> str:
        return self._send("GET", f"{_path(document_id)}/text").text

    def original(self, document_id: str) -> bytes:
        """The bytes as they were sent."""
        return self._send("GET", f"{_path(document_id)}/original").content

    # The way out

    def search(
        self,
        query: str,
        *,
        collection: str | Sequence[str] | None = None,
        document_ids: Sequence[str] = (),
        filters: Mapping[str, Any] | None = None,
        top_k: int | None = None,
        mode: str | None = None,
    ) -> SearchReply:
        """Passages, best first. `mode` is 'hybrid', 'dense' or 'lexical'."""
        asked = _compact(
            query=query,
            collection=collection,
            document_ids=list(document_ids),
            filters=dict(filters or {}),
            top_k=top_k,
            mode=mode,
        )
        return decode(SearchReply, self._json("POST", "/v1/search", json=asked))

    def ask(
        self,
        question: str,
        *,
        collection: str | Sequence[str] | None = None,
        document_ids: Sequence[str] = (),
        filters: Mapping[str, Any] | None = None,
        top_k: int | None = None,
        history: Sequence[Mapping[str, str]] = (),
        strict: bool | None = None,
    ) -> Answer:
        """The answer with its citations; `history` holds earlier turns as {role, content}."""
        asked = _question(question, collection, document_ids, filters, top_k, history, strict)
        return decode(Answer, self._json("POST", "/v1/ask", json=asked))

    def ask_stream(
        self,
        question: str,
        *,
        collection: str | Sequence[str] | None = None,
        document_ids: Sequence[str] = (),
        filters: Mapping[str, Any] | None = None,
        top_k: int | None = None,
        history: Sequence[Mapping[str, str]] = (),
        strict: bool | None = None,
    ) -> Iterator[AskEvent]:
        """Passages, tokens and citations as they come, then one FinalEvent. Closing the iterator cancels the answer."""
        asked = _question(question, collection, document_ids, filters, top_k, history, strict)
        with self._stream("POST", "/v1/ask", json=asked | {"stream": True}) as response:
            for name, data in server_sent(response.iter_bytes()):
                if name == "results":
                    yield ResultsEvent(decode(tuple[Result, ...], data.get("results", [])))
                elif name == "token":
                    yield TokenEvent(str(data.get("text", "")))
                elif name == "citation":
                    yield CitationEvent(decode(Citation, data))
                elif name == "final":
                    yield FinalEvent(decode(Answer, data))
                    return
                elif name == "error":
                    raise problem(int(data.get("status", 500)), data)
        raise ApiError(0, "cut_off", "The answer broke off before its end.", "Ask again.")

    # The whole

    def stats(self) -> Stats:
        return decode(Stats, self._json("GET", "/v1/stats"))

    def collections(self) -> list[Collection]:
        return decode(list[Collection], self._json("GET", "/v1/collections").get("collections", []))

    def entities(self, **filters: Any) -> list[EntityCount]:
        """Which things are named, in how many documents; filters go to the API as query parameters."""
        reply = self._json("GET", "/v1/entities", params=_compact(**filters))
        return decode(list[EntityCount], reply.get("entities", []))

    def health(self) -> Health:
        """Whether the server answers at all."""
        return self._probe("/health/live")

    def ready(self) -> Health:
        """Whether every part can work. A server that says no is no error: `ok` is False."""
        return self._probe("/health/ready")

    # Transport

    def _probe(self, path: str) -> Health:
        with connection(self.base_url):
            response = self._http.get(path)
        parts = body(response)
        if not response.is_success and response.status_code != 503:
            raise problem(response.status_code, parts)
        return Health(response.is_success, parts)

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        return body(self._send(method, path, **options))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        left, attempt = self._retry_seconds, 0
        while True:
            with connection(self.base_url):
                response = self._http.request(method, path, **options)
            if response.is_success:
                return response
            if attempt and method == "DELETE" and response.status_code == 404:
                return response  # an earlier attempt did it, and only its answer was lost
            pause = retry_after(response, 0.25 * 2**attempt)
            if response.status_code not in RETRIED or pause > left:
                raise problem(response.status_code, body(response))
            self._sleep(pause)
            left, attempt = left - pause, attempt + 1

    @contextmanager
    def _stream(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        with connection(self.base_url), self._http.stream(method, path, **options) as response:
            if not response.is_success:
                response.read()
                raise problem(response.status_code, body(response))
            yield response


def _path(document_id: str) -> str:
    """Path of a document; an id that is none, from a link for example, must not become another route."""
    if document_id.strip(".") == "":
        raise ApiError(404, "document_not_found", "There is no document with that id.", "Check the id.")
    return f"/v1/documents/{quote(document_id, safe='')}"


def _compact(**fields: Any) -> dict[str, Any]:
    """Without what was not given."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _question(
    question: str,
    collection: str | Sequence[str] | None,
    document_ids: Sequence[str],
    filters: Mapping[str, Any] | None,
    top_k: int | None,
    history: Sequence[Mapping[str, str]],
    strict: bool | None,
) -> dict[str, Any]:
    return {"question": question} | _compact(
        collection=collection,
        document_ids=list(document_ids),
        filters=dict(filters or {}),
        top_k=top_k,
        history=[dict(turn) for turn in history],
        strict=strict,
    )


def _part(file: File, opened: ExitStack) -> tuple[str, BinaryIO | bytes]:
    if isinstance(file, tuple):
        return file
    path = Path(file)
    try:
        return path.name, opened.enter_context(path.open("rb"))
    except OSError as error:
        raise ApiError(0, "no_such_file", f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
