"""What documents take when a free place is taken at once by the call that has waited longest: the best that routing can do."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from rag.planning.plan import Plan
from rag.planning.stages import StageCost


def ideal_seconds(
    plan: Plan, stages: Sequence[StageCost], *, arrivals: Sequence[float], in_turn: bool
) -> tuple[float, ...]:
    """Seconds of each document, in the order of `arrivals`; one call a stage, `stages` in the order of `after`."""
    replicas = {one.name: one.replicas for one in plan.stages}
    free = {one.name: [0.0] * (replicas[one.name] * one.at_once) for one in stages}
    before = {one.name: one.after for one in stages}
    if in_turn:
        names = [one.name for one in stages]
        before = {name: tuple(names[max(0, at - 1) : at]) for at, name in enumerate(names)}
    cost = {one.name: one.seconds for one in stages}
    ended: dict[tuple[int, str], float] = {}
    # In the order in which calls become due, so that each stage takes them as they come.
    due = [(at, document, name) for document, at in enumerate(arrivals) for name in before if not before[name]]
    heapq.heapify(due)
    while due:
        at, document, name = heapq.heappop(due)
        end = max(at, heapq.heappop(free[name])) + cost[name]
        heapq.heappush(free[name], end)
        ended[document, name] = end
        for later, needed in before.items():
            if name in needed and all((document, one) in ended for one in needed):
                heapq.heappush(due, (max(ended[document, one] for one in needed), document, later))
    return tuple(max(ended[document, name] for name in before) - at for document, at in enumerate(arrivals))
