"""Corpus queries over HTTP: the typed query of POST /v1/query, and what counting gives as JSON."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import Field, model_validator

from rag.access.principal import shown
from rag.api.scope import Body, Scope
from rag.corpus import kinds
from rag.corpus.amounts import bounds
from rag.corpus.query import AmountRange, CorpusQuery, Counted, DateOf, DateRange, Kind, Row, Wants, money
from rag.errors import InvalidInput
from rag.model import Filter


class AmountBody(Body):
    """Bounds in the currency's unit: 10000 or "10000.50"; two of them make a range."""

    above: Decimal | None = Field(None, ge=0, le=10**12, decimal_places=2)
    at_least: Decimal | None = Field(None, ge=0, le=10**12, decimal_places=2)
    below: Decimal | None = Field(None, ge=0, le=10**12, decimal_places=2)
    at_most: Decimal | None = Field(None, ge=0, le=10**12, decimal_places=2)
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$")

    def range(self) -> AmountRange:
        lows, highs = [], []
        for how, value in (
            ("above", self.above),
            ("at_least", self.at_least),
            ("below", self.below),
            ("at_most", self.at_most),
        ):
            if value is not None:
                found = bounds(how, int(value * 100))
                lows += [found.low] if found.low is not None else []
                highs += [found.high] if found.high is not None else []
        return AmountRange(max(lows, default=None), min(highs, default=None), self.currency)


class DatesBody(Body):
    """`after` is the first day that counts, `before` the first that does not."""

    after: date | None = None
    before: date | None = None


class QueryBody(Scope):
    """Either a question in words, or the typed query; all that is given must hold."""

    question: str | None = Field(None, max_length=400, description="In words, as in /v1/ask; without the fields below.")
    wants: Wants = Wants.LIST
    kinds: list[str] = Field(default_factory=list, max_length=20, description="Document types; one of them.")
    mentions: list[str | list[str]] = Field(
        default_factory=list, max_length=10, description="Names or phrases, all of them; of an inner list one of them."
    )
    issuers: list[str | list[str]] = Field(
        default_factory=list, max_length=10, description="Whom it comes from: by its fields, or else by mention."
    )
    amount: AmountBody | None = Field(None, description="Of the document's total, or else its largest amount.")
    dated: DatesBody | None = Field(None, description="The document's own date: the first full one of its text.")
    uploaded: DatesBody | None = None
    offset: int = Field(0, ge=0, le=10**9)
    limit: int = Field(50, ge=1, le=200)

    @model_validator(mode="after")
    def _one_way(self) -> QueryBody:
        typed = {"wants", "kinds", "mentions", "issuers", "amount", "dated", "uploaded"} & self.model_fields_set
        if self.question is not None and typed:
            raise ValueError(f"send `question` or the typed query, not both ({', '.join(sorted(typed))})")
        return self

    def query(self, labels: tuple[str, ...]) -> CorpusQuery:
        """Raises InvalidInput."""
        dates = [
            DateRange(of, body.after, body.before)
            for of, body in ((DateOf.DOCUMENT, self.dated), (DateOf.UPLOAD, self.uploaded))
            if body and (body.after or body.before)
        ]
        return CorpusQuery(
            wants=self.wants,
            kinds=tuple(kind for kind in (_kind(word, labels) for word in self.kinds) if kind != kinds.ANY),
            mentions=_groups(self.mentions),
            issuers=_groups(self.issuers),
            amount=self.amount.range() if self.amount else None,
            dates=tuple(dates),
            filter=self.filter(),
        )


def _groups(given: list[str | list[str]]) -> tuple[tuple[str, ...], ...]:
    groups = tuple((group,) if isinstance(group, str) else tuple(group) for group in given)
    if any(not name.strip() or len(name) > 300 for group in groups for name in group) or not all(groups):
        raise InvalidInput("A name in the query is empty or too long.", "Send names of 1 to 300 characters.")
    return groups


def _kind(word: str, labels: tuple[str, ...]) -> Kind:
    found = kinds.find_kind(word, labels)
    if found is None:
        raise InvalidInput(f"'{word[:60]}' is no kind of document.", f"Choose of: {', '.join(kinds.known(labels))}.")
    return found


def query_record(query: CorpusQuery) -> dict[str, Any]:
    """In the shape of `QueryBody`: sent back with an offset, it gives the next rows."""
    record: dict[str, Any] = {"wants": query.wants.value}
    record["kinds"] = [kind.word for kind in query.kinds]
    record["mentions"] = [list(group) for group in query.mentions]
    record["issuers"] = [list(group) for group in query.issuers]
    if query.amount:
        low, high = query.amount.low, query.amount.high
        bounded = {"at_least": _decimal(low), "at_most": _decimal(high), "currency": query.amount.currency}
        record["amount"] = {key: value for key, value in bounded.items() if value is not None}
    for item in query.dates:
        name = "uploaded" if item.of is DateOf.UPLOAD else "dated"
        days = {"after": item.after, "before": item.before}
        record[name] = {key: day.isoformat() for key, day in days.items() if day}
    return record | _scope_record(query.filter)


def _scope_record(scope: Filter) -> dict[str, Any]:
    filters: dict[str, Any] = {
        "type": list(scope.types),
        "entity": list(scope.entities),
        "media_type": list(scope.media_types),
        "tag": list(scope.tags),
        "metadata": dict(scope.metadata),
        "created_after": scope.created_after.isoformat() if scope.created_after else None,
        "created_before": scope.created_before.isoformat() if scope.created_before else None,
    }
    filters = {key: value for key, value in filters.items() if value}
    record = {
        "collection": [shown(name) for name in scope.collections],
        "document_ids": list(scope.document_ids),
        "filters": filters,
    }
    return {key: value for key, value in record.items() if value}


def counted_record(counted: Counted) -> dict[str, Any]:
    return {
        "query": query_record(counted.query),
        "understood": counted.understood,
        "total": counted.total,
        "in_scope": counted.in_scope,
        "unread": counted.unread,
        "without_amount": counted.without_amount,
        "without_date": counted.without_date,
        "sums": [
            {
                "currency": item.currency,
                "documents": item.documents,
                "total": _decimal(item.cents),
                "smallest": _decimal(item.smallest),
                "largest": _decimal(item.largest),
            }
            for item in counted.sums
        ],
        "offset": counted.offset,
        "next_offset": counted.offset_after,
        "rows": [_row_record(row) for row in counted.rows],
    }


def _row_record(row: Row) -> dict[str, Any]:
    amount = row.amount
    return {
        "document_id": row.document_id,
        "filename": row.filename,
        "collection": shown(row.collection),
        "type": row.type,
        "uploaded": row.uploaded.isoformat(),
        "amount": amount
        and {
            "text": money(amount.cents, amount.currency),
            "value": _decimal(amount.cents),
            "currency": amount.currency,
            "source": amount.source,
        },
        "date": row.date.value if row.date else None,
        "matches": [
            {
                "what": match.what,
                "page": match.page,
                "start": match.start,
                "end": match.end,
                "text": match.text,
                "citation": match.citation,
            }
            for match in row.matches
        ],
    }


def _decimal(cents: int | None) -> str | None:
    """Exact as text: JSON numbers are floats to many readers."""
    return None if cents is None else f"{cents // 100}.{cents % 100:02d}"
