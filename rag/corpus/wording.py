"""What was counted, in plain words: the question as it was understood, and the answer with its rows."""

from __future__ import annotations

from datetime import date, timedelta

from rag.access.principal import shown
from rag.corpus.kinds import forms
from rag.corpus.query import AmountRange, CorpusQuery, Counted, DateOf, DateRange, Kind, Row, Wants, money

_AMOUNT = "total (the largest amount, where no total was found)"
_DATE = "own date (the first of the text, where none was found as such)"


def understood(query: CorpusQuery) -> str:
    """'documents of the type invoice; that mention “Northgate”; whose total ... is above 10,000.00'."""
    parts = [" or ".join(_kind(kind) for kind in query.kinds) if query.kinds else "documents of any type"]
    parts += ["that mention " + " or ".join(f"“{name}”" for name in group) for group in query.mentions]
    parts += [
        "that come from "
        + " or ".join(f"“{name}”" for name in group)
        + " (whom they mention, where no sender or supplier was found)"
        for group in query.issuers
    ]
    if query.amount is not None:
        parts.append(f"whose {_AMOUNT}{_currency(query.amount)} is {_range(query.amount)}")
    elif query.wants.of_amounts:
        parts.append(f"by the {_AMOUNT}")
    parts += [_dates(item) for item in query.dates]
    if query.wants in (Wants.LATEST, Wants.EARLIEST):
        parts.append(f"by their {_DATE}")
    parts += [f"with {key} = {value} in their metadata" for key, value in query.filter.metadata]
    return "; ".join(parts)


def told(counted: Counted) -> str:
    """The answer as text: the number, how it was counted, and the rows that are shown with their citations."""
    query = counted.query
    where = "the library"
    if query.filter.collections:
        where = "the collection " + " and ".join(shown(name) for name in query.filter.collections)
    looked = (
        f"all {counted.in_scope:,} documents of {where}" if counted.in_scope != 1 else f"the one document of {where}"
    )
    if query.filter.document_ids:
        looked = f"the {counted.in_scope:,} chosen documents"
    lines = [f"{_result(counted)} Counted exactly over {looked}: {counted.understood}."]
    if query.needs_amount and len(counted.sums) > 1:
        lines.append("Amounts are in several currencies and were not converted.")
    lines += _left_out(counted)
    lines += [_line(row) for row in counted.rows]
    if counted.offset_after is not None:
        lines.append(f"… and {counted.total - counted.offset_after:,} more.")
    return "\n".join(lines)


def noun(query: CorpusQuery, number: int) -> str:
    words = [forms(kind.word)[number != 1] for kind in query.kinds] or [forms("document")[number != 1]]
    return " or ".join(words)


def _result(counted: Counted) -> str:
    query, total = counted.query, counted.total
    things = noun(query, total)
    if not total:
        return f"No {noun(query, 1)}."
    if query.wants is Wants.TOTAL:
        parts = [f"{money(s.cents, s.currency)} over {s.documents:,} {noun(query, s.documents)}" for s in counted.sums]
        return f"In total {', '.join(parts)}."
    if query.wants is Wants.AVERAGE:
        parts = [
            f"{money(round(s.cents / s.documents), s.currency)} over {s.documents:,} {noun(query, s.documents)}"
            for s in counted.sums
        ]
        return f"On average {', '.join(parts)}."
    first = counted.rows[0] if counted.rows and counted.offset == 0 else None
    if first and query.wants.of_amounts:
        return f"The {query.wants} of {total:,} {things}: {first.filename}, {first.amount}."
    if first and first.date and query.wants in (Wants.LATEST, Wants.EARLIEST):
        return f"The {query.wants} of {total:,} {things}: {first.filename}, {first.date.value}."
    return f"{total:,} {things}."


def _left_out(counted: Counted) -> list[str]:
    lines = []
    if counted.without_amount:
        lines.append(f"{_documents(counted.without_amount)} in which no such amount was found: not counted.")
    if counted.without_date:
        lines.append(f"{_documents(counted.without_date)} that give no full date: not counted.")
    if counted.unread:
        lines.append(f"{_documents(counted.unread)} not read yet, or that could not be read: not counted.")
    return lines


def _documents(count: int) -> str:
    return f"{count:,} {forms('document')[count != 1]}"


def _line(row: Row) -> str:
    facts = [row.filename]
    if row.amount:
        facts.append(f"{row.amount}{' (largest amount)' if row.amount.source == 'largest' else ''}")
    if row.date:
        facts.append(row.date.value)
    markers = "".join(f"[{marker}]" for marker in dict.fromkeys(match.citation for match in row.matches))
    return f"- {', '.join(facts)} {markers}"


def _kind(kind: Kind) -> str:
    parts = [f"documents of the type {kind.label}"] if kind.label else ["documents"]
    if kind.title:
        called = " or ".join(f"“{phrase}”" for phrase in kind.title.split("|"))
        parts.append(f"whose name or title says {called}")
    if kind.media:
        parts.append(f"whose file is a {kind.word}")
    return " ".join(parts)


def _currency(amount: AmountRange) -> str:
    return f" in {amount.currency}" if amount.currency else " (in any currency)"


def _range(amount: AmountRange) -> str:
    low, high = amount.low, amount.high
    if low is not None and low == high:
        return f"exactly {_plain(low)}"
    parts = []
    if low is not None:
        # 'above 10,000' is kept as 'at least 10,000.01'.
        parts.append(f"above {_plain(low - 1)}" if low % 100 == 1 else f"at least {_plain(low)}")
    if high is not None:
        parts.append(f"below {_plain(high + 1)}" if high % 100 == 99 else f"at most {_plain(high)}")
    return " and ".join(parts)


def _plain(cents: int) -> str:
    return f"{cents / 100:,.2f}"


def _dates(item: DateRange) -> str:
    which = "that were uploaded" if item.of is DateOf.UPLOAD else f"whose {_DATE} lies"
    bounds = []
    if item.after is not None:
        bounds.append(f"on or after {item.after.isoformat()}")
    if item.before is not None:
        bounds.append(f"on or before {_last(item.before)}")
    return f"{which} {' and '.join(bounds)}"


def _last(before: date) -> str:
    return (before - timedelta(days=1)).isoformat()
