"""Sections of the settings that every deployment has: replicas, resources, batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ROUTING: Mapping[str, float] = {"max_backoff_s": 0.05}
"""Of every deployment. A call that finds all replicas full looks again after pauses that double, by default up to half a
second: so long a place stays empty while calls wait for it. Looking costs little, for the caller keeps the counts."""
WAKING_SECONDS = 2.0
"""A deployment without a replica learns of a call this much later at most. Serve's 10 s were most of what a call waited for."""
NEVER_AT_ZERO: Mapping[str, str] = {
    "retrieval.scaling": "its index lies in its memory, and questions would wait until it is rebuilt",
    "analysis.scaling": "nobody calls the analyzers: they look at the queue, and none would be there to look",
    "analysis.ingress": "it is the address of the service",
    "ingestion.scaling": "nobody calls what starts the jobs: it looks for them itself",
}
"""Settings whose `min_replicas` is at least 1, and why."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scaling(Section):
    """Replicas and scheduling of one deployment."""

    cpus: float = 0.5
    gpus: float = 0.0
    resources: Mapping[str, float] = Field(default_factory=dict)
    """Ray's custom resources: keeps small models off the nodes whose cards an engine needs together."""
    min_replicas: int = Field(default=1, ge=0)
    """0: the last replica ends when nobody has called it for `zero_delay_s`, and the next call starts one and waits for it. Not for what
    has to be there without being called (NEVER_AT_ZERO)."""
    max_replicas: int = Field(default=1, ge=1)
    max_ongoing_requests: int = 64
    """Of one replica. What is beyond waits at the caller, who looks again only every ROUTING seconds: less than what comes at once
    (`limits.concurrent_requests`) leaves a quick deployment idle between its looks."""
    target_ongoing_requests: float = 4
    upscale_delay_s: float = 5
    downscale_delay_s: float = 60
    zero_delay_s: float = Field(default=300, ge=0)
    """Seconds without a call after which the last replica ends, where `min_replicas` is 0."""
    look_back_s: float = 30
    """Over which the load is averaged."""
    surge_percent: int | None = Field(default=None, ge=0, le=100)
    """Replicas of an upgrade that start before those that they replace end. None: all; none where they hold cards, which have to
    be given free first."""
    health_check_period_s: float = 3
    """After which the death of a replica is noticed at the latest."""
    health_check_timeout_s: float = 30
    graceful_shutdown_timeout_s: float = 20

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"min_replicas is {self.min_replicas}, and max_replicas only {self.max_replicas}")
        return self

    @property
    def whole_cpus(self) -> int:
        """What a replica can do at once where each piece of work keeps a core busy; at least 1."""
        return max(1, int(self.cpus))

    @property
    def one_core_each(self) -> Self:
        """As much work at once, by more replicas of one CPU."""
        cores = self.whole_cpus
        return self.model_copy(
            update={
                "cpus": min(self.cpus, 1.0),
                "min_replicas": cores * self.min_replicas,
                "max_replicas": cores * self.max_replicas,
            }
        )

    def serve_options(self, *, queued_per_replica: float | None = None) -> dict[str, Any]:
        """The options of a Ray Serve deployment: a fixed number of replicas, or autoscaling between two.

        `queued_per_replica`: it follows the depth of the queue that its replicas tell (rag/runtime/queue_policy.py), not requests.
        """
        options: dict[str, Any] = {
            "ray_actor_options": {
                "num_cpus": self.cpus,
                "num_gpus": self.gpus,
                **({"resources": dict(self.resources)} if self.resources else {}),
            },
            "max_ongoing_requests": self.max_ongoing_requests,
            "request_router_config": dict(ROUTING),
            "max_surge_percent": (0 if self.gpus else 100) if self.surge_percent is None else self.surge_percent,
            "health_check_period_s": self.health_check_period_s,
            "health_check_timeout_s": self.health_check_timeout_s,
            "graceful_shutdown_timeout_s": self.graceful_shutdown_timeout_s,
        }
        if self.min_replicas == self.max_replicas:
            return options | {"num_replicas": self.min_replicas}
        policy = {
            "policy_function": "rag.runtime.queue_policy:QueuePolicy",
            "policy_kwargs": {"per_replica": queued_per_replica},
        }
        return options | {
            "autoscaling_config": {
                "min_replicas": self.min_replicas,
                "max_replicas": self.max_replicas,
                "target_ongoing_requests": self.target_ongoing_requests,
                "upscale_delay_s": self.upscale_delay_s,
                "downscale_delay_s": self.downscale_delay_s,
                "look_back_period_s": self.look_back_s,
                # One begins all the same: what cannot start, a misspelt model, is to be seen at the start.
                **({} if self.min_replicas else self._at_zero()),
                **({"policy": policy} if queued_per_replica else {}),
            }
        }

    def _at_zero(self) -> dict[str, Any]:
        return {
            "initial_replicas": 1,
            "downscale_to_zero_delay_s": self.zero_delay_s,
            "metrics_interval_s": WAKING_SECONDS,
        }


class Batching(Section):
    """serve.batch: how many calls are joined and how long the first one waits."""

    max_batch_size: int = 32
    batch_wait_s: float = 0.01
