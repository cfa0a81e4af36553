"""A real HTTP server on this machine that answers as OpenAI, Cohere and vLLM do, with played models behind it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

from rag.fakes import FakeEmbedder, FakeGenerator, FakeReranker
from rag.model import Message

KEY = "sesame"


class Endpoints:
    """`url` ends in /v1. `away`: every request gets 503; `fails_every`: every so manieth chat. Without the key they get 401."""

    def __init__(self) -> None:
        self.url = ""
        self.away = False
        self.fails_every = 0
        self.chats = 0
        self.says: str | None = None
        self.bodies: list[dict[str, Any]] = []

    def app(self) -> FastAPI:
        app = FastAPI()

        async def checked(request: Request) -> dict[str, Any]:
            body: dict[str, Any] = await request.json()
            self.bodies.append(body)
            if self.away:
                raise HTTPException(503, "away")
            if request.headers.get("authorization") != f"Bearer {KEY}":
                raise HTTPException(401, "no key")
            return body

        @app.post("/v1/embeddings")
        async def embeddings(request: Request) -> dict[str, Any]:
            body = await checked(request)
            if "" in body["input"]:
                raise HTTPException(400, "empty input")
            rows = await FakeEmbedder().embed(body["input"])
            data = [{"object": "embedding", "index": i, "embedding": (3 * row).tolist()} for i, row in enumerate(rows)]
            return {"object": "list", "model": body["model"], "data": data[::-1]}

        @app.post("/v1/rerank")
        async def rerank(request: Request) -> dict[str, Any]:
            body = await checked(request)
            scores = await FakeReranker().rerank(body["query"], body["documents"])
            rows = [{"index": i, "relevance_score": score} for i, score in enumerate(scores)]
            return {"results": sorted(rows, key=lambda row: -row["relevance_score"])[: body["top_n"]]}

        @app.post("/v1/chat/completions")
        async def chat(request: Request) -> StreamingResponse:
            body = await checked(request)
            self.chats += 1
            if self.fails_every and self.chats % self.fails_every == 0:
                raise HTTPException(404, "every so often")  # what the client does not try again by itself
            return StreamingResponse(self._chunks(body), media_type="text/event-stream")

        return app

    async def _chunks(self, body: dict[str, Any]) -> AsyncIterator[str]:
        head = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
        messages = [Message(turn["role"], turn["content"]) for turn in body["messages"]]
        generator = FakeGenerator(says=self.says)
        async for token in generator.stream(messages, max_tokens=body["max_tokens"]):
            choice = {"index": 0, "delta": {"content": token.text}, "finish_reason": token.finish_reason}
            yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"
            if token.usage:
                used = {
                    "prompt_tokens": token.usage.prompt_tokens,
                    "completion_tokens": token.usage.completion_tokens,
                    "total_tokens": token.usage.prompt_tokens + token.usage.completion_tokens,
                }
                yield f"data: {json.dumps({**head, 'choices': [], 'usage': used})}\n\n"
        yield "data: [DONE]\n\n"


@contextmanager
def serving(endpoints: Endpoints) -> Iterator[Endpoints]:
    server = uvicorn.Server(uvicorn.Config(endpoints.app(), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    endpoints.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield endpoints
    finally:
        server.should_exit = True
        thread.join(10)
