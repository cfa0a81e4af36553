"""The OpenAI-compatible door: `redwell` answers from every document, `redwell/<collection>` from one collection; `redwell@<model>`
and `redwell@<model>/<collection>` have the answer written by that language model of `models`.

What is sent has passed the grounding check: in a stream, the text follows the check, sentence by sentence of the final answer,
because a delta cannot be taken back. Citations come as `file_citation` annotations of the message (of the last delta).
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field

from rag.access.principal import shown, stored
from rag.answer import AskRequest, complete
from rag.api.questions import noted_question
from rag.errors import InvalidInput, NotFound, RedwellError
from rag.model import Answer, Filter, Message
from rag.services import Services
from rag.text import inert

NAME = "redwell"


class ChatMessage(BaseModel):
    model_config = ConfigDict(extra="allow")

    role: str
    content: str | list[dict[str, Any]] | None = None

    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(str(part.get("text", "")) for part in self.content if part.get("type") == "text")
        return self.content or ""


class ChatBody(BaseModel):
    """Sampling parameters are accepted and not used: answers are drafted with the service's own settings."""

    model_config = ConfigDict(extra="allow")

    model: str = NAME
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    user: str | None = Field(None, max_length=200)
    """Requests of one user are answered by one language model while a rollout is under way."""

    def request(self) -> AskRequest:
        turns = [Message(message.role, message.text()) for message in self.messages]
        asked = [index for index, turn in enumerate(turns) if turn.role == "user" and turn.content.strip()]
        if not asked:
            raise InvalidInput("There is no message of the role 'user' with text.", "Send the question as one.")
        last = asked[-1]
        _, writer, collection = _parts(self.model)
        scope = Filter(collections=(stored(collection),)) if collection else Filter()
        return AskRequest(
            turns[last].content.strip(), scope, history=tuple(turns[:last]), model=writer or None, session=self.user
        )


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])

    @router.get("/models", summary="`redwell`, one model a collection, and the language models by name")
    async def models() -> dict[str, Any]:
        written = [f"{NAME}@{name}" for name in services.models.named]
        names = [NAME, *written, *(f"{NAME}/{shown(row.name)}" for row in await services.state.documents.collections())]
        return {
            "object": "list",
            "data": [{"id": name, "object": "model", "created": 0, "owned_by": NAME} for name in names],
        }

    @router.post("/chat/completions", summary="Chat with the documents")
    async def chat(body: ChatBody) -> Response:
        try:
            request = _checked(body, services)
            if body.stream:
                usage = bool((body.stream_options or {}).get("include_usage"))
                return StreamingResponse(_stream(body.model, request, services, usage), media_type="text/event-stream")
            return JSONResponse(_completion(body.model, await complete(request, services)))
        except RedwellError as error:
            return JSONResponse(_error(error), error.status)

    return router


def _checked(body: ChatBody, services: Services) -> AskRequest:
    if _parts(body.model)[0] != NAME:
        raise NotFound(f"There is no model '{body.model}'.", "GET /v1/models lists them.")
    request = body.request()
    most = services.settings.limits.question_chars
    if len(request.question) > most:
        raise InvalidInput(f"The question has {len(request.question)} characters.", f"At most {most} are read.")
    noted_question(request.question, services)
    return request


def _parts(model: str) -> tuple[str, str, str]:
    """`redwell@small/contracts` -> ("redwell", "small", "contracts"); what is not said is empty."""
    door, _, collection = model.partition("/")
    name, _, writer = door.partition("@")
    return name, writer, collection


def _error(error: RedwellError) -> dict[str, Any]:
    """The shape that OpenAI's clients read."""
    return {
        "error": {"message": f"{error.detail} {error.remedy}", "type": error.code, "code": error.code, "param": None}
    }


def _completion(model: str, answer: Answer) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": inert(answer.answer),
        "refusal": None,
        "annotations": file_citations(answer),
    }
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(answer),
    }


async def _stream(model: str, request: AskRequest, services: Services, usage: bool) -> AsyncIterator[bytes]:
    head = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _frame({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield chunk({"role": "assistant", "content": ""})
    try:
        answer = await complete(request, services)
    except RedwellError as error:
        yield _frame(_error(error))
        return
    for piece in re.findall(r"\S+\s*", inert(answer.answer)):
        yield chunk({"content": piece})
    yield chunk({"annotations": file_citations(answer)}, "stop")
    if usage:
        yield _frame({**head, "choices": [], "usage": _usage(answer)})
    yield format_sse_event(data_str="[DONE]")


def file_citations(answer: Answer) -> list[dict[str, Any]]:
    """One a citation; `index` is where its [n] stands in the text."""
    text = inert(answer.answer)
    return [
        {
            "type": "file_citation",
            "index": text.find(f"[{citation.marker}]"),
            "file_id": citation.document_id,
            "filename": citation.filename,
            "page": citation.page,
            "start": citation.start,
            "end": citation.end,
            "quote": citation.quote,
        }
        for citation in answer.citations
    ]


def _usage(answer: Answer) -> dict[str, int]:
    used = answer.usage
    return {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.prompt_tokens + used.completion_tokens,
    }


def _frame(data: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(data, ensure_ascii=False))
