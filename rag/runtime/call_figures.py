"""Ray Serve's own figures of the calls to each deployment, read from what its nodes show to Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LATENCY = "ray_serve_deployment_processing_latency_ms"
ONGOING = "ray_serve_replica_processing_queries"
QUEUED = "ray_serve_deployment_queued_queries"
_NAMES = (LATENCY, ONGOING, QUEUED)


@dataclass(frozen=True, slots=True)
class CallFigures:
    """Of one deployment, over all its replicas that run. Seconds are None before the first call.

    `queued` calls wait for a replica, `ongoing` ones are worked on. Times are within buckets: exact to the bucket that they fall in.
    """

    calls: int = 0
    median: float | None = None
    p95: float | None = None
    ongoing: int = 0
    queued: int = 0


def call_figures(expositions: Iterable[str], application: str) -> dict[str, CallFigures]:
    """By deployment; empty where none of Serve's figures are among them."""
    from prometheus_client.parser import text_string_to_metric_families

    buckets: defaultdict[str, defaultdict[float, float]] = defaultdict(lambda: defaultdict(float))
    now: dict[str, defaultdict[str, float]] = {ONGOING: defaultdict(float), QUEUED: defaultdict(float)}
    for text in expositions:
        # Most of it is about machines and workers, and the parser is slow.
        ours = "".join(f"{line}\n" for line in text.splitlines() if line.startswith(_NAMES))
        for family in text_string_to_metric_families(ours):
            for sample in family.samples:
                deployment = sample.labels.get("deployment", "")
                if sample.labels.get("application") != application:
                    continue
                if sample.name == f"{LATENCY}_bucket":
                    buckets[deployment][float(sample.labels["le"])] += sample.value
                elif sample.name in now:
                    now[sample.name][deployment] += sample.value
    return {
        name: CallFigures(
            int(max(buckets[name].values(), default=0)),
            quantile(0.5, buckets[name]),
            quantile(0.95, buckets[name]),
            round(now[ONGOING][name]),
            round(now[QUEUED][name]),
        )
        for name in sorted({*buckets, *now[ONGOING], *now[QUEUED]})
    }


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Seconds, of cumulative counts by upper bounds in milliseconds: linear within its bucket, as Prometheus does it. What is over the
    last bound counts as that."""
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0
    if not total:
        return None
    wanted, below, floor = share * total, 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= wanted and buckets[bound] > below:
            top = floor if bound == float("inf") else bound
            return (floor + (top - floor) * (wanted - below) / (buckets[bound] - below)) / 1000
        below, floor = buckets[bound], bound
    return floor / 1000
