"""Errors as RFC 9457 problem+json with `code`, `detail` and `remedy`: the only place that turns errors into HTTP."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rag.errors import Busy, InvalidInput, NotFound, RateLimited, RedwellError, Unauthorized

log = structlog.get_logger(__name__)


def problem_body(error: RedwellError) -> dict[str, Any]:
    title = (type(error).__doc__ or error.code).strip().splitlines()[0]
    return {"type": f"urn:redwell:problem:{error.code}", "title": title, "status": error.status, **error.as_dict()}


def problem(error: RedwellError) -> JSONResponse:
    return JSONResponse(
        problem_body(error), error.status, problem_headers(error), media_type="application/problem+json"
    )


def problem_headers(error: RedwellError) -> dict[str, str]:
    """When to come again, and with what."""
    if isinstance(error, RateLimited | Busy):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": "Bearer"}
    return {}


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RedwellError)
    return problem(error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()[:5]]
    return problem(InvalidInput("; ".join(found)))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return problem(NotFound(f"There is no {request.method} {request.url.path}.", "See /docs for the routes."))
    body = {"type": "about:blank", "title": str(error.detail), "status": error.status_code, "code": "http_error"}
    body |= {"detail": str(error.detail), "remedy": "See /docs for the routes and their methods."}
    return JSONResponse(body, error.status_code, error.headers, media_type="application/problem+json")


async def _defect(request: Request, error: Exception) -> JSONResponse:
    log.error("defect", path=request.url.path, exc_info=error)
    return problem(RedwellError("Something went wrong on our side."))


def install(app: FastAPI) -> None:
    app.add_exception_handler(RedwellError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _defect)
