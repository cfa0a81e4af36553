"""Calls on documents: upload, follow, read, delete."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from rag.calls.base import Calls, compact, document_path
from rag.replies.documents import Analysis, Document, DocumentPage, Page, Upload
from rag.wire import ApiError, decode, problem, server_sent

File = str | Path | tuple[str, bytes]
Highlight = tuple[int, int]


class DocumentCalls(Calls):
    def upload(
        self,
        files: Iterable[File],
        *,
        collection: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        language: str | None = None,
        password: str | None = None,
        callback_url: str | None = None,
    ) -> list[Upload]:
        """Store files, one outcome each, in their order. Safe to repeat: the same bytes give the same document.

        A file is a path or (name, bytes). `password` opens encrypted ones and is not kept. Raises ApiError only when none
        was accepted.
        """
        form = compact(collection=collection, language=language, password=password, callback_url=callback_url)
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
        with self._stream("GET", f"{document_path(document_id)}/events") as response:
            for name, data in server_sent(response.iter_bytes()):
                if name == "document":
                    yield decode(Document, data)
                elif name == "error":
                    raise problem(int(data.get("status", 500)), data)

    def retry(self, document_id: str, *, password: str | None = None) -> Document:
        """Run again what failed; `password` opens a file that failed for want of it."""
        body = {"password": password} if password else None
        return decode(Document, self._json("POST", f"{document_path(document_id)}/retry", json=body))

    def delete(self, document_id: str) -> None:
        """Delete the document and all that was made from it; cancels its analysis."""
        self._send("DELETE", document_path(document_id))

    def analyze(self, file: File, *, language: str | None = None, password: str | None = None) -> Analysis:
        """Analyse one file at once; nothing is stored."""
        with ExitStack() as opened:
            parts = [("file", _part(file, opened))]
            return decode(
                Analysis,
                self._json("POST", "/v1/analyze", data=compact(language=language, password=password), files=parts),
            )

    def document(self, document_id: str) -> Document:
        return decode(Document, self._json("GET", document_path(document_id)))

    def document_page(
        self,
        *,
        collection: str | None = None,
        status: str | None = None,
        type: str | None = None,
        entity: str | None = None,
        media_type: str | None = None,
        parent_id: str | None = None,
        tag: str | None = None,
        q: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        sort: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> DocumentPage:
        """One page of the list; `q` searches names, `entity` documents that name it; `parent_id` what came in a mail or
        archive ('none': what came by itself). `created_after` is inclusive, `created_before` is not."""
        query = compact(
            collection=collection,
            status=status,
            type=type,
            entity=entity,
            media_type=media_type,
            parent_id=parent_id,
            tag=tag,
            q=q,
            created_after=created_after and created_after.isoformat(),
            created_before=created_before and created_before.isoformat(),
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
        return decode(Page, self._json("GET", f"{document_path(document_id)}/pages/{number}"))

    def page_image(
        self, document_id: str, number: int, *, highlights: Sequence[Highlight] = (), width: int = 1000
    ) -> bytes:
        """PNG of the page, `width` pixels wide, the spans (start, end) of its text marked."""
        query: dict[str, Any] = {"width": width}
        if highlights:
            query["highlight"] = [f"{start}-{end}" for start, end in highlights]
        return self._send("GET", f"{document_path(document_id)}/pages/{number}/image", params=query).content

    def text(self, document_id: str) -> str:
        return self._send("GET", f"{document_path(document_id)}/text").text

    def original(self, document_id: str) -> bytes:
        """The bytes as they were sent."""
        return self._send("GET", f"{document_path(document_id)}/original").content


def _part(file: File, opened: ExitStack) -> tuple[str, BinaryIO | bytes]:
    if isinstance(file, tuple):
        return file
    path = Path(file)
    try:
        return path.name, opened.enter_context(path.open("rb"))
    except OSError as error:
        raise ApiError(0, "no_such_file", f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
