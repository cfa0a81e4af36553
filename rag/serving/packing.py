"""Plays a plan on Ray: nodes with logical cards, Serve replicas that reserve what the plan says, calls that last what it says.

Scheduling, placement groups, routing and queues are Ray's own; only the work itself is a sleep.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any

import ray
from ray import serve
from ray.cluster_utils import Cluster
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from rag.bench.packing import Call, Played
from rag.planning.plan import Plan
from rag.planning.stages import StageCost
from rag.sections.scaling import ROUTING

NODE_CPUS = 16
CPU_SHARE = 0.1
"""CPUs of a played replica: a sleep needs none."""


@ray.remote
class _Worker:
    """Holds one card of an engine that needs several."""

    def seat(self) -> tuple[str, int]:
        return _seat()


def _seat() -> tuple[str, int]:
    """(node, card) that Ray gave this process."""
    context = ray.get_runtime_context()
    return context.get_node_id(), int(ray.get_gpu_ids()[0])


@serve.deployment
class _Stage:
    async def __init__(self, seconds: float, workers: int, gpus: float) -> None:
        self._seconds = seconds
        self._replica = serve.get_replica_context().replica_id.unique_id
        self._workers: list[Any] = []
        self._seats: tuple[tuple[str, int], ...] = ()
        if gpus > 0 and workers == 1:
            self._seats = (_seat(),)
        elif gpus > 0:
            group = ray.util.get_current_placement_group()
            self._workers = [
                _Worker.options(
                    num_cpus=0,
                    num_gpus=gpus,
                    scheduling_strategy=PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=index + 1),
                ).remote()
                for index in range(workers)
            ]
            self._seats = tuple(await asyncio.gather(*(worker.seat.remote() for worker in self._workers)))

    async def __call__(self) -> tuple[str, tuple[tuple[str, int], ...], float]:
        started = time.perf_counter()
        await asyncio.sleep(self._seconds)
        return self._replica, self._seats, time.perf_counter() - started


@serve.deployment(max_ongoing_requests=10_000)
class _Flow:
    """A document's stages by their order, or one after another."""

    def __init__(self, after: dict[str, tuple[str, ...]]) -> None:
        self._after = after
        self._handles = {name: serve.get_app_handle(name) for name in after}

    async def __call__(self, arrivals: Sequence[float], in_turn: bool) -> tuple[list[float], float, list[Call]]:
        """Seconds of each document, seconds of all, and every call. `arrivals` are seconds from now."""
        calls: list[Call] = []
        started = time.perf_counter()

        async def stage(name: str) -> None:
            replica, seats, seconds = await self._handles[name].remote()
            calls.append(Call(name, replica, seats, seconds))

        async def document(at: float) -> float:
            await asyncio.sleep(max(0.0, at - (time.perf_counter() - started)))
            began = time.perf_counter()
            if in_turn:
                for name in self._handles:
                    await stage(name)
            else:
                done: dict[str, asyncio.Task[None]] = {}

                async def when_ready(name: str) -> None:
                    await asyncio.gather(*(done[before] for before in self._after[name]))
                    await stage(name)

                for name in self._handles:  # in the order of `after`
                    done[name] = asyncio.create_task(when_ready(name))
                await asyncio.gather(*done.values())
            return time.perf_counter() - began

        seconds = await asyncio.gather(*(document(at) for at in arrivals))
        return list(seconds), time.perf_counter() - started, calls


def play(
    plan: Plan, stages: Sequence[StageCost], *, arrivals: Sequence[float], nodes: Sequence[int], in_turn: bool
) -> Played:
    """Start nodes with so many logical cards each, place the plan, send the documents, and stop everything again."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": NODE_CPUS, "num_gpus": 0, "include_dashboard": False}
    )
    try:
        for cards in nodes:
            cluster.add_node(num_cpus=NODE_CPUS, num_gpus=cards)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="WARNING")
        serve.start(proxy_location="Disabled", logging_config={"enable_access_log": False})
        # Engines first: a card of each node taken by a small model would leave no node with four.
        for one in sorted(stages, key=lambda one: -one.workers):
            serve.run(_bind(one, plan), name=one.name, route_prefix=None)
        flow = serve.run(_Flow.bind({one.name: one.after for one in stages}), name="flow", route_prefix=None)
        seconds, elapsed, calls = flow.remote(list(arrivals), in_turn).result()
    finally:
        serve.shutdown()
        ray.shutdown()
        cluster.shutdown()
    return Played(tuple(seconds), elapsed, tuple(calls), {one.name: one.at_once for one in stages})


def _bind(cost: StageCost, plan: Plan) -> serve.Application:
    own = next(one for one in plan.stages if one.name == cost.name)
    options: dict[str, Any] = {
        "name": cost.name,
        "num_replicas": own.replicas,
        "max_ongoing_requests": cost.at_once,
        "request_router_config": dict(ROUTING),
        "ray_actor_options": {"num_cpus": CPU_SHARE},
    }
    if own.gpus > 0 and own.workers == 1:
        options["ray_actor_options"]["num_gpus"] = own.gpus
    elif own.gpus > 0:
        cards = [{"GPU": own.gpus} for _ in range(own.workers)]
        options |= {
            "placement_group_bundles": [{"CPU": CPU_SHARE}, *cards],
            "placement_group_strategy": "STRICT_PACK",
        }
    return _Stage.options(**options).bind(cost.seconds, own.workers, own.gpus)
