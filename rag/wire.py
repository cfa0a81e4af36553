"""How the client and the API's HTTP meet: errors, JSON, server-sent events. Library errors become ApiError here."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar, cast

import httpx
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


class ApiError(Exception):
    """What the API refused, or why it was not reached (`status` 0), and the `remedy`."""

    def __init__(self, status: int, code: str, detail: str, remedy: str = "") -> None:
        super().__init__(status, code, detail, remedy)
        self.status = status
        self.code = code
        self.detail = detail
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}".strip()


@contextmanager
def connection(base_url: str) -> Iterator[None]:
    """httpx's errors become ApiError here and nowhere else."""
    try:
        yield
    except httpx.TimeoutException as error:
        if isinstance(error, httpx.ConnectTimeout):
            raise ApiError(0, "unreachable", f"{base_url} does not answer.", "Is `redwell serve` running?") from error
        raise ApiError(0, "timeout", f"{base_url} took too long.", "Ask for less, or raise the timeout.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ApiError(0, "unreachable", f"{base_url} cannot be reached.", "Is `redwell serve` running?") from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def decode(kind: type[T], data: Any) -> T:
    """Raises ApiError 'bad_answer'."""
    try:
        return cast("T", _adapter(cast("Hashable", kind)).validate_python(data))
    except ValidationError as error:
        raise _not_ours(f"{error.error_count()} fields are not as expected") from error


def _not_ours(what: str) -> ApiError:
    return ApiError(0, "bad_answer", f"The answer cannot be read: {what}.", "Is the address that of a Redwell API?")


def body(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a response; an error page that is none counts as empty."""
    try:
        data = response.json() if response.content else {}
    except ValueError as error:
        if response.is_success:
            raise _not_ours("it is not JSON") from error
        return {}
    return data if isinstance(data, dict) else {}


def problem(status: int, data: Mapping[str, Any]) -> ApiError:
    code = str(data.get("code") or f"http_{status}")
    detail = str(data.get("detail") or data.get("title") or data.get("error") or f"The server answered {status}.")
    return ApiError(status, code, detail, str(data.get("remedy") or ""))


def retry_after(response: httpx.Response, default: float) -> float:
    """Seconds to wait. A date in Retry-After, which the API does not send, counts as absent."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return default


def server_sent(chunks: Iterable[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(event, JSON object) of each server-sent event.

    Lines are cut at LF only: httpx's `iter_lines` also cuts at U+2028 and the like, which document text may hold.
    """
    buffer, name, data = b"", "message", b""
    for chunk in chunks:
        buffer += chunk
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            key, _, value = line.rstrip(b"\r").partition(b":")
            value = value.removeprefix(b" ")
            if key == b"event":
                name = value.decode()
            elif key == b"data":
                data += (b"\n" if data else b"") + value
            elif not key and not value and data:
                yield name, _event_data(data)
                name, data = "message", b""


def _event_data(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise _not_ours("an event is not JSON") from error
    return value if isinstance(value, dict) else {}
