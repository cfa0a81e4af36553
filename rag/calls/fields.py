"""Calls on fields: schemas of collections, values of documents, corrections, export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from rag.calls.base import Calls, compact, document_path
from rag.replies.fields import CollectionSchema, DocumentFields
from rag.wire import decode


class FieldCalls(Calls):
    def fields(self, document_id: str) -> DocumentFields:
        return decode(DocumentFields, self._json("GET", f"{document_path(document_id)}/fields"))

    def correct_fields(
        self, document_id: str, fields: Mapping[str, Any] | None = None, *, reset: Sequence[str] = ()
    ) -> DocumentFields:
        """Field -> its value, a list of values, or None: the document has none. `reset` takes corrections back."""
        given = {"fields": dict(fields or {}), "reset": list(reset)}
        return decode(DocumentFields, self._json("PATCH", f"{document_path(document_id)}/fields", json=given))

    def export_fields(
        self, collection: str | None = None, *, format: str = "csv", schema: str | None = None
    ) -> Iterator[bytes]:
        """One row a document: csv, xlsx or json, in pieces."""
        query = compact(collection=collection, format=format, schema=schema)
        with self._stream("GET", "/v1/fields", params=query) as response:
            yield from response.iter_bytes()

    def collection_schema(self, collection: str) -> CollectionSchema:
        return decode(CollectionSchema, self._json("GET", _schema_path(collection)))

    def put_collection_schema(self, collection: str, schema: Mapping[str, Any]) -> CollectionSchema:
        """A JSON schema, or {"use": "invoice"} for a ready-made one."""
        return decode(CollectionSchema, self._json("PUT", _schema_path(collection), json=dict(schema)))

    def delete_collection_schema(self, collection: str) -> None:
        self._send("DELETE", _schema_path(collection))


def _schema_path(collection: str) -> str:
    return f"/v1/collections/{quote(collection, safe='')}/schema"
