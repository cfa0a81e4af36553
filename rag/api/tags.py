"""/v1/tags, and PATCH of a document: what people say of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from rag.access.audit import noted
from rag.access.principal import stored, writable
from rag.api.schemas import document_record
from rag.api.scope import Body
from rag.errors import InvalidInput
from rag.intake.names import collection_name, safe_filename
from rag.model import Filter
from rag.services import Services
from rag.store.listing import matches
from rag.store.tags import checked

MOST_DOCUMENTS = 1000


class DocumentBody(Body):
    """What is left out stays as it is."""

    filename: str | None = Field(None, min_length=1, max_length=1000)
    collection: str | None = None
    metadata: dict[str, Any] | None = Field(None, description="Replaces all of it.")
    tags: list[str] | None = Field(None, description="Replaces all of them.")


class TagsBody(Body):
    document_ids: list[str] = Field(min_length=1, max_length=MOST_DOCUMENTS)
    add: list[str] = Field(default_factory=list)
    remove: list[str] = Field(default_factory=list)


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["documents"])
    documents, tags = services.state.documents, services.state.tags

    @router.patch("/v1/documents/{document_id}", summary="Change name, collection, metadata or tags")
    async def change(document_id: str, asked: DocumentBody) -> dict[str, Any]:
        """Searches see it at once."""
        collection = None if asked.collection is None else writable(collection_name(asked.collection))
        filename = None if asked.filename is None else safe_filename(asked.filename)
        names = checked(asked.tags or ())  # before anything is changed
        if (filename, collection, asked.metadata) != (None, None, None):
            await documents.update(document_id, filename=filename, collection=collection, metadata=asked.metadata)
        if asked.tags is not None:
            await tags.replace(document_id, names)
        return document_record(await documents.get(document_id))

    @router.get("/v1/tags", summary="Every tag with the number of its documents")
    async def counts(collection: str | None = None) -> dict[str, Any]:
        scope = Filter(collections=(stored(collection),) if collection else ())
        return {"tags": [asdict(count) for count in await tags.counts(*matches(scope))]}

    @router.post("/v1/tags", status_code=204, summary="Tag many documents, or take tags from them")
    async def many(asked: TagsBody) -> None:
        """All of the documents, or none where one is missing."""
        if not asked.add and not asked.remove:
            raise InvalidInput("Neither `add` nor `remove` names a tag.", "Name one.")
        noted(*asked.document_ids)
        await tags.change(asked.document_ids, add=asked.add, remove=asked.remove)

    return router
