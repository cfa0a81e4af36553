"""/v1/documents/{id}/searchable.pdf: a document in another form, made from what was stored when it was read."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Response

from rag.errors import NotReady, UnsupportedType
from rag.model import Stage, StageStatus
from rag.read.sniff import IMAGES, PDF
from rag.services import Services


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/documents", tags=["documents"])
    documents = services.state.documents

    @router.get(
        "/{document_id}/searchable.pdf", summary="A scan as a PDF that can be searched", response_class=Response
    )
    async def searchable(document_id: str) -> Response:
        """The original pages, and over them, invisible, the words that were read: found, marked and copied in any viewer."""
        document = await documents.get(document_id)
        if document.media_type != PDF and document.media_type not in IMAGES:
            raise UnsupportedType(
                f"Files of type {document.media_type} have no pictures of pages.",
                "Only PDFs and images become searchable PDFs; `/original` has the file.",
            )
        read = document.stages.get(Stage.READ)
        if read is None or read.status is not StageStatus.DONE:
            raise NotReady("The document has not been read to its end.")
        pages = await documents.pages(document_id)
        data = await services.reader.searchable(document.readable, media_type=document.media_type, pages=pages)
        stem = document.filename.rpartition(".")[0] or document.filename
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(stem)}.searchable.pdf",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(data, media_type=PDF, headers=headers)

    return router
