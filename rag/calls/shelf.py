"""Calls that put documents in order: tags, names, collections, passages, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag.calls.base import Calls, compact, document_path
from rag.replies.documents import Document
from rag.replies.shelf import DocumentChunk, TagCount, Version
from rag.wire import decode


class ShelfCalls(Calls):
    def change(
        self,
        document_id: str,
        *,
        filename: str | None = None,
        collection: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Document:
        """Change what is given; `metadata` and `tags` replace what was there."""
        given = {
            "filename": filename,
            "collection": collection,
            "metadata": None if metadata is None else dict(metadata),
            "tags": None if tags is None else list(tags),
        }
        asked = {name: value for name, value in given.items() if value is not None}
        return decode(Document, self._json("PATCH", document_path(document_id), json=asked))

    def tags(self, *, collection: str | None = None) -> list[TagCount]:
        """Every tag with the number of its documents, by name."""
        reply = self._json("GET", "/v1/tags", params=compact(collection=collection))
        return decode(list[TagCount], reply.get("tags", []))

    def tag(self, document_ids: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Put tags to all of the documents, or take them away; none is changed where one is missing."""
        self._send(
            "POST", "/v1/tags", json={"document_ids": list(document_ids), "add": list(add), "remove": list(remove)}
        )

    def chunks(self, document_id: str) -> list[DocumentChunk]:
        """The passages that the document was cut into, in the order of its text."""
        reply = self._json("GET", f"{document_path(document_id)}/chunks")
        return decode(list[DocumentChunk], reply.get("chunks", []))

    def switch_chunk(self, document_id: str, chunk_id: int, *, off: bool) -> None:
        """A passage that is off is not retrieved any more, from the next question on."""
        self._send("PATCH", f"{document_path(document_id)}/chunks/{chunk_id}", json={"off": off})

    def versions(self, document_id: str) -> list[Version]:
        """Documents of this name in the same collection, newest first."""
        reply = self._json("GET", f"{document_path(document_id)}/versions")
        return decode(list[Version], reply.get("versions", []))
