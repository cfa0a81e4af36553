"""What every call of the client shares: the connection, retries, errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import quote

import httpx

from rag.replies import Health
from rag.wire import ApiError, body, connection, problem, retry_after

RETRIED = frozenset({429, 502, 503, 504})


class Calls:
    """Thread-safe. Calls that may be repeated are retried on 429, 502, 503 and 504, for `retry_seconds` in all."""

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
            with connection(self.base_url):
                response = self._http.request(method, path, **options)
            if response.is_success:
                return response
            if attempt and method == "DELETE" and response.status_code == 404:
                return response  # an earlier attempt did it, and only its answer was lost
            pause = retry_after(response, 0.25 * 2**attempt)
            if response.status_code not in RETRIED or pause > left:
                raise problem(response.status_code, body(response))
            self._sleep(pause)
            left, attempt = left - pause, attempt + 1

    @contextmanager
    def _stream(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        with connection(self.base_url), self._http.stream(method, path, **options) as response:
            if not response.is_success:
                response.read()
                raise problem(response.status_code, body(response))
            yield response


def document_path(document_id: str) -> str:
    """Path of a document; an id that is none, from a link for example, must not become another route."""
    if document_id.strip(".") == "":
        raise ApiError(404, "document_not_found", "There is no document with that id.", "Check the id.")
    return f"/v1/documents/{quote(document_id, safe='')}"


def compact(**fields: Any) -> dict[str, Any]:
    """Without what was not given."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
