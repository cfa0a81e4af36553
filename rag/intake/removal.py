"""Deletion of everything that a document left: rows, index entries through the change feed, and its bytes."""

from __future__ import annotations

from rag.intake import originals
from rag.services import State


async def remove(document_id: str, state: State) -> None:
    """The document, what came in it, and the originals that no other document has. Raises DocumentNotFound."""
    for sha256 in await state.documents.delete(document_id):
        key = originals.original(sha256)
        for blob in (key, *originals.copies(key)):
            await state.blobs.delete(blob)
