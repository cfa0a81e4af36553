"""Amounts as people say them in questions: '10,000', 'EUR 2.5k', '$1 million', in hundredths of the currency."""

from __future__ import annotations

import re
from decimal import Decimal

from rag.corpus.query import AmountRange

_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "rm": "MYR", "euro": "EUR", "euros": "EUR"}
_SIGNS |= {"dollar": "USD", "dollars": "USD", "pound": "GBP", "pounds": "GBP", "francs": "CHF", "yen": "JPY"}
_CODES = ("EUR", "USD", "GBP", "CHF", "CAD", "AUD", "JPY", "INR", "MYR", "SEK", "NOK", "DKK", "PLN", "CZK")
_SCALES = {"k": 1000, "thousand": 1000, "m": 10**6, "million": 10**6, "mn": 10**6, "bn": 10**9, "billion": 10**9}
_CURRENCY = rf"(?:{'|'.join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))}|{'|'.join(_CODES)})"
AMOUNT = (
    rf"(?:(?P<before{{n}}>{_CURRENCY})\s?)?(?P<number{{n}}>\d{{{{1,3}}}}(?:[,.'’ ]\d{{{{3}}}})+(?:[.,]\d{{{{1,2}}}})?|\d{{{{1,12}}}}(?:[.,]\d{{{{1,2}}}})?)"
    rf"(?:\s?(?P<scale{{n}}>{'|'.join(_SCALES)})\b)?(?:\s?(?P<behind{{n}}>{_CURRENCY})(?!\w))?(?![\w%])(?!\s?per ?cent)"
)
"""Pattern of one amount; `.format(n=...)` numbers its groups."""
_LEAD = (
    r"(?:(?:is|are|was|were|has|have|come|comes|amount|amounts|add up|adds up)\s+(?:to\s+)?)?"
    r"(?:(?:with|for|worth|totall?ing|valued\s+at|in\s+the\s+amount)\s+)?"
    r"(?:(?:an?|the|whose|their)\s+)?(?:(?:total|amount|value|sum|balance|total\s+amount|total\s+value)s?\s+(?:of\s+|is\s+|are\s+|due\s+|that\s+is\s+)?)?"
)
_COMPARE = (
    (r"(?:above|over|more than|greater than|larger than|bigger than|higher than|exceeds?|exceeding|in excess of|>)", "above"),
    (r"(?:at least|no less than|not less than|not below|from|>=|≥)", "at_least"),
    (r"(?:below|under|less than|smaller than|lower than|<)", "below"),
    (r"(?:at most|no more than|not more than|up to|not exceeding|not above|<=|≤)", "at_most"),
    (r"(?:exactly|equal to|of exactly)", "exactly"),
)  # fmt: skip
_ONE = tuple((re.compile(rf"{_LEAD}{words}\s*{AMOUNT.format(n=1)}", re.I), how) for words, how in _COMPARE)
_BETWEEN = re.compile(rf"{_LEAD}between\s+{AMOUNT.format(n=1)}\s+and\s+{AMOUNT.format(n=2)}", re.I)
_YEAR = re.compile(r"(?:19|20)\d\d")


def match_amounts(text: str, position: int) -> tuple[int, AmountRange] | None:
    """(end, range) of the comparison that is said at `position`; a bare year is no amount between two dates."""
    if match := _BETWEEN.match(text, position):
        currency = _currency(match, 1) or _currency(match, 2)
        if not currency and _YEAR.fullmatch(match["number1"]) and _YEAR.fullmatch(match["number2"]):
            return None
        return match.end(), AmountRange(_cents(match, 1), _cents(match, 2), currency)
    for pattern, how in _ONE:
        if match := pattern.match(text, position):
            if how == "at_least" and "from" in match[0].casefold() and not _currency(match, 1):
                return None
            return match.end(), bounds(how, _cents(match, 1), _currency(match, 1))
    return None


def bounds(how: str, cents: int, currency: str | None = None) -> AmountRange:
    """`how` is above, at_least, below, at_most or exactly."""
    low = {"above": cents + 1, "at_least": cents, "exactly": cents}.get(how)
    high = {"below": cents - 1, "at_most": cents, "exactly": cents}.get(how)
    return AmountRange(low, high, currency)


def _cents(match: re.Match[str], n: int) -> int:
    body, cents = match[f"number{n}"], "0"
    if decimals := re.fullmatch(r"(.*)[.,](\d{1,2})", body):
        body, cents = decimals[1], decimals[2]
    number = Decimal(re.sub(r"\D", "", body) + "." + cents)
    return int(number * _SCALES.get((match[f"scale{n}"] or "").casefold(), 1) * 100)


def _currency(match: re.Match[str], n: int) -> str | None:
    word = (match[f"before{n}"] or match[f"behind{n}"] or "").casefold()
    return _SIGNS.get(word, word.upper()) or None
