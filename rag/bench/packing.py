"""`redwell bench packing`: one pod a model on twelve cards against everything packed on six, on Ray's own scheduler.

Both get the same documents at the same random moments. Twelve: every model has its cards to itself and two replicas, and a
document goes through one stage after another. Packed: `redwell plan` chooses the cards, and stages run side by side.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import Any

from rag.planning.ideal import ideal_seconds
from rag.planning.pack import Cards
from rag.planning.plan import Plan, fewest_cards, make_plan
from rag.planning.stages import FIELD_CASE, Load, StageCost


@dataclass(frozen=True, slots=True)
class Call:
    stage: str
    replica: str
    seats: tuple[tuple[str, int], ...]
    """(node, card) of each worker."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Played:
    documents: tuple[float, ...]
    """Seconds of each, in the order in which they came."""
    elapsed: float
    calls: tuple[Call, ...]
    at_once: dict[str, int]

    @property
    def cards(self) -> int:
        return len({seat for call in self.calls for seat in call.seats})

    @property
    def per_second(self) -> float:
        return len(self.documents) / self.elapsed

    def use(self) -> float:
        """Mean share of the time that the cards were kept busy."""
        busy: dict[tuple[str, int], float] = {}
        for call in self.calls:
            for seat in call.seats:
                busy[seat] = busy.get(seat, 0.0) + call.seconds / self.at_once[call.stage]
        return sum(busy.values()) / (len(busy) * self.elapsed) if busy else 0.0


@dataclass(frozen=True, slots=True)
class Side:
    cards: int
    use: float
    median_seconds: float
    mean_seconds: float
    per_second: float
    planned_cards: int
    planned_use: float
    planned_seconds: float
    ideal: tuple[float, float]
    """(mean, median) seconds of the same documents when no place stays free while a call waits."""

    @property
    def off(self) -> dict[str, float]:
        """How far the plan was from what happened, as a share of it."""
        return {
            "use": self.planned_use / self.use - 1,
            "seconds": self.planned_seconds / self.mean_seconds - 1,
        }


@dataclass(frozen=True, slots=True)
class PackingResult:
    documents: int
    rate: float
    alone: Side
    packed: Side

    @property
    def latency_saved(self) -> float:
        return 1 - self.packed.median_seconds / self.alone.median_seconds

    def rows(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"documents": self.documents, "offered a second": self.rate}
        for name, side in (("one pod a model", self.alone), ("packed", self.packed)):
            shown |= {
                f"{name}: cards (planned)": f"{side.cards} ({side.planned_cards})",
                f"{name}: mean use (planned)": f"{side.use:.0%} ({side.planned_use:.0%})",
                f"{name}: a document, mean (planned)": f"{side.mean_seconds:.2f} s ({side.planned_seconds:.2f} s)",
                f"{name}: a document, median": f"{side.median_seconds:.2f} s",
                f"{name}: ideal mean, median": f"{side.ideal[0]:.2f} s, {side.ideal[1]:.2f} s",
                f"{name}: documents a second": f"{side.per_second:.2f}",
            }
        return shown | {"latency saved (median)": f"{self.latency_saved:.0%}"}


def alone(stages: Sequence[StageCost], cards: Cards) -> tuple[StageCost, ...]:
    """Every worker fills a card and every model has two replicas."""
    return tuple(
        replace(stage, memory_gib=cards.memory_gib if stage.on_gpu else 0.0, min_replicas=max(2, stage.min_replicas))
        for stage in stages
    )


def bench_packing(*, rate: float = 1.1, documents: int = 100, seed: int = 1) -> PackingResult:
    from rag.serving.packing import play

    load, cards = Load(documents_per_second=rate), Cards(12, 80, a_node=4)
    dice = random.Random(seed)
    arrivals, now = [], 0.0
    for _ in range(documents):
        now += dice.expovariate(rate)
        arrivals.append(now)
    offered = Load(documents_per_second=documents / now)
    apart = make_plan(alone(FIELD_CASE, cards), load, cards)
    packed = fewest_cards(FIELD_CASE, load, cards)
    sides = []
    for plan, in_turn in ((apart, True), (packed, False)):
        nodes = Cards(plan.cards_used, cards.memory_gib, cards.a_node).nodes
        played = play(plan, FIELD_CASE, arrivals=arrivals, nodes=nodes, in_turn=in_turn)
        ideal = ideal_seconds(plan, FIELD_CASE, arrivals=arrivals, in_turn=in_turn)
        sides.append(_side(plan, played, ideal, in_turn=in_turn, scale=offered.documents_per_second / rate))
    return PackingResult(documents, rate, sides[0], sides[1])


def _side(plan: Plan, played: Played, ideal: Sequence[float], *, in_turn: bool, scale: float) -> Side:
    """`scale`: by how much more or less came than was planned for; use goes with it."""
    return Side(
        cards=played.cards,
        use=played.use(),
        median_seconds=median(played.documents),
        mean_seconds=mean(played.documents),
        per_second=played.per_second,
        planned_cards=plan.cards_used,
        planned_use=plan.use * scale,
        planned_seconds=plan.in_turn_seconds if in_turn else plan.document_seconds,
        ideal=(mean(ideal), median(ideal)),
    )
