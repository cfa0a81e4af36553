"""Facets over the corpus and health."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response

from rag.access.principal import named, shown
from rag.errors import RedwellError
from rag.services import Services


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["corpus"])
    documents = services.state.documents

    @router.get("/v1/stats", summary="Counts over the library")
    async def stats() -> dict[str, Any]:
        return {**await documents.stats(), "sequence": await services.state.feed.head()}

    @router.get("/v1/collections", summary="Collections with their number of documents")
    async def collections() -> dict[str, Any]:
        return {"collections": [replace(row, name=shown(row.name)) for row in await documents.collections()]}

    @router.get("/v1/entities", summary="Which documents name whom, counted exactly")
    async def entities(
        type: str | None = None,
        q: str | None = None,
        collection: str | None = None,
        limit: int = Query(100, ge=1, le=1000),
    ) -> dict[str, Any]:
        found = await documents.facet_entities(type=type, q=q, collection=named(collection), limit=limit)
        return {"entities": found}

    @router.get("/health/live", tags=["health"], summary="The process answers")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready", tags=["health"], summary="Database and index answer")
    async def ready() -> Response:
        try:
            head = await services.state.feed.head()
            reached = await services.retriever.sequence()
        except RedwellError as error:
            return JSONResponse({"status": "not ready", **error.as_dict()}, 503, {"Retry-After": "2"})
        return JSONResponse({"status": "ready", "sequence": reached, "behind": max(0, head - reached)})

    return router
