"""What every call of the client shares: the connection, retries, errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self
from urllib.parse import quote

import httpx

from rag.replies.documents import Health
from rag.wire import ApiError, body, connection, problem, retry_after

REFUSED = frozenset({429, 503})
"""Nothing was begun."""
RETRIED = REFUSED | {502, 504}
CUT_OFF = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
"""Errors of a connection that stood."""
ONCE = ("/v1/jobs", "/v1/feedback", "/v1/keys", "/v1/rollouts", "/v1/evaluations")
ONCE_ENDS = ("/train",)
"""POSTs that make something new each time: they are repeated only where nothing was begun."""


class Calls:
    """Thread-safe. Retried for `retry_seconds` in all: on 429 and 503; and, where repeating a call changes nothing, on 502 and
    504, and when the process that worked on it, or the connection, is lost under a server that answered before."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        api_key: str | None = None,
        *,
        user: str | None = None,
        timeout: float = 120.0,
        retry_seconds: float = 10.0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        if user:  # tells people apart who share a key; headers hold no letters beyond ASCII
            headers["X-Redwell-User"] = quote(user, safe="@ ")[:100]
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.base_url,
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            transport=transport,
        )
        self._retry_seconds = retry_seconds
        self._sleep = sleep
        self._reached = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _probe(self, path: str) -> Health:
        with connection(self.base_url):
            response = self._http.get(path)
        parts = body(response)
        if not response.is_success and response.status_code != 503:
            raise problem(response.status_code, parts)
        return Health(response.is_success, parts)

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        return body(self._send(method, path, **options))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        left, attempt = self._retry_seconds, 0
        while True:
            try:
                with connection(self.base_url):
                    response = self._http.request(method, path, **options)
            except ApiError as error:
                left = self._pause(left, 0.25 * 2**attempt, error, again=self._lost(method, path, error))
                attempt += 1
                continue
            self._reached = True
            if response.is_success:
                return response
            if attempt and method == "DELETE" and response.status_code == 404:
                return response  # an earlier attempt did it, and only its answer was lost
            pause = retry_after(response, 0.25 * 2**attempt)
            refused = problem(response.status_code, body(response))
            left = self._pause(left, pause, refused, again=_passing(method, path, response))
            attempt += 1

    def _pause(self, left: float, seconds: float, error: ApiError, *, again: bool) -> float:
        """Sleep before another attempt and return what is left of the time for that; or raise the error."""
        if not again or seconds > left:
            raise error
        self._sleep(seconds)
        return left - seconds

    def _lost(self, method: str, path: str, error: ApiError) -> bool:
        """Whether a server that was there before has gone away under the call, and the call may be repeated."""
        self._reached |= isinstance(error.__cause__, CUT_OFF)  # it took the connection, and lost it
        return self._reached and error.code == "unreachable" and _repeatable(method, path)

    @contextmanager
    def _stream(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        """Asked again as `_send` does until the answer begins; what breaks off after that is the caller's."""
        left, attempt = self._retry_seconds, 0
        while True:
            with ExitStack() as stack:
                try:
                    with connection(self.base_url):
                        response = stack.enter_context(self._http.stream(method, path, **options))
                        if not response.is_success:
                            response.read()
                except ApiError as error:
                    left = self._pause(left, 0.25 * 2**attempt, error, again=self._lost(method, path, error))
                else:
                    self._reached = True
                    if response.is_success:
                        with connection(self.base_url):
                            yield response
                        return
                    pause = retry_after(response, 0.25 * 2**attempt)
                    refused = problem(response.status_code, body(response))
                    left = self._pause(left, pause, refused, again=_passing(method, path, response))
            attempt += 1


def _repeatable(method: str, path: str) -> bool:
    """Twice is as once: files are known by their content, questions change nothing."""
    return method != "POST" or not (path in ONCE or path.endswith(ONCE_ENDS))


def _passing(method: str, path: str, response: httpx.Response) -> bool:
    """502, 504, and a 500 that is not ours: the process that worked on it ended."""
    if response.status_code in REFUSED:
        return True
    ours = response.headers.get("content-type", "").startswith("application/problem+json")
    return _repeatable(method, path) and (response.status_code in RETRIED or (response.status_code == 500 and not ours))


def document_path(document_id: str) -> str:
    """Path of a document; an id that is none, from a link for example, must not become another route."""
    if document_id.strip(".") == "":
        raise ApiError(404, "document_not_found", "There is no document with that id.", "Check the id.")
    return f"/v1/documents/{quote(document_id, safe='')}"


def compact(**fields: Any) -> dict[str, Any]:
    """Without what was not given."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
