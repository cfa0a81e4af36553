"""In front of Serve's proxy: what is too much is refused before any work is done for it."""

from __future__ import annotations

import os

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.api.problems import problem
from rag.errors import Overloaded
from rag.settings import Settings

PLACES = "REDWELL_PROXY_PLACES"
_OPEN = ("/health/", "/v2/health/", "/-/")


def environment(settings: Settings) -> dict[str, str]:
    """What a proxy has to know before it starts; Serve calls what the first variable names.

    It holds as many requests as all ingress replicas take: what they would refuse has by then cost a way there and back.
    """
    places = settings.limits.concurrent_requests * settings.analysis.ingress.max_replicas
    return {"RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "rag.serving.front.middlewares", PLACES: str(places)}


def middlewares() -> list[Middleware]:
    return [Middleware(Front, places=int(os.environ[PLACES]))]


class Front:
    """503 with Retry-After while `places` requests whose bodies are there are under way.

    Requests that come slowly hold no place before they are there: the limits of the application are for them.
    """

    def __init__(self, app: ASGIApp, *, places: int) -> None:
        self._app = app
        self._places = places
        self._under_way = 0
        self._refusal = problem(Overloaded("Too many requests are under way."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._places:
            await self._refusal(scope, receive, send)
            return
        held = False

        def hold(message: Message) -> Message:
            nonlocal held
            if not held and message["type"] == "http.request" and not message.get("more_body", False):
                held = True
                self._under_way += 1
            return message

        # A small body has come with the head: asked for now, it is counted before the next request is looked at.
        first: Message | None = hold(await receive())

        async def counted() -> Message:
            nonlocal first
            if first is not None:
                message, first = first, None
                return message
            return hold(await receive())

        try:
            await self._app(scope, counted, send)
        finally:
            self._under_way -= held
