"""A Serve application that does nothing, beside the real one: what Ray Serve itself can answer on this machine."""

from __future__ import annotations

from ray import serve
from starlette.requests import Request
from starlette.responses import PlainTextResponse

APP = "bare"
PREFIX = "/bare"


@serve.deployment(name="Bare", num_replicas=1, max_ongoing_requests=100, ray_actor_options={"num_cpus": 0})
class BareDeployment:
    async def __call__(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")


def start_bare() -> None:
    """At PREFIX of the proxy that runs already."""
    serve.run(BareDeployment.bind(), name=APP, route_prefix=PREFIX)


def stop_bare() -> None:
    serve.delete(APP)
