"""/v1/search, /v1/ask, /v1/query, /v1/analyze and the smallest client's POST /."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, assert_never

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from rag.access.audit import noted
from rag.answer import AnswerEvent, AskRequest, Cited, Final, Results, answer, complete
from rag.api.conversations import Kept, User
from rag.api.counted import QueryBody, counted_record
from rag.api.schemas import (
    AskBody,
    RootBody,
    SearchBody,
    answer_record,
    citation_record,
    instant_record,
    passage_record,
)
from rag.api.sse import Event, event_stream
from rag.api.uploads import safe_filename, upload_form
from rag.corpus.answering import document_types
from rag.corpus.count import count
from rag.corpus.grammar import understand
from rag.corpus.query import CorpusQuery
from rag.corpus.wording import told
from rag.errors import InvalidInput
from rag.intake.instant import analyze_now
from rag.model import Token
from rag.ports import SearchQuery
from rag.retrieval.search import find
from rag.services import Services


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["questions"])

    @router.post("/v1/search", summary="Ranked passages")
    async def search(body: SearchBody) -> dict[str, Any]:
        return await search_reply(body, services)

    @router.post("/v1/ask", summary="An answer with citations; stream=true for server-sent events")
    async def ask(body: AskBody, user: User = None) -> Response:
        checked_question(body.question, services)
        keep = await Kept.of(body.conversation_id, user, services)
        request = keep.request(body.request())
        if body.stream:
            return await event_stream(_ask_events(request, services, keep))
        record = answer_record(await complete(request, services))
        await keep.add(request.question, record)
        return JSONResponse(record)

    @router.post("/v1/query", summary="Count documents exactly: a typed query, or a question in words")
    async def query(body: QueryBody) -> dict[str, Any]:
        return await query_reply(body, services)

    @router.post("/v1/analyze", summary="Analyse one file at once, keeping nothing")
    async def analyze(request: Request) -> dict[str, Any]:
        async with upload_form(request, services, field="file") as form:
            file = form.files[0]
            name = safe_filename(file.filename)
            return instant_record(await analyze_now(file.file, name, form.language, services, password=form.password))

    @router.post("/", summary="The smallest possible client")
    async def root(body: RootBody) -> dict[str, Any]:
        found = await complete(AskRequest(checked_question(body.query, services)), services)
        context = [passage.chunk.text for passage in found.results]
        return {"query": body.query, "context": context, "response": found.answer}

    return router


async def search_reply(body: SearchBody, services: Services) -> dict[str, Any]:
    started = time.perf_counter()
    query = checked_question(body.query, services)
    at_least = await services.state.feed.head()
    found = await find(SearchQuery(query, body.top_k, body.mode, body.filter(), at_least), services)
    return {
        "results": [passage_record(passage) for passage in found.passages],
        "sequence": found.sequence,
        "timings": {"total": round(time.perf_counter() - started, 4)},
    }


async def query_reply(body: QueryBody, services: Services) -> dict[str, Any]:
    started = time.perf_counter()
    labels = await document_types(services)
    noted_question(body.question or "", services)
    wanted = _understood(body, labels) if body.question is not None else body.query(labels)
    counted = await count(wanted, services.state.documents, offset=body.offset, limit=body.limit)
    return {
        **counted_record(counted),
        "answer": told(counted),
        "citations": [citation_record(citation) for citation in counted.citations],
        "timings": {"total": round(time.perf_counter() - started, 4)},
    }


def checked_question(text: str, services: Services) -> str:
    most = services.settings.limits.question_chars
    if not text.strip():
        raise InvalidInput("The question is empty.", "Ask something.")
    if len(text) > most:
        raise InvalidInput(f"The question has {len(text)} characters.", f"At most {most} (limits.question_chars).")
    noted_question(text, services)
    return text.strip()


def noted_question(text: str, services: Services) -> None:
    """In the audit log, where the settings want it there."""
    if services.settings.audit.questions:
        noted(question=text)


def _understood(body: QueryBody, labels: tuple[str, ...]) -> CorpusQuery:
    found = understand(body.question or "", today=datetime.now(UTC).date(), scope=body.filter(), labels=labels)
    if found is None:
        raise InvalidInput(
            "The question is not understood as one about the library as a whole.",
            "Ask it at /v1/ask, or send the typed query; docs/questions.md shows what is understood.",
        )
    return found


async def _ask_events(request: AskRequest, services: Services, keep: Kept) -> AsyncIterator[Event]:
    async for event in answer(request, services):
        name, record = _event(event)
        if isinstance(event, Final):
            await keep.add(request.question, record)
        yield name, record


def _event(event: AnswerEvent) -> Event:
    match event:
        case Results(passages):
            return "results", {"results": [passage_record(passage) for passage in passages]}
        case Token(text):
            return "token", {"text": text}
        case Cited(citation):
            return "citation", citation_record(citation)
        case Final(final):
            return "final", answer_record(final)
        case _:
            assert_never(event)
