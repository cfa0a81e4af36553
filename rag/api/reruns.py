"""One stage again over the library, and a candidate beside the model in charge."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from rag.access.principal import named
from rag.analysis.candidate import Mode, Rollout
from rag.analysis.reanalyse import progress, reanalyse, stage_named
from rag.analysis.trying import TRIED, beside, decide
from rag.api.schemas import Body
from rag.services import Services


class RerunBody(Body):
    stage: str = Field(description="entities, classify, index, summary or fields.")
    collection: str | None = None


class CandidateBody(Body):
    mode: Mode
    weight: float = Field(0.0, ge=0, le=1, description="Share of the documents, with mode `share`.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["analysis"])

    @router.post("/v1/reanalyse", status_code=202, summary="Run one stage again where it is out of date")
    async def again(asked: RerunBody) -> dict[str, Any]:
        """Documents keep their status and stay searchable meanwhile. Asking twice queues nothing twice."""
        stage = stage_named(asked.stage)
        queued = await reanalyse(stage, services, named(asked.collection))
        return {"queued": queued, **asdict(await progress(stage, services, named(asked.collection)))}

    @router.get("/v1/reanalyse/{stage}", summary="How far it is, and what changed")
    async def state(stage: str, collection: str | None = None) -> dict[str, Any]:
        return asdict(await progress(stage_named(stage), services, named(collection)))

    @router.get("/v1/candidates/{stage}", summary="The candidate's results beside those of the model in charge")
    async def candidate(stage: str, collection: str | None = None) -> dict[str, Any]:
        """`corrected`: of the labels that people gave these documents, how many each of the two has right."""
        return await beside(stage_named(stage, TRIED), services, named(collection))

    @router.post("/v1/candidates/{stage}", summary="Shadow, share, promote or drop the candidate")
    async def put(stage: str, asked: CandidateBody) -> dict[str, Any]:
        known = stage_named(stage, TRIED)
        await decide(known, Rollout(asked.mode, asked.weight), services)
        return await beside(known, services)

    return router
