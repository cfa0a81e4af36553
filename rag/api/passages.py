"""/v1/documents/{id}/chunks and /versions: how a document was cut, what of it is retrieved, what it was before."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from rag.api.scope import Body
from rag.services import Services


class SwitchBody(Body):
    off: bool = Field(description="True: not retrieved any more; false: retrieved again.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/documents", tags=["documents"])
    switches, documents = services.state.switches, services.state.documents

    @router.get("/{document_id}/chunks", summary="The passages that it was cut into")
    async def chunks(document_id: str) -> dict[str, Any]:
        rows = [
            {
                "id": one.chunk.id,
                "page": one.chunk.page,
                "start": one.chunk.start,
                "end": one.chunk.end,
                "heading": one.chunk.heading,
                "text": one.chunk.text,
                "off": one.off,
            }
            for one in await switches.list(document_id)
        ]
        return {"document_id": document_id, "chunks": rows}

    @router.patch("/{document_id}/chunks/{chunk_id}", status_code=204, summary="Switch a passage off, or on again")
    async def switch(document_id: str, chunk_id: int, asked: SwitchBody) -> None:
        """Questions and searches that begin after this see it. Exact counts and whole documents read the pages still."""
        await switches.switch(document_id, chunk_id, off=asked.off)

    @router.get("/{document_id}/versions", summary="Documents of this name in its collection, newest first")
    async def versions(document_id: str) -> dict[str, Any]:
        """`version` is the number that a synchronised source gives it, else its place in time."""
        rows = [
            {
                "id": one.id,
                "version": one.version,
                "created_at": one.created_at.isoformat(),
                "size": one.size,
                "status": one.status,
                "sha256": one.sha256,
            }
            for one in await documents.versions(document_id)
        ]
        return {"document_id": document_id, "versions": rows}

    return router
