"""Workers onto cards: first fit, the largest first, whole replicas on one node."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import ConfigurationError

STEP = 0.05
"""Shares of a card are multiples of it, rounded up."""


@dataclass(frozen=True, slots=True)
class Cards:
    number: int
    memory_gib: float
    a_node: int = 8
    """Cards of one machine, for replicas that need several."""

    def __post_init__(self) -> None:
        if self.number < 1 or self.memory_gib <= 0 or self.a_node < 1:
            raise ConfigurationError("There must be at least one card with memory.", "Correct --gpus and --gpu-memory.")

    @property
    def nodes(self) -> list[int]:
        """Cards of each node, the last one may have fewer."""
        full, rest = divmod(self.number, self.a_node)
        return [self.a_node] * full + ([rest] if rest else [])


@dataclass(frozen=True, slots=True)
class Replica:
    """`share`: of each of `workers` cards, what it reserves. `use`: of each card, what it keeps busy (0..1)."""

    stage: str
    number: int
    workers: int
    share: float
    use: float

    @property
    def name(self) -> str:
        return f"{self.stage}-{self.number}"


@dataclass(frozen=True, slots=True)
class Card:
    node: int
    number: int
    replicas: tuple[Replica, ...] = ()

    @property
    def share(self) -> float:
        return sum(replica.share for replica in self.replicas)

    @property
    def use(self) -> float:
        return sum(replica.use for replica in self.replicas)


def share_of(memory_gib: float, use: float, cards: Cards, *, most_use: float) -> float:
    """The larger of a worker's share of memory and of what may be kept busy, in STEPs. Raises ConfigurationError."""
    if memory_gib > cards.memory_gib:
        raise ConfigurationError(
            f"A worker needs {memory_gib:.0f} GiB, a card has {cards.memory_gib:.0f}.",
            "Spread the model over more cards (llm.tensor_parallel), choose a smaller one, or larger cards.",
        )
    wanted = max(memory_gib / cards.memory_gib, use / most_use)
    share = math.ceil(round(wanted / STEP, 6)) * STEP
    # Ray takes a part of one card or whole cards: what fills more than nine tenths gets all of it.
    return 1.0 if share > 0.9 else round(share, 2)


def pack(replicas: Sequence[Replica], cards: Cards) -> list[Card]:
    """Cards with what lies on them, those that stay empty included. Raises ConfigurationError when they are too few."""
    table = [Card(node, number) for node, size in enumerate(cards.nodes) for number in range(size)]
    for replica in sorted(replicas, key=lambda one: (one.workers, one.share), reverse=True):
        places = _places(replica, table)
        if places is None:
            have = f"{cards.number} cards in nodes of {cards.a_node}"
            raise ConfigurationError(
                f"{replica.name} (share {replica.share:g} of {replica.workers} cards) finds no room on {have}.",
                "Plan with more cards, a lower load, or smaller models.",
            )
        for index in places:
            card = table[index]
            table[index] = Card(card.node, card.number, (*card.replicas, replica))
    return table


def _places(replica: Replica, table: Sequence[Card]) -> list[int] | None:
    """Positions of cards of one node that have room: the fullest that fit, so that empty cards stay empty."""
    for node in dict.fromkeys(card.node for card in table):
        fits = [
            index for index, card in enumerate(table) if card.node == node and card.share + replica.share <= 1 + 1e-9
        ]
        if len(fits) >= replica.workers:
            fullest = sorted(fits, key=lambda index: (-table[index].share, index))
            return fullest[: replica.workers]
    return None
