"""/v1/index: what the indexes hold, and the move of the library to another embedding model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from rag.api.schemas import Body
from rag.errors import NotFound
from rag.retrieval.embedders import embedding_version, version_of
from rag.services import Services
from rag.store.embeddings import ACTIVE, BUILDING, FAILED, RETIRED, ModelRecord


class ReindexBody(Body):
    model: str | None = Field(
        None, min_length=1, description="Hub name, folder or package:NAME; the settings' embedding.model otherwise."
    )


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/index", tags=["index"])
    embeddings = services.state.embeddings

    async def record() -> dict[str, Any]:
        models = await embeddings.models()
        active = next((model for model in models if model.state == ACTIVE), None)
        moving = next((model for model in models if model.state in (BUILDING, FAILED)), None)
        views = await services.state.views.live()
        switched = active is not None and all(view.model == active.version for view in views)
        leaving = next((model for model in models if model.state == RETIRED), None)
        total = await embeddings.chunks()
        return {
            "model": active.version if active else None,
            "configured": embedding_version(services.settings),
            "chunks": total,
            "embedded": active.done if active else 0,
            "reindex": _moving(moving, total) if moving else None,
            "leaving": leaving.version if leaving else None,
            "switched": switched,
            "views": [asdict(view) for view in views],
        }

    @router.get("", summary="Embedding model, indexes, and how far a reindex is")
    async def index() -> dict[str, Any]:
        return await record()

    @router.post("", status_code=202, summary="Make embeddings of another model beside the old ones, then swap")
    async def reindex(body: ReindexBody) -> dict[str, Any]:
        """Searches are answered from the old embeddings until the new ones are whole. Follow it with GET /v1/index."""
        await embeddings.begin(version_of(services.settings, body.model))
        return await record()

    @router.delete("", summary="Stop a reindex and delete what it made")
    async def cancel() -> dict[str, Any]:
        if not await embeddings.cancel():
            raise NotFound("No embeddings are being made.", "There is nothing to stop.")
        return await record()

    return router


def _moving(model: ModelRecord, total: int) -> dict[str, Any]:
    return {
        "model": model.version,
        "state": model.state,
        "done": model.done,
        "total": total,
        "started_at": model.started_at.isoformat(),
        "error": model.error,
    }
