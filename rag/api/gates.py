"""Pure ASGI gates in front of the routes: body size, admission, API keys. They run before a byte is parsed."""

from __future__ import annotations

import hashlib
import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.api.problems import problem
from rag.errors import Overloaded, RedwellError, TooLarge, Unauthorized
from rag.settings import Limits

FORM_OVERHEAD = 64 * 1024
JSON_BYTES = 2 * 2**20
_OPEN = ("/health/", "/v2/health/")


class Gates:
    """401 without a key, 503 with Retry-After when `concurrent_requests` are under way, 413 past the body limit."""

    def __init__(self, app: ASGIApp, *, limits: Limits, api_keys: tuple[str, ...]) -> None:
        self._app = app
        self._limits = limits
        self._keys = tuple(key.casefold() for key in api_keys)
        self._under_way = 0
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        upload = scope["method"] == "POST" and headers.get("content-type", "").startswith("multipart/")
        refusal = self._refusal(headers, upload)
        if refusal is not None:
            await problem(refusal)(scope, receive, send)
            return
        self._under_way += 1
        self._uploads += upload
        try:
            await self._limited(scope, receive, send, headers, upload)
        finally:
            self._under_way -= 1
            self._uploads -= upload

    def _refusal(self, headers: Headers, upload: bool) -> RedwellError | None:
        if self._keys and not self._known(headers):
            return Unauthorized("The request has no valid API key.")
        if self._under_way >= self._limits.concurrent_requests:
            return Overloaded("Too many requests are under way.")
        if upload and self._uploads >= self._limits.concurrent_uploads:
            return Overloaded("Too many uploads are under way.")
        return None

    def _known(self, headers: Headers) -> bool:
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ").strip()
        digest = hashlib.sha256(key.encode()).hexdigest()
        return bool(key) and any(hmac.compare_digest(digest, known) for known in self._keys)

    async def _limited(self, scope: Scope, receive: Receive, send: Send, headers: Headers, upload: bool) -> None:
        most = self._limits.upload_bytes + FORM_OVERHEAD if upload else JSON_BYTES
        length = headers.get("content-length", "")
        too_large = TooLarge(f"The request body is over {most} bytes.")
        if length.isdigit() and int(length) > most:
            await problem(too_large)(scope, receive, send)
            return
        seen = 0
        answered = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise too_large
            return message

        async def watched(message: Message) -> None:
            """Whatever a body parser made of the interruption, the answer is 413."""
            nonlocal answered
            if seen > most and not answered:
                answered = True
                await problem(too_large)(scope, receive, send)
            if seen <= most:
                await send(message)

        await self._app(scope, counted, watched)
