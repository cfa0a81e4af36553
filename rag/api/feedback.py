"""/v1/feedback: what people say of answers, and the evaluation set that comes of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import Field

from rag.api.schemas import Body
from rag.services import Services
from rag.store.feedback import Feedback

MAX_CITATIONS = 50


class CitedBody(Body):
    document_id: str = Field(max_length=64)
    filename: str = Field("", max_length=1000)
    page: int = Field(1, ge=1)
    start: int = Field(0, ge=0)
    end: int = Field(0, ge=0)
    quote: str = Field("", max_length=8000)


class FeedbackBody(Body):
    question: str = Field(min_length=1, max_length=8000)
    answer: str = Field("", max_length=20_000)
    right: bool = Field(description="Thumb up or down.")
    reason: str = Field("", max_length=4000)
    collection: str | None = Field(None, max_length=200)
    citations: list[CitedBody] = Field([], max_length=MAX_CITATIONS)
    model: str = Field("", max_length=300)
    prompt_version: str = Field("", max_length=100)


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["feedback"])
    store = services.state.feedback

    @router.post("/v1/feedback", status_code=201, summary="Say whether an answer was right, and why")
    async def say(asked: FeedbackBody) -> dict[str, Any]:
        cited = tuple(citation.model_dump() for citation in asked.citations)
        given = asked.model_dump(exclude={"citations"})
        return asdict(await store.add(Feedback(**given, citations=cited)))

    @router.get("/v1/feedback", response_class=StreamingResponse, summary="All feedback as JSON lines")
    async def feedback(format: Literal["jsonl", "questions"] = "jsonl") -> StreamingResponse:
        """`questions`: what was answered rightly, as a set for `redwell eval questions`."""
        return StreamingResponse(_lines(store.all(), format), media_type="application/x-ndjson")

    return router


async def _lines(said: AsyncIterator[Feedback], format: str) -> AsyncIterator[str]:
    async for one in said:
        row = asdict(one) if format == "jsonl" else _question(one)
        if row is not None:
            yield json.dumps(row, ensure_ascii=False, default=str) + "\n"


def _question(said: Feedback) -> dict[str, Any] | None:
    """Truth as far as it is known: what a right answer cited first. Of a wrong one only its wrongness is known."""
    if not said.right or not said.citations:
        return None
    first = said.citations[0]
    return {
        "id": f"feedback-{said.id}",
        "question": said.question,
        "answers": [first["quote"]],
        "documents": list(dict.fromkeys(citation["filename"] for citation in said.citations)),
        "page": first["page"],
        "answerable": True,
    }
