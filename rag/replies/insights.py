"""What the API answers about many documents beside each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamedThing:
    text: str
    type: str
    norm: str = ""
    documents: int = 0


@dataclass(frozen=True, slots=True)
class SharedDocuments:
    """Two names (by `norm` and type) and in how many documents both stand."""

    first: str
    first_type: str
    second: str
    second_type: str
    documents: int = 0


@dataclass(frozen=True, slots=True)
class Cooccurrence:
    names: tuple[NamedThing, ...] = ()
    pairs: tuple[SharedDocuments, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """`period` is '2025' or '2025-03'."""

    period: str
    mentions: int = 0
    documents: int = 0
    document_ids: tuple[str, ...] = ()
