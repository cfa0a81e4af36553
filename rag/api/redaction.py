"""/v1/documents/{id}/pii, redacted.txt and redacted.pdf."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse, Response

from rag.read.sniff import PDF
from rag.redaction.make import pdf_without, removals, text_without
from rag.redaction.plan import chosen_kinds
from rag.services import Services

Kinds = Query([], description="PERSON, EMAIL, PHONE ...; repeatable, or joined by commas. Default: `redaction.kinds`.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/documents", tags=["redaction"])
    documents = services.state.documents
    default = services.settings.redaction.kinds

    @router.get("/{document_id}/pii", summary="Personal data in a document, each with its place")
    async def pii(document_id: str, kinds: list[str] = Kinds) -> dict[str, Any]:
        document = await documents.get(document_id)
        wanted = chosen_kinds(kinds, default)
        pages, found = await removals(document, wanted, services)
        by_number = {page.number: page for page in pages}
        rows = [
            {
                "kind": one.kind,
                "text": one.text,
                "page": one.page,
                "start": one.start,
                "end": one.end,
                "boxes": [list(box) for box in by_number[one.page].words.boxes(one.start, one.end)],
            }
            for one in found
        ]
        return {"document_id": document_id, "kinds": list(wanted), "found": rows}

    @router.get(
        "/{document_id}/redacted.txt", response_class=PlainTextResponse, summary="The text without personal data"
    )
    async def text(document_id: str, kinds: list[str] = Kinds) -> Response:
        document = await documents.get(document_id)
        body = await text_without(document, chosen_kinds(kinds, default), services)
        return PlainTextResponse(body, headers=_headers(document_id, "txt"))

    @router.get("/{document_id}/redacted.pdf", response_class=Response, summary="A PDF without personal data")
    async def pdf(document_id: str, kinds: list[str] = Kinds) -> Response:
        """A new file of pictures with black boxes and the words that remain; nothing of the original's objects is in it."""
        document = await documents.get(document_id)
        body = await pdf_without(document, chosen_kinds(kinds, default), services)
        return Response(body, media_type=PDF, headers=_headers(document_id, "pdf"))

    return router


def _headers(document_id: str, ending: str) -> dict[str, str]:
    """Named by the id: file names hold names."""
    return {
        "Content-Disposition": f'attachment; filename="{document_id}.redacted.{ending}"',
        "X-Content-Type-Options": "nosniff",
    }
