"""Calls over Ray Serve handles: what Ray raises becomes an error of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from ray.exceptions import RayActorError, RayTaskError
from ray.serve import context as serve_context
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException
from ray.serve.handle import DeploymentHandle

from rag.errors import Crashed, DeadlineExceeded, Overloaded, RedwellError, StageFailed, Unavailable
from rag.logs import DOCUMENT, current
from rag.remote import remote_services
from rag.services import Services
from rag.serving.metrics import open_metrics
from rag.settings import Settings


class RayTransport:
    """Calls a deployment. Ray's errors become ours; a replica that died is asked again, elsewhere (calls are idempotent)."""

    def __init__(self, handle: DeploymentHandle, *, attempts: int = 4) -> None:
        self._handle = handle
        self._attempts = attempts
        self._name = handle.deployment_name

    async def call(self, method: str, *args: Any, seconds: float) -> Any:
        _carry_document()
        for attempt in range(self._attempts):
            try:
                async with asyncio.timeout(seconds):
                    return await getattr(self._handle, method).remote(*args)
            except (RayActorError, DeploymentUnavailableError) as error:
                if attempt + 1 == self._attempts:
                    raise self._gone(error) from error
                await asyncio.sleep(0.2 * 2**attempt)
            except (RayTaskError, RayServeException, RedwellError, TimeoutError) as error:
                raise self._ours(error) from error
        raise AssertionError("the loop returns or raises")

    async def stream(self, method: str, *args: Any, seconds: float) -> AsyncIterator[Any]:
        _carry_document()
        try:
            async with asyncio.timeout(seconds):
                async for piece in getattr(self._handle.options(stream=True), method).remote(*args):
                    yield piece
        except (RayActorError, DeploymentUnavailableError) as error:
            raise self._gone(error) from error
        except (RayTaskError, RayServeException, RedwellError, TimeoutError) as error:
            raise self._ours(error) from error

    def _gone(self, error: RayActorError | DeploymentUnavailableError) -> Unavailable:
        if isinstance(error, RayActorError):
            return Crashed(f"{self._name} ended while it worked on this.")
        return Unavailable(f"{self._name} cannot be reached.")

    def _ours(self, error: BaseException) -> RedwellError:
        cause = error.cause if isinstance(error, RayTaskError) else error
        if isinstance(cause, RedwellError):
            return cause
        if isinstance(cause, BackPressureError):
            return Overloaded(f"{self._name} has too many requests waiting.")
        if isinstance(cause, TimeoutError):
            return DeadlineExceeded(f"{self._name} did not answer in time.")
        return StageFailed(f"{self._name}: {type(cause).__name__}: {cause}")


def services_over(settings: Settings, handles: dict[str, DeploymentHandle]) -> Services:
    transports = {name: RayTransport(handle) for name, handle in handles.items()}
    return remote_services(settings, transports, open_metrics(settings))


def _carry_document() -> None:
    """Work on a document has no HTTP request: its id is then the request id, in the logs of every deployment it reaches."""
    document = current(DOCUMENT)
    if document and not serve_context._get_serve_request_context().request_id:
        serve_context._set_request_context(request_id=document)
