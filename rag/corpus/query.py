"""The typed query of a corpus question, and what counting it gives. Amounts are in hundredths of their currency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from rag.model import Citation, Filter


class Wants(StrEnum):
    COUNT = "count"
    LIST = "list"
    TOTAL = "total"
    AVERAGE = "average"
    LARGEST = "largest"
    SMALLEST = "smallest"
    LATEST = "latest"
    EARLIEST = "earliest"

    @property
    def of_amounts(self) -> bool:
        return self in (Wants.TOTAL, Wants.AVERAGE, Wants.LARGEST, Wants.SMALLEST)


class DateOf(StrEnum):
    """Which date of a document is meant."""

    UPLOAD = "upload"
    DOCUMENT = "document"
    """Its extracted date, or else the first full date of its text."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of document: a type of the classifier, words of the name or title, a media type; what is given must all hold."""

    word: str
    """As it is called in the singular: 'lease'."""
    label: str | None = None
    title: str | None = None
    """Words that stand in the file name or at the head of the first page."""
    media: str | None = None
    """How the media type begins."""


@dataclass(frozen=True, slots=True)
class AmountRange:
    """`low` <= amount <= `high`, in hundredths; None is open."""

    low: int | None = None
    high: int | None = None
    currency: str | None = None
    """ISO 4217; None is any."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """`after` <= date < `before`; None is open."""

    of: DateOf
    after: date | None = None
    before: date | None = None


@dataclass(frozen=True, slots=True)
class CorpusQuery:
    """All that is given must hold."""

    wants: Wants
    kinds: tuple[Kind, ...] = ()
    """One of them."""
    mentions: tuple[tuple[str, ...], ...] = ()
    """Of every group, one of the names or phrases stands in the text."""
    issuers: tuple[tuple[str, ...], ...] = ()
    """Of every group, one is whom the document comes from; where no such field was extracted, it is mentioned."""
    amount: AmountRange | None = None
    dates: tuple[DateRange, ...] = ()
    filter: Filter = Filter()

    @property
    def needs_amount(self) -> bool:
        return self.amount is not None or self.wants.of_amounts

    @property
    def needs_date(self) -> bool:
        """Of the documents themselves."""
        return self.wants in (Wants.LATEST, Wants.EARLIEST) or any(d.of is DateOf.DOCUMENT for d in self.dates)


@dataclass(frozen=True, slots=True)
class Amount:
    cents: int
    currency: str
    page: int | None
    """None for a total that a person wrote and no page says; `start` and `end` likewise."""
    start: int | None
    end: int | None
    source: str
    """'field' where a total was extracted, 'largest' where it is the largest amount of the document."""

    def __str__(self) -> str:
        return money(self.cents, self.currency)


@dataclass(frozen=True, slots=True)
class OwnDate:
    value: str
    """ISO 8601."""
    page: int | None
    start: int | None
    end: int | None
    source: str
    """'field' where it was extracted, 'first' where it is the first full date of the text."""


@dataclass(frozen=True, slots=True)
class Match:
    """Why a document was counted: the span of a page that says so. `page` text[start:end] == text."""

    what: str
    """'mention', 'issuer', 'amount', 'date', 'title' or 'beginning'."""
    page: int
    start: int
    end: int
    text: str
    citation: int = 0
    """Marker of the citation that holds it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One counted document."""

    document_id: str
    filename: str
    collection: str
    type: str | None
    uploaded: datetime
    amount: Amount | None = None
    date: OwnDate | None = None
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """Amounts of one currency: nothing is converted."""

    currency: str
    documents: int
    cents: int
    smallest: int
    largest: int


@dataclass(frozen=True, slots=True)
class Counted:
    query: CorpusQuery
    understood: str
    """The query in plain words: what was counted, by which date and which amount."""
    total: int
    """Documents that match, on every page of rows together."""
    rows: tuple[Row, ...]
    offset: int
    in_scope: int
    """Documents that were looked at: those that the request's filter lets pass."""
    sums: tuple[Sum, ...] = ()
    without_amount: int = 0
    """Documents that match but for an amount that could not be found in them."""
    without_date: int = 0
    unread: int = 0
    """Documents in scope that are still being read, or could not be read: they are not counted."""
    citations: tuple[Citation, ...] = ()

    @property
    def offset_after(self) -> int | None:
        """Where the next rows begin; None at the end."""
        end = self.offset + len(self.rows)
        return end if end < self.total else None


def money(cents: int, currency: str) -> str:
    """1242177, 'EUR' -> 'EUR 12,421.77'."""
    return f"{currency} {cents // 100:,}.{cents % 100:02d}".strip()
