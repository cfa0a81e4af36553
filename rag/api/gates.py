"""Pure ASGI gates in front of the routes: admission, API keys, body size. They run before a byte is parsed."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.access.principal import Principal, acting_as
from rag.api.browsers import check_browser
from rag.api.keyring import LOCAL, Keyring
from rag.api.permits import check
from rag.api.problems import problem
from rag.errors import Overloaded, RedwellError, TooLarge
from rag.settings import Limits

FORM_OVERHEAD = 64 * 1024
JSON_BYTES = 2 * 2**20
_OPEN = ("/health/", "/v2/health/")


class Gates:
    """503 with Retry-After when `concurrent_requests` are under way, 401, 403 and 429 by the API key, 413 past the body limit."""

    def __init__(self, app: ASGIApp, *, limits: Limits, keyring: Keyring, names: tuple[str, ...] = ()) -> None:
        self._app = app
        self._names = names
        self._limits = limits
        self._keyring = keyring
        self._under_way = 0
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        upload = scope["method"] == "POST" and headers.get("content-type", "").startswith("multipart/")
        if (full := self._full(upload)) is not None:
            await problem(full)(scope, receive, send)
            return
        self._under_way += 1
        self._uploads += upload
        try:
            try:
                principal = await self._principal(scope, headers)
            except RedwellError as refusal:
                await problem(refusal)(scope, receive, send)
                return
            with acting_as(principal):
                await self._limited(scope, receive, send, headers, upload)
        finally:
            self._under_way -= 1
            self._uploads -= upload

    def _full(self, upload: bool) -> RedwellError | None:
        if self._under_way >= self._limits.concurrent_requests:
            return Overloaded("Too many requests are under way.")
        if upload and self._uploads >= self._limits.concurrent_uploads:
            return Overloaded("Too many uploads are under way.")
        return None

    async def _principal(self, scope: Scope, headers: Headers) -> Principal:
        principal = await self._keyring.principal(headers)
        if principal is LOCAL:
            check_browser(headers, self._names)
        await self._keyring.count(principal)
        check(principal, scope["method"], scope["path"])
        return principal

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
