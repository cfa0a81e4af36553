"""The sum that is to be paid: what its row says, how often it stands there, and whether cash, change and taxes agree. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from rag.fields import labels
from rag.fields.layout import Row
from rag.fields.values import Amount, amounts

_PAID = re.compile(
    r"(?<!\w)(?:cash(?: tendered)?|tender(?:ed)?|paid(?: amount)?|payment|bar|gegeben|erhalten|visa|master(?:card)?|card)(?!\w)",
    re.I,
)
_CHANGE = re.compile(r"(?<!\w)(?:change|ch|rückgeld|wechselgeld|zurück)(?!\w)", re.I)
_SUBTOTAL = re.compile(r"(?<!\w)(?:sub ?-?total|zwischensumme|net(?:to)?|excl\w*|untaxed)(?!\w)", re.I)
_TAX = re.compile(r"(?<!\w)(?:vat|tax|gst|mwst|ust|mehrwertsteuer|umsatzsteuer|tva|btw|iva)(?!\w)", re.I)
_CARD = re.compile(
    r"(?<!\w)(?:visa|master ?card|mastercard|maestro|amex|american express|debit(?: card)?|credit card|girocard|ec[- ]karte|e-?wallet)(?!\w)",
    re.I,
)
_ROUNDING = re.compile(r"(?<!\w)(?:round(?:ing|ed|g)?(?: adj\w*| diff\w*)?|rundung\w*|ausgleich)(?!\w)", re.I)
_SUMMARY = re.compile(
    r"(?<!\w)(?:gst|sst|vat|tax|mwst|ust|steuer|tva)\W{0,3}(?:summary|analysis|breakdown|details|code|rate)(?!\w)"
    r"|(?<!\w)(?:amount|amt|net)\W{0,3}(?:\(\w{1,3}\))?\W{1,6}(?:gst|sst|vat|tax)\W{0,2}\(\w{1,3}\)",
    re.I,
)
"""The head of a table that tells taxes apart; its 'total' row is none of the receipt."""
SUMMARY_ROWS = 8
_INCLUDED = re.compile(r"(?<!\w)incl(?!\w*\W{0,3}(?:discount|rabatt))", re.I)
_MISREAD = re.compile(r"(?<!\w)[tfjil17]?[o0cqeu][tfil1][a4eo][l1i!|t](?!\w)", re.I)
"""'TOTAL' as a poor reader has it: 'T0TAL', 'IOTAI', 'otal'."""
NEXT_ROW = 0.7
MISREAD_FACTOR = 0.8
SUMMARY_LOSS = 0.3
LARGEST_ROUNDING = Decimal("0.50")


def totals(
    rows: Sequence[Row], words: tuple[str, ...], forbidden: tuple[str, ...]
) -> Iterator[tuple[Row, Amount, float]]:
    """Candidates with their scores; offsets are in the row's text."""
    by_row = [[one for one in amounts(row.text) if one.value > 0] for row in rows]
    exact = [one for found in by_row for one in found if one.exact]
    counts = Counter(one.value for one in exact)
    paid, taxed = _paid_less_change(rows, by_row) | _by_card(rows, by_row), _net_plus_tax(rows, by_row)
    rounded = _rounded(rows, by_row)
    agreed = paid | taxed
    apart = _in_summaries(rows, by_row, words)
    top = max((one.value for one in exact), default=Decimal(0))

    def bonus(value: Decimal) -> float:
        return (
            min(0.12, 0.05 * (counts[value] - 1))
            + 0.2 * (value in paid)
            + 0.1 * (value in taxed)
            + 0.12 * (value in rounded)
            + 0.03 * (value == top)
        )

    for index, row in enumerate(rows):
        lowness = 0.04 * index / max(1, len(rows)) - SUMMARY_LOSS * (index in apart)
        for label in _labels(row, words):
            found = _beside(row, by_row[index], label, forbidden)
            if found is not None:
                yield row, found, 0.72 * label.weight + bonus(found.value) + lowness - 0.3 * (not found.exact)
            elif not by_row[index] and index + 1 < len(rows) and not _forbidden(row, label, forbidden):
                below = [one for one in by_row[index + 1] if one.exact]
                if below and not re.search(r"[^\W\d_]{4,}", rows[index + 1].text):
                    yield rows[index + 1], below[-1], 0.72 * label.weight * NEXT_ROW + bonus(below[-1].value)
    for index, row in enumerate(rows):
        for one in by_row[index]:
            if one.exact and one.value in agreed:
                yield row, one, 0.45 + bonus(one.value)
            elif one.exact and one.value == top and not _CHANGE.search(row.text) and not _PAID.search(row.text):
                yield row, one, 0.28 + bonus(one.value)


def _labels(row: Row, words: tuple[str, ...]) -> list[labels.Label]:
    """What names the sum; where a scan's row has no label as it is spelt, what 'total' may have been misread as."""
    found = labels.find(row.text, words)
    if found or "total" not in words:
        return found
    usual = next(label for label in labels.find("total", words))
    return [
        labels.Label(match.start(), match.end(), usual.weight * MISREAD_FACTOR, match.group())
        for match in _MISREAD.finditer(row.text)
    ]


def _in_summaries(rows: Sequence[Row], by_row: Sequence[Sequence[Amount]], words: tuple[str, ...]) -> set[int]:
    """Rows of tables that tell taxes apart, below the sum itself."""
    summed = [index for index, row in enumerate(rows) if by_row[index] and labels.find(row.text, words)]
    found: set[int] = set()
    for head, row in enumerate(rows):
        if summed and head > summed[0] and not by_row[head] and _SUMMARY.search(row.text):
            below = range(head + 1, min(head + 1 + SUMMARY_ROWS, len(rows)))
            found |= {index for index in below if rows[index].page == row.page}
    return found


def _beside(row: Row, found: Sequence[Amount], label: labels.Label, forbidden: tuple[str, ...]) -> Amount | None:
    """The last sum right of the label, unless a word between them says that it is another one."""
    right = [one for one in found if one.start >= label.end]
    if not right or _forbidden(row, label, forbidden):
        return None
    pick = next((one for one in reversed(right) if one.exact), right[0])
    said = row.text[label.start : pick.start]  # 'Total GST' begins with a label too
    return None if labels.holds(said, forbidden) and not _INCLUDED.search(said) else pick


def _forbidden(row: Row, label: labels.Label, forbidden: tuple[str, ...]) -> bool:
    before = re.split(r"   |\d[.,]\d\d", row.text[: label.start])[-1]
    return labels.holds(before[-24:], forbidden) or labels.holds(label.text, forbidden)


def _last(pattern: re.Pattern[str], rows: Sequence[Row], by_row: Sequence[Sequence[Amount]]) -> set[Decimal]:
    return {
        found[-1].value
        for row, found in zip(rows, by_row, strict=True)
        if found and found[-1].exact and pattern.search(row.text[: found[-1].start])
    }


def _paid_less_change(rows: Sequence[Row], by_row: Sequence[Sequence[Amount]]) -> set[Decimal]:
    paid, change = _last(_PAID, rows, by_row), _last(_CHANGE, rows, [amounts(row.text) for row in rows])
    known = {one.value for found in by_row for one in found}
    return {gave - back for gave in paid for back in change if gave > back and gave - back in known}


def _by_card(rows: Sequence[Row], by_row: Sequence[Sequence[Amount]]) -> set[Decimal]:
    """A card is charged what is to be paid."""
    return _last(_CARD, rows, by_row)


def _rounded(rows: Sequence[Row], by_row: Sequence[Sequence[Amount]]) -> set[Decimal]:
    """Sums below a rounding line that differ by it from a sum above it."""
    found: set[Decimal] = set()
    for index, row in enumerate(rows):
        if not _ROUNDING.search(row.text):
            continue
        steps = {abs(one.value) for one in amounts(row.text) if one.exact and 0 < abs(one.value) <= LARGEST_ROUNDING}
        before = {one.value for above in by_row[:index] for one in above if one.exact}
        after = {one.value for below in by_row[index:] for one in below if one.exact} - steps
        found |= {one for one in after for step in steps if one + step in before or one - step in before}
    return found


def _net_plus_tax(rows: Sequence[Row], by_row: Sequence[Sequence[Amount]]) -> set[Decimal]:
    net, tax = _last(_SUBTOTAL, rows, by_row), _last(_TAX, rows, by_row)
    known = {one.value for found in by_row for one in found}
    return {a + b for a in net for b in tax if a > b and a + b in known}
