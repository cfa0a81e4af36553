"""/v1/system: deployments, queue, times of stages, models; and what `redwell doctor` says of the machine that answers."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from rag.services import Services


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/system", tags=["system"])
    settings, state = services.settings, services.state

    @router.get("", summary="Deployments with their replicas, the queue, times of the stages, models")
    async def system() -> dict[str, Any]:
        """`deployments` is empty where the service does not run on Ray Serve. Times are of the documents worked on last."""
        found = await asyncio.to_thread(services.deployments) if services.deployments else ()
        return {
            "deployments": [asdict(one) for one in found],
            "waiting": await state.jobs.depth(),
            "stages": [asdict(one) for one in await state.work.stage_times()],
            "models": {
                "language": services.generator.model,
                "embedding": services.embedder.version,
                "entities": services.entities.version,
                "classifier": services.classifier.version,
                "ocr": services.ocr.version,
            },
        }

    @router.get("/checks", summary="What `redwell doctor` says of the machine that answers")
    async def checks() -> dict[str, Any]:
        from rag.doctor import running

        return {"checks": [asdict(one) for one in await asyncio.to_thread(running, settings)]}

    return router
