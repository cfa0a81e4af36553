"""Answers of the HTTP API that were counted, as frozen values. Amounts are text: exact, with two decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Amount:
    text: str = ""
    """For people: 'EUR 12,421.77'."""
    value: str = ""
    currency: str = ""
    source: str = ""
    """'field' or 'largest'."""


@dataclass(frozen=True, slots=True)
class Match:
    """Why a row was counted. `what` is 'mention', 'amount', 'date', 'title' or 'beginning'."""

    what: str = ""
    page: int = 1
    start: int = 0
    end: int = 0
    text: str = ""
    citation: int = 0


@dataclass(frozen=True, slots=True)
class CountedRow:
    document_id: str
    filename: str = ""
    collection: str = ""
    type: str | None = None
    uploaded: datetime | None = None
    amount: Amount | None = None
    date: str | None = None
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    currency: str = ""
    documents: int = 0
    total: str = ""
    smallest: str = ""
    largest: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """`total` is exact whatever `rows` shows; `query`, given back with `next_offset`, fetches the next rows."""

    query: Mapping[str, Any] = field(default_factory=dict)
    understood: str = ""
    total: int = 0
    in_scope: int = 0
    unread: int = 0
    without_amount: int = 0
    without_date: int = 0
    sums: tuple[Sum, ...] = ()
    offset: int = 0
    next_offset: int | None = None
    rows: tuple[CountedRow, ...] = ()
