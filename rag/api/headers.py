"""Headers that keep browsers from doing more with an answer than showing it. No CORS headers are sent: other sites read nothing."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
REFERENCE = (
    "default-src 'none'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src 'unsafe-inline' https://cdn.jsdelivr.net "
    "https://fonts.googleapis.com; font-src https://fonts.gstatic.com; img-src 'self' data: https://fastapi.tiangolo.com; "
    "worker-src blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The pages of the reference load their scripts from where FastAPI keeps them; no document is shown there."""
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""What a route says itself stands."""
_REFERENCES = ("/docs", "/redoc")
_POLICY = b"content-security-policy"


def _raw(policy: str) -> tuple[tuple[bytes, bytes], ...]:
    """As a server sends them: made once, since every answer carries them."""
    named = [(name.lower().encode(), value.encode()) for name, value in EVERYWHERE.items()]
    return *named, (_POLICY, policy.encode())


class SecurityHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._everywhere, self._references = _raw(NOTHING), _raw(REFERENCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = self._references if scope["path"].startswith(_REFERENCES) else self._everywhere

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                there = {name.lower() for name, _ in said}
                message["headers"] = [*said, *(one for one in wanted if one[0] not in there)]
            await send(message)

        await self._app(scope, receive, guarded)
