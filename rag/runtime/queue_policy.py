"""Analyzers follow the queue: nobody calls them, so requests under way say nothing about how many are needed."""

from __future__ import annotations

import math
from typing import Any

DEPTH = "queue_depth"
"""What each analyzer tells Serve: documents that are not finished. All of them see the same queue."""


class QueuePolicy:
    """One replica for every `per_replica` documents. Ray Serve makes it in its controller; bounds and delays are Serve's."""

    def __init__(self, per_replica: float) -> None:
        self._per_replica = per_replica

    def __call__(self, context: Any) -> tuple[int, dict[str, Any]]:
        """(replicas wanted, state). While nobody has told the depth it stays as it is."""
        told = context.aggregated_metrics.get(DEPTH, {})
        if not told:
            return context.target_num_replicas, {}
        return max(1, math.ceil(max(told.values()) / self._per_replica)), {}
