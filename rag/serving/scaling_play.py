"""Plays a load on deployments that scale: for `redwell bench scaling`."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Any

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve._private.common import ReplicaState
from ray.serve.exceptions import RayServeException

from rag.bench.scaling import MOST_SECONDS, Phase, Sample, ScalingResult, Woken
from rag.runtime.queue_policy import DEPTH
from rag.sections.scaling import Scaling

WORK_SECONDS = 0.25
REQUESTS = Scaling(
    cpus=0.1,
    min_replicas=1,
    max_replicas=3,
    max_ongoing_requests=16,
    target_ongoing_requests=4,
    upscale_delay_s=1,
    downscale_delay_s=3,
    look_back_s=2,
)
QUEUE = REQUESTS.model_copy(update={"max_replicas": 4})
ALONE = REQUESTS.model_copy(update={"min_replicas": 0, "max_replicas": 1, "zero_delay_s": 1})
PER_REPLICA = 4
WOKEN_BY = 4
"""Calls at once of what is at zero."""
SETTLED_SECONDS = 2
"""Calls go on for so long when the replicas are there."""


@serve.deployment
class _Worker:
    async def __call__(self) -> None:
        await asyncio.sleep(WORK_SECONDS)


@ray.remote(num_cpus=0)
class _Queue:
    def __init__(self) -> None:
        self._depth = 0

    def set(self, depth: int) -> None:
        self._depth = depth

    def depth(self) -> int:
        return self._depth


@serve.deployment
class _Follower:
    """As the Analyzer: nobody calls it."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    async def record_autoscaling_stats(self) -> dict[str, float]:
        return {DEPTH: float(await self._queue.depth.remote())}

    async def __call__(self) -> None:
        return


def play(phases: tuple[Phase, ...]) -> ScalingResult:
    """Start a Ray of its own, play the phases, and stop it again."""
    quick = ("REPLICA_AUTOSCALING_METRIC", "HANDLE_AUTOSCALING_METRIC")
    os.environ.update({f"RAY_SERVE_{name}_PUSH_INTERVAL_S": "0.5" for name in quick}, RAY_USAGE_STATS_ENABLED="0")
    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="WARNING")
    try:
        serve.start(proxy_location="Disabled", logging_config={"enable_access_log": False})
        queue = _Queue.remote()
        handle = serve.run(_Worker.options(**REQUESTS.serve_options()).bind(), name="requests", route_prefix=None)
        follower = _Follower.options(**QUEUE.serve_options(queued_per_replica=PER_REPLICA))
        serve.run(follower.bind(queue), name="queue", route_prefix=None)
        alone = serve.run(_Worker.options(**ALONE.serve_options()).bind(), name="alone", route_prefix=None)
        samples, calls, failures = _load(phases, handle, queue)
        return ScalingResult(phases, samples, calls, failures, _wake(alone))
    finally:
        serve.shutdown()
        ray.shutdown()


def _load(phases: tuple[Phase, ...], handle: Any, queue: Any) -> tuple[tuple[Sample, ...], int, int]:
    """(samples, calls, those that failed)."""
    samples: list[Sample] = []
    lock, counted = threading.Lock(), {"calls": 0, "failures": 0}
    wanted, stopped = [0], threading.Event()

    def caller(number: int) -> None:
        """Calls one after another while so many callers are wanted."""
        while not stopped.is_set():
            if number >= wanted[0]:
                time.sleep(0.05)
                continue
            try:
                handle.remote().result(timeout_s=30)
                outcome = "calls"
            except (RayError, RayServeException, TimeoutError):
                outcome = "failures"
            with lock:
                counted[outcome] += 1

    most = max(phase.callers for phase in phases)
    threads = [threading.Thread(target=caller, args=(number,), daemon=True) for number in range(most)]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    for index, phase in enumerate(phases):
        wanted[0] = phase.callers
        ray.get(queue.set.remote(phase.queued))
        end = time.monotonic() + MOST_SECONDS
        while time.monotonic() < end:
            time.sleep(0.5)
            running = _running("requests"), _running("queue")
            samples.append(Sample(round(time.monotonic() - started, 1), index, running))
            if running == phase.wanted:
                break
        time.sleep(SETTLED_SECONDS)
    stopped.set()
    for thread in threads:
        thread.join(30)
    return tuple(samples), counted["calls"] + counted["failures"], counted["failures"]


def _wake(handle: Any) -> Woken:
    """Wait until none is left, then call."""
    end = time.monotonic() + MOST_SECONDS
    while (before := _running("alone")) and time.monotonic() < end:
        time.sleep(0.5)
    started, failures = time.monotonic(), 0
    for call in [handle.remote() for _ in range(WOKEN_BY)]:
        try:
            call.result(timeout_s=MOST_SECONDS)
        except (RayError, RayServeException, TimeoutError):
            failures += 1
    return Woken(before, _running("alone"), WOKEN_BY, failures, time.monotonic() - started)


def _running(application: str) -> int:
    [deployment] = serve.status().applications[application].deployments.values()
    return deployment.replica_states.get(ReplicaState.RUNNING, 0)
