"""The catalogue of rag/runtime/metrics.py as Ray metrics: each process of a deployment makes them once."""

from __future__ import annotations

from typing import Any

from ray.serve import metrics as serve_metrics

from rag.runtime.metrics import CATALOGUE, Metric, Metrics, NoMetrics
from rag.settings import Settings


class RayMetrics:
    """Serve adds deployment and replica to the tags."""

    def __init__(self) -> None:
        self._made = {metric.name: _make(metric) for metric in CATALOGUE}

    def count(self, metric: Metric, value: float = 1.0, **tags: str) -> None:
        if value > 0:  # Ray refuses to count nothing
            self._made[metric.name].inc(value, tags=tags)

    def observe(self, metric: Metric, value: float, **tags: str) -> None:
        self._made[metric.name].observe(value, tags=tags)

    def set(self, metric: Metric, value: float, **tags: str) -> None:
        self._made[metric.name].set(value, tags=tags)


def open_metrics(settings: Settings) -> Metrics:
    return RayMetrics() if settings.monitoring.metrics_port else NoMetrics()


def _make(metric: Metric) -> Any:
    if metric.kind == "histogram":
        return serve_metrics.Histogram(
            metric.name, description=metric.description, boundaries=list(metric.boundaries), tag_keys=metric.tags
        )
    kind = serve_metrics.Counter if metric.kind == "counter" else serve_metrics.Gauge
    return kind(metric.name, description=metric.description, tag_keys=metric.tags)
