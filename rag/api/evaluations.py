"""/v1/evaluations: runs of `redwell eval`, kept with their figures, and two of them compared."""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field

from rag.access.principal import acting, writable
from rag.api.scope import Body
from rag.errors import Forbidden, InvalidInput
from rag.evaluation.runs import MOST_FIGURES, EvaluationRun, Measured, differences
from rag.services import Services

MOST_QUESTIONS = 5000
Name = Annotated[str, Field(min_length=1, max_length=200)]


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("not a number")
    return value


Figure = Annotated[float, AfterValidator(_finite)]


class MeasuredBody(Body):
    id: Name
    kind: Name = "answerable"
    figures: dict[Name, Figure] = Field(max_length=30)


class RunBody(Body):
    name: Name
    set: Name = Field(description="The question set: runs of one set are compared.")
    figures: dict[Name, Figure] = Field(min_length=1, max_length=MOST_FIGURES)
    questions: list[MeasuredBody] = Field(
        [], max_length=MOST_QUESTIONS, description="What each question came to; no texts."
    )
    model: str = Field("", max_length=300)
    note: str = Field("", max_length=2000)
    collection: str | None = Field(None, max_length=200)


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/evaluations", tags=["evaluation"])
    store = services.state.evaluations

    @router.post("", status_code=201, summary="Keep a run of an evaluation")
    async def keep(asked: RunBody) -> dict[str, Any]:
        principal = acting()
        if asked.collection is not None:
            writable(asked.collection)
        elif principal and principal.collections is not None:
            raise Forbidden("The key may keep runs of its own collections only.", "Name one of them as `collection`.")
        if len({one.id for one in asked.questions}) < len(asked.questions):
            raise InvalidInput("Two questions have the same id.", "Give each question an id of its own.")
        questions = tuple(Measured(**one.model_dump()) for one in asked.questions)
        return _head(await store.add(EvaluationRun(**asked.model_dump(exclude={"questions"}), questions=questions)))

    @router.get("", summary="Runs with their figures, newest first")
    async def listed(
        set: str | None = Query(None, description="Only runs of this set."),
        limit: int = Query(50, ge=1, le=500),
        offset: int = Query(0, ge=0),
    ) -> dict[str, Any]:
        found = await store.newest(set=set, limit=limit, offset=offset)
        return {"runs": [_head(one) for one in found], "total": await store.count()}

    @router.get("/compare", summary="Two runs question by question, with 95% intervals of the differences")
    async def compare(first: str, second: str) -> dict[str, Any]:
        """`differences` is empty where the runs share no question: their figures can still be read side by side."""
        one, two = await store.get(first), await store.get(second)
        shared = {(row.id, row.kind) for row in one.questions} & {(row.id, row.kind) for row in two.questions}
        found = await asyncio.to_thread(differences, one.questions, two.questions) if shared else []
        rows = [asdict(row) | {"significant": row.significant} for row in found]
        return {"first": _head(one), "second": _head(two), "differences": rows}

    @router.get("/{evaluation_id}", summary="One run, with what each question came to")
    async def single(evaluation_id: str) -> dict[str, Any]:
        run = await store.get(evaluation_id)
        return _head(run) | {"questions": [asdict(one) for one in run.questions]}

    @router.delete("/{evaluation_id}", status_code=204, summary="Delete a run")
    async def forget(evaluation_id: str) -> Response:
        await store.delete(evaluation_id)
        return Response(status_code=204)

    return router


def _head(run: EvaluationRun) -> dict[str, Any]:
    return {name: value for name, value in asdict(run).items() if name != "questions"}
