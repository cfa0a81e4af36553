"""The deployments that orchestrate: the HTTP application, and the loop that works the queue."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ray
from ray import serve
from ray.serve.handle import DeploymentHandle

from rag.errors import Unavailable
from rag.launch import is_loopback
from rag.rpc.door import GrpcDoor
from rag.runtime.queue_policy import DEPTH
from rag.services import State, open_state
from rag.serving.monitoring import deployment_states, log_as_json
from rag.serving.transport import services_over
from rag.settings import Settings

if TYPE_CHECKING:
    from ingestion.supervisor import Supervisor

STOPPED = "the loop that starts jobs stopped"


def _supervisor(settings: Settings, state: State) -> Supervisor:
    from ingestion.supervisor import Supervisor

    return Supervisor(settings, state, address=ray.get_runtime_context().gcs_address)


@serve.deployment(name="Analyzer")
class AnalyzerDeployment:
    """Works the queue, and starts the jobs of the API too where they are not `ingestion.apart`."""

    async def __init__(self, settings: Settings, handles: dict[str, DeploymentHandle]) -> None:
        from rag.runtime.metrics import watch_queue
        from rag.worker import Worker

        log_as_json(settings)
        services = services_over(settings, handles)
        await services.state.database.connect()
        self._jobs = services.state.jobs
        self._supervisor = None if settings.ingestion.apart else _supervisor(settings, services.state)
        self._worker = Worker(services, owner=serve.get_replica_context().replica_id.unique_id)
        seconds = settings.monitoring.queue_seconds
        self._watch = asyncio.create_task(watch_queue(services.state.jobs, services.metrics, seconds=seconds))

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """What Serve asks for: analyzers scale with the queue (rag/runtime/queue_policy.py)."""
        try:
            return {DEPTH: float(await self._jobs.depth())}
        except Unavailable:
            return {}

    def check_health(self) -> None:
        if not self._worker.healthy or self._watch.done():
            raise RuntimeError("a slot of the analyzer stopped")
        if self._supervisor is not None and not self._supervisor.healthy:
            raise RuntimeError(STOPPED)

    async def __del__(self) -> None:
        """Serve awaits it when a replica is shut down: leases are given back at once."""
        self._watch.cancel()
        if self._supervisor is not None:
            await self._supervisor.stop()
        await self._worker.stop()


@serve.deployment(name="Jobs")
class JobsDeployment:
    """Starts the jobs of the API as processes of their own, and delivers callbacks: where `ingestion.apart` is set."""

    async def __init__(self, settings: Settings) -> None:
        log_as_json(settings)
        state = open_state(settings)
        await state.database.connect()
        self._supervisor = _supervisor(settings, state)

    def check_health(self) -> None:
        if not self._supervisor.healthy:
            raise RuntimeError(STOPPED)

    async def __del__(self) -> None:
        await self._supervisor.stop()


@serve.deployment(name="Ingress")
@serve.ingress()
class IngressDeployment(GrpcDoor):
    """HTTP, and gRPC where a port for it is set. `analyzer` and `jobs` are dependencies only: the queue between them is the database."""

    def __init__(
        self,
        settings: Settings,
        handles: dict[str, DeploymentHandle],
        analyzer: DeploymentHandle,
        jobs: DeploymentHandle | None,
    ) -> None:
        log_as_json(settings)
        self._services = replace(services_over(settings, handles), deployments=deployment_states)
        self._behind = (analyzer, jobs)
        self.local_only = is_loopback(settings.server.host)

    def __serve_build_asgi_app__(self) -> Any:
        from rag.api import create_app

        self.application = create_app(self._services, behind_proxy=True)
        return self.application
