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
from rag.remote import remote_services
from rag.runtime import deadline
from rag.runtime.circuit import Guard, Unreached
from rag.runtime.logs import DOCUMENT, current
from rag.services import Services
from rag.serving.metrics import open_metrics
from rag.settings import Settings


class RayTransport:
    """Calls a deployment. Ray's errors become ours; a replica that died is asked again, elsewhere (calls are idempotent).

    What nobody waits for any more is cancelled: Serve goes on with a call whose caller gave up unless it is told.
    """

    def __init__(self, handle: DeploymentHandle, *, attempts: int = 4) -> None:
        self._handle = handle
        self._name = handle.deployment_name
        self._guard = Guard(self._name, attempts=attempts)

    async def call(self, method: str, *args: Any, seconds: float) -> Any:
        _carry_document()

        async def once(given: float) -> Any:
            response = getattr(self._handle, method).remote(*args)
            try:
                async with asyncio.timeout(given):
                    return await response
            except (RayActorError, DeploymentUnavailableError) as error:
                raise Unreached(self._gone(error)) from error
            except (RayTaskError, RayServeException, RedwellError, TimeoutError) as error:
                if isinstance(error, TimeoutError):
                    response.cancel()
                raise self._ours(error) from error
            except asyncio.CancelledError:
                response.cancel()
                raise

        return await self._guard.call(once, seconds)

    async def stream(self, method: str, *args: Any, seconds: float) -> AsyncIterator[Any]:
        """Begun again on another replica as long as nothing has come."""
        _carry_document()
        streaming = getattr(self._handle.options(stream=True), method)
        until = asyncio.get_running_loop().time() + deadline.left(seconds)
        response: Any = None

        async def first(given: float) -> tuple[Any, ...]:
            nonlocal response
            response = streaming.remote(*args)
            return await self._next(response, asyncio.get_running_loop().time() + given)

        ended = False
        try:
            piece = await self._guard.call(first, seconds)
            while piece:
                yield piece[0]
                piece = await self._next(response, until)
            ended = True
        except Unreached as unreached:
            raise unreached.error from unreached
        finally:
            if response is not None and not ended:
                response.cancel()

    async def _next(self, response: Any, until: float) -> tuple[Any, ...]:
        """The next piece, or () at the end."""
        try:
            async with asyncio.timeout_at(until):
                return (await anext(response),)
        except StopAsyncIteration:
            return ()
        except (RayActorError, DeploymentUnavailableError) as error:
            raise Unreached(self._gone(error)) from error
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
