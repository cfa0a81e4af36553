"""Names that occur together, and the dates that documents name."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query

from rag.access.principal import named
from rag.services import Services
from rag.store.insights import NAMED, Period


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["corpus"])
    documents = services.state.documents

    @router.get("/v1/entities/cooccurrence", summary="Names that share documents")
    async def cooccurrence(
        type: list[str] | None = Query(None, description="Repeatable; persons, firms and places without it."),
        collection: str | None = None,
        entity: str | None = Query(None, description="Only names that share a document with this one."),
        names: int = Query(40, ge=2, le=200),
        limit: int = Query(200, ge=1, le=2000),
    ) -> dict[str, Any]:
        """`names` are the nodes, `pairs` the edges: in how many documents both stand."""
        nodes, pairs = await documents.cooccurrence(
            types=tuple(type or NAMED), collection=named(collection), entity=entity, names=names, limit=limit
        )
        return {"names": nodes, "pairs": pairs}

    @router.get("/v1/timeline", summary="Dates that documents name, by month or year")
    async def timeline(
        by: Period = "month", collection: str | None = None, entity: str | None = None
    ) -> dict[str, Any]:
        return {"periods": await documents.timeline(by=by, collection=named(collection), entity=entity)}

    return router
