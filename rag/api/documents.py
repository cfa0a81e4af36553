"""/v1/documents: the library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from rag.access.principal import named
from rag.analysis.legible import document_reading
from rag.api.fields import fields_record
from rag.api.schemas import RetryBody, child_records, document_record, entity_groups, page_record, reading_record
from rag.api.sse import Event, event_stream
from rag.api.uploads import store_uploads, upload_form
from rag.errors import DocumentNotFound, InvalidInput, PageNotFound
from rag.intake.removal import remove
from rag.intake.unlocking import retry as run_again
from rag.markdown import document_markdown
from rag.services import Services

POLL_SECONDS = 0.25
CHILDREN = 500
"""Children in one record; `parent_id` lists all of them."""


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/documents", tags=["documents"])
    documents = services.state.documents
    least = services.settings.reading.min_confidence

    @router.post("", status_code=202, summary="Upload documents", openapi_extra=_UPLOAD_BODY)
    async def upload(request: Request) -> dict[str, Any]:
        """Answers when the files are durable; reading and analysis follow, see the events of each document."""
        async with upload_form(request, services) as form:
            return {"documents": await store_uploads(form, services)}

    @router.get("", summary="List documents")
    async def list_documents(
        collection: str | None = None,
        status: str | None = None,
        type: str | None = None,
        entity: str | None = None,
        media_type: str | None = None,
        parent_id: str | None = Query(None, description="What came in this document; `none`: what came by itself."),
        tag: str | None = None,
        q: str | None = Query(None, description="Part of the file name."),
        created_after: datetime | None = Query(None, description="Sent at this instant or later."),
        created_before: datetime | None = Query(None, description="Sent before this instant."),
        cursor: str | None = None,
        limit: int = Query(50, ge=1, le=500),
        sort: str = "-created_at",
    ) -> dict[str, Any]:
        page = await documents.list(
            collection=named(collection),
            status=status,
            type=type,
            entity=entity,
            media_type=media_type,
            parent_id=parent_id,
            tag=tag,
            q=q,
            created_after=created_after,
            created_before=created_before,
            cursor=cursor,
            limit=limit,
            sort=sort,
        )
        records = [document_record(document) for document in page.documents]
        return {"documents": records, "next_cursor": page.next_cursor, "total": page.total}

    @router.get("/{document_id}", summary="The Analysis record")
    async def get(document_id: str) -> dict[str, Any]:
        document = await documents.get(document_id)
        entities = await documents.entities(document_id)
        pages = await documents.pages(document_id) if entities else []
        groups = await asyncio.to_thread(entity_groups, entities, pages)
        found = await fields_record(document_id, services)
        inside = await documents.children(document_id, limit=CHILDREN)
        return {
            **document_record(document),
            "reading": reading_record(document_reading(await documents.readings(document_id), least)),
            "entities": groups,
            "fields": found["fields"],
            "children": child_records(document, inside),
        }

    @router.delete("/{document_id}", status_code=204, summary="Delete everything of a document")
    async def delete(document_id: str) -> Response:
        """A mail or an archive goes with the documents that came in it."""
        await remove(document_id, services.state)
        return Response(status_code=204)

    @router.post("/{document_id}/retry", status_code=202, summary="Run again what failed")
    async def retry(document_id: str, force: bool = False, body: RetryBody | None = None) -> dict[str, Any]:
        """A file that failed for want of its password is sent it in the body: {"password": "..."}; it is not kept."""
        document = await documents.get(document_id)
        password = body.password.get_secret_value() if body and body.password else None
        return document_record(await run_again(document, services, force=force, password=password))

    @router.get("/{document_id}/events", summary="Progress as server-sent events")
    async def events(document_id: str) -> Response:
        await documents.get(document_id)
        return await event_stream(_events(document_id, services))

    _content_routes(router, services)
    return router


def _content_routes(router: APIRouter, services: Services) -> None:
    documents = services.state.documents
    least = services.settings.reading.min_confidence

    @router.get("/{document_id}/text", response_class=PlainTextResponse, summary="The document as text")
    async def text(document_id: str) -> str:
        await documents.get(document_id)
        return "\f".join(page.text for page in await documents.pages(document_id))

    @router.get("/{document_id}/markdown", summary="The document as Markdown")
    async def markdown(document_id: str) -> Response:
        """Headings, lists and tables: as the file has them, or as the layout of a PDF or scan shows them."""
        document = await documents.get(document_id)
        text = await asyncio.to_thread(document_markdown, await documents.pages(document_id), document.media_type)
        return Response(text, media_type="text/markdown; charset=utf-8")

    @router.get("/{document_id}/original", summary="The bytes as sent")
    async def original(document_id: str) -> Response:
        document = await documents.get(document_id)
        data = await services.state.blobs.get(document.blob)
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(document.filename)}",
            "X-Content-Type-Options": "nosniff",
        }
        return StreamingResponse(_slices(data), media_type=document.media_type, headers=headers)

    @router.get("/{document_id}/pages/{number}", summary="One page with its words")
    async def page(document_id: str, number: int) -> dict[str, Any]:
        await documents.get(document_id)
        return page_record(await documents.page(document_id, number), least)

    @router.get("/{document_id}/pages/{number}/image", summary="The page as PNG, spans marked")
    async def image(
        document_id: str,
        number: int,
        highlight: list[str] = Query([], description="start-end, character offsets into the page's text; repeatable"),
        width: int = Query(1000, ge=100, le=4000),
    ) -> Response:
        document = await documents.get(document_id)
        if document.page_count is not None and not 1 <= number <= document.page_count:
            raise PageNotFound(f"The document has {document.page_count} pages, not a page {number}.")
        page = await documents.page(document_id, number)
        spans = [_span(item, len(page.text)) for item in highlight]
        png = await services.reader.render(
            document.readable, media_type=document.media_type, page=page, highlights=spans, width=width
        )
        return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


async def _events(document_id: str, services: Services) -> AsyncIterator[Event]:
    """A `document` event a change, until the record is final; `deleted` when it is deleted meanwhile."""
    seen = -1
    documents = services.state.documents
    while True:
        try:
            revision, status = await documents.revision(document_id)
            if revision != seen:
                seen = revision
                yield "document", document_record(await documents.get(document_id))
        except DocumentNotFound:
            yield "deleted", {"id": document_id}
            return
        if status.final:
            return
        await asyncio.sleep(POLL_SECONDS)


def _span(text: str, length: int) -> tuple[int, int]:
    start, dash, end = text.partition("-")
    if not (dash and start.isdigit() and end.isdigit() and int(start) < int(end) <= length):
        raise InvalidInput(
            f"'{text}' is not a span of this page.", f"Give start-end with 0 <= start < end <= {length}."
        )
    return int(start), int(end)


async def _slices(data: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


_UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "collection": {"type": "string", "default": "default"},
                        "metadata": {"type": "string", "description": "A JSON object"},
                        "language": {"type": "string", "description": "Tesseract codes joined by '+'"},
                        "password": {"type": "string", "format": "password", "description": "Opens encrypted files"},
                        "callback_url": {"type": "string", "description": "Told, signed, when each document ends"},
                    },
                }
            }
        },
    }
}
