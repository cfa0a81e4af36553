"""Calls that put documents in order: tags, names, collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag.calls.base import Calls, compact, document_path
from rag.replies import Document
from rag.replies_shelf import TagCount
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
