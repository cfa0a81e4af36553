"""Replicas, fractions, expected use, latency and bottleneck of a load on so many cards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag.errors import ConfigurationError
from rag.planning.pack import Card, Cards, Replica, pack, share_of
from rag.planning.stages import Load, StageCost

MOST_USE = 0.85
"""No stage is planned busier: above it a queue grows at the first burst."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    name: str
    replicas: int
    gpus: float
    """What Ray is asked for by one worker: part of a card, or 1."""
    workers: int
    cpus: float
    use: float
    """Share of the time that a replica's places are taken, 0..1."""
    wait: float
    """Seconds a call waits for a place, on average."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    stages: tuple[StagePlan, ...]
    cards: tuple[Card, ...]
    load: Load
    document_seconds: float
    """A document's expected time, its stages side by side where they may be."""
    in_turn_seconds: float
    """The same with one stage after another."""
    most_documents_per_second: float
    """Where the bottleneck is full, with the questions as they are."""
    bottleneck: str

    @property
    def cards_used(self) -> int:
        return sum(bool(card.replicas) for card in self.cards)

    @property
    def use(self) -> float:
        """Mean use of the cards that are used."""
        return sum(card.use for card in self.cards) / self.cards_used if self.cards_used else 0.0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "cards_used": self.cards_used, "use": self.use}


def make_plan(stages: Sequence[StageCost], load: Load, cards: Cards | None, *, most_use: float = MOST_USE) -> Plan:
    """`cards` None is for machines without any. Raises ConfigurationError when the load does not fit."""
    if any(stage.on_gpu for stage in stages) and cards is None:
        raise ConfigurationError("These stages need cards.", "Name them: --gpus and --gpu-memory.")
    planned, replicas = [], []
    for stage in stages:
        count = max(
            1, stage.min_replicas, math.ceil(load.calls(stage) * stage.seconds / (stage.at_once * most_use) - 1e-9)
        )
        use = load.calls(stage) * stage.seconds / (stage.at_once * count)
        share = 0.0
        if stage.on_gpu and cards is not None:
            share = share_of(stage.memory_gib, use, cards, most_use=most_use)
            if stage.workers > 1:
                # Ray adds up what is left of a node's cards: tenths of four cards look like room for a small model, which
                # then waits there for ever. An engine over several cards gets all of them.
                share = 1.0
            replicas += [Replica(stage.name, number, stage.workers, share, use) for number in range(count)]
        wait = mean_wait(load.calls(stage), stage.seconds, count * stage.at_once)
        planned.append(StagePlan(stage.name, count, share, stage.workers, stage.cpus, use, wait, stage.seconds))
    table = pack(replicas, cards) if cards is not None else []
    return Plan(
        tuple(planned),
        tuple(table),
        load,
        *document_seconds(stages, planned),
        *_limit(stages, planned, load),
    )


def fewest_cards(stages: Sequence[StageCost], load: Load, cards: Cards, *, most_use: float = MOST_USE) -> Plan:
    """The plan with the fewest cards, of at most `cards.number`. Raises ConfigurationError when those are too few."""
    for number in range(1, cards.number):
        try:
            return make_plan(stages, load, Cards(number, cards.memory_gib, cards.a_node), most_use=most_use)
        except ConfigurationError:
            continue
    return make_plan(stages, load, cards, most_use=most_use)


def mean_wait(rate: float, seconds: float, places: int) -> float:
    """Seconds that a call waits when they come at random and take equally long: half of Erlang's C (M/D/c)."""
    busy = rate * seconds
    if busy <= 0:
        return 0.0
    if busy >= places:
        return math.inf
    term = total = 1.0
    for k in range(1, places):
        term *= busy / k
        total += term
    last = term * busy / places * places / (places - busy)
    return 0.5 * last / (total + last) * seconds / (places - busy)


def document_seconds(stages: Sequence[StageCost], planned: Sequence[StagePlan]) -> tuple[float, float]:
    """A document's expected time with its stages side by side, and in turn."""
    times = {
        cost.name: _stage_seconds(cost, plan)
        for cost, plan in zip(stages, planned, strict=True)
        if cost.calls_per_document
    }
    after = {cost.name: cost.after for cost in stages}
    ends: dict[str, float] = {}

    def end(name: str) -> float:
        if name not in ends:
            ends[name] = max((end(before) for before in after[name] if before in times), default=0.0) + times[name]
        return ends[name]

    return max((end(name) for name in times), default=0.0), sum(times.values())


def _stage_seconds(cost: StageCost, plan: StagePlan) -> float:
    """The calls of one document are spread over the places of the stage."""
    rounds = math.ceil(cost.calls_per_document / (plan.replicas * cost.at_once))
    return rounds * cost.seconds + plan.wait


def _limit(stages: Sequence[StageCost], planned: Sequence[StagePlan], load: Load) -> tuple[float, str]:
    most, name = math.inf, ""
    for cost, plan in zip(stages, planned, strict=True):
        if not cost.calls_per_document:
            continue
        places = plan.replicas * cost.at_once
        left = places / cost.seconds - load.questions_per_second * cost.calls_per_question
        documents = left / cost.calls_per_document
        if documents < most:
            most, name = documents, cost.name
    return most, name
