"""A candidate of a stage beside the model that is in charge: in the shadow, or with a share of the documents. Pure.

Shadow: it works on every document too, and its results are kept apart. Share: it decides for a part of the documents, always
the same ones. Both can be compared with what the model in charge found; then the candidate is promoted or dropped.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

EXAMPLES = 10


class Mode(StrEnum):
    SHADOW = "shadow"
    SHARE = "share"
    PROMOTED = "promoted"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Rollout:
    mode: Mode
    weight: float = 0.0
    """Share of the documents, 0..1."""

    def decides(self, document_id: str) -> bool:
        """True where the candidate is in charge of a document; sticky, since it follows from the id alone."""
        return self.mode is Mode.PROMOTED or (self.mode is Mode.SHARE and place(document_id) < self.weight)


def place(document_id: str) -> float:
    """Where in 0..1 an id lies."""
    return int(hashlib.sha256(document_id.encode()).hexdigest()[:12], 16) / 16**12


@dataclass(frozen=True, slots=True)
class Change:
    document_id: str
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Facts of two results of the same documents; `agreement` is the F1 of one against the other."""

    documents: int
    unchanged: int
    kept: int
    removed: int
    added: int
    agreement: float
    examples: tuple[Change, ...]


def compare(pairs: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> Comparison:
    """By document id, the facts before and after (or of the model in charge and of its shadow)."""
    kept = removed = added = unchanged = 0
    examples: list[Change] = []
    for document_id, (before, after) in pairs.items():
        old, new = Counter(before), Counter(after)
        gone, come = old - new, new - old
        kept += (old & new).total()
        removed += gone.total()
        added += come.total()
        unchanged += not gone and not come
        if (gone or come) and len(examples) < EXAMPLES:
            examples.append(Change(document_id, tuple(sorted(gone))[:EXAMPLES], tuple(sorted(come))[:EXAMPLES]))
    whole = 2 * kept + removed + added
    return Comparison(len(pairs), unchanged, kept, removed, added, 2 * kept / whole if whole else 1.0, tuple(examples))


@dataclass(frozen=True, slots=True)
class Right:
    """Of the labels that people corrected or confirmed, how many the model in charge and its shadow say too."""

    labels: int = 0
    in_charge: int = 0
    candidate: int = 0


def right_of(truth: Mapping[str, Sequence[str]], pairs: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> Right:
    """`pairs` as for `compare`; `truth` by document id, facts that are known."""
    known = [(fact, *pairs[id]) for id, facts in truth.items() for fact in facts]
    return Right(len(known), sum(fact in own for fact, own, _ in known), sum(fact in tried for fact, _, tried in known))
