"""/v2: the Open Inference Protocol over HTTP, with the binary extension for inputs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from rag import __version__
from rag.api.problems import problem_headers
from rag.errors import InvalidInput, RedwellError
from rag.inference.models import PIPELINE, find, infer, models
from rag.inference.tensors import read_request
from rag.services import Services

HEADER_LENGTH = "inference-header-content-length"


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    @router.get("", summary="Name, version, extensions")
    async def server() -> dict[str, Any]:
        return {"name": PIPELINE, "version": __version__, "extensions": ["binary_tensor_data"]}

    @router.get("/health/live", summary="The process answers")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @router.get("/health/ready", summary="Database and index answer")
    async def ready() -> JSONResponse:
        is_ready = await _ready()
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    @router.get("/models", summary="Names")
    async def names() -> dict[str, Any]:
        return {"models": list(models(services))}

    @router.get("/models/{name}", summary="Tensors of a model")
    @router.get("/models/{name}/versions/{version}", include_in_schema=False)
    async def metadata(name: str, version: str = "") -> JSONResponse:
        try:
            return JSONResponse(find(name, services, version).metadata())
        except RedwellError as error:
            return _error(error)

    @router.get("/models/{name}/ready", summary="Whether a model can be asked")
    @router.get("/models/{name}/versions/{version}/ready", include_in_schema=False)
    async def model_ready(name: str, version: str = "") -> JSONResponse:
        try:
            found = find(name, services, version)
        except RedwellError as error:
            return _error(error)
        is_ready = await _ready()
        return JSONResponse({"name": found.name, "ready": is_ready}, 200 if is_ready else 503)

    @router.post("/models/{name}/infer", summary="Tensors in, tensors out")
    @router.post("/models/{name}/versions/{version}/infer", include_in_schema=False)
    async def run(name: str, request: Request, version: str = "") -> JSONResponse:
        try:
            model = find(name, services, version)
            asked = read_request(await request.body(), _length(request))
            return JSONResponse(await infer(model, asked))
        except RedwellError as error:
            return _error(error)

    async def _ready() -> bool:
        try:
            await services.state.database.ping()
            await services.retriever.sequence()
        except RedwellError:
            return False
        return True

    return router


def _length(request: Request) -> int | None:
    value = request.headers.get(HEADER_LENGTH)
    if value is not None and not value.isdigit():
        raise InvalidInput(f"The header {HEADER_LENGTH} is no number.", "Send the length of the JSON part.")
    return None if value is None else int(value)


def _error(error: RedwellError) -> JSONResponse:
    """The shape that the protocol's clients read."""
    return JSONResponse({"error": f"{error.detail} {error.remedy}".strip()}, error.status, problem_headers(error))
