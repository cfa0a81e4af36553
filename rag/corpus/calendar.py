"""Times as people say them: 'since May', 'this week', 'between 1 March and 30 June 2025'. Weeks begin on Monday."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from rag.analysis.entity_rules import iso_date
from rag.answering.ground import MONTHS

Span = tuple[date, date]
"""First day, and the day after the last."""

_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
MOMENT = (
    rf"(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?(?![\w/])|{_MONTH}(?:,? \d{{4}})?|q[1-4] \d{{4}}|(?:19|20)\d\d"
    rf"|(?:this|last|the last|the previous|the current|the) (?:week|month|quarter|year)|today|yesterday|(?:last )?(?:{'|'.join(_DAYS)}))(?![\w-])"
)
"""Pattern of a day, month, quarter or year."""
_RANGES: tuple[tuple[str, Callable[[Span, Span | None], tuple[date | None, date | None]]], ...] = (
    (rf"between (?P<a>{MOMENT}) and (?P<b>{MOMENT})", lambda a, b: (a[0], (b or a)[1])),
    (rf"from (?P<a>{MOMENT}) (?:to|until|till|through) (?P<b>{MOMENT})", lambda a, b: (a[0], (b or a)[1])),
    (rf"(?:since|as of|starting|on or after|from (?=[^,]*\bon(?:wards?)?\b)) ?(?P<a>{MOMENT})(?: on(?:wards?)?)?", lambda a, _: (a[0], None)),
    (rf"(?:after|later than) (?P<a>{MOMENT})", lambda a, _: (a[1], None)),
    (rf"(?:before|earlier than|prior to) (?P<a>{MOMENT})", lambda a, _: (None, a[0])),
    (rf"(?:until|till|up to|by|no later than|on or before) (?P<a>{MOMENT})", lambda a, _: (None, a[1])),
    (rf"(?:(?:in|on|during|of|from|for|within) )?(?P<a>{MOMENT})", lambda a, _: a),
)  # fmt: skip
_LAST = re.compile(
    rf"(?:in|within|during|over|from)? ?the (?:last|past|previous) (?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)}) (?P<unit>day|week|month|year)s?\b",
    re.I,
)
_PATTERNS = tuple((re.compile(pattern, re.I), bounds) for pattern, bounds in _RANGES)


def match_range(text: str, position: int, today: date) -> tuple[int, date | None, date | None] | None:
    """(end, first day, day after the last) of the time that is said at `position`; None when none is."""
    if match := _LAST.match(text, position):
        return match.end(), _before(today, match["n"], match["unit"].casefold()), None
    for pattern, bounds in _PATTERNS:
        if match := pattern.match(text, position):
            first = span(match["a"], today)
            last = span(match["b"], today) if "b" in pattern.groupindex else None
            if first is None or ("b" in pattern.groupindex and last is None):
                continue
            if last is not None:
                first = _towards(match["a"], match["b"], first, last, today)
            after, before = bounds(first, last)
            return match.end(), after, before
    return None


def span(words: str, today: date) -> Span | None:
    """The days that are meant. Without a year, the latest such day or month that has begun."""
    plain = " ".join(words.casefold().replace(",", " ").replace(".", ". ").split()).replace(". ", ".")
    plain = re.sub(r"(?<=[a-z])\.", "", plain)
    if named := _named(plain, today):
        return named
    if re.fullmatch(r"(?:19|20)\d\d", plain):
        return date(int(plain), 1, 1), date(int(plain) + 1, 1, 1)
    if quarter := re.fullmatch(r"q([1-4]) (\d{4})", plain):
        return _months(int(quarter[2]), 3 * int(quarter[1]) - 2, 3)
    if plain[:3] in {month[:3] for month in MONTHS} and re.fullmatch(r"[a-z]+", plain):
        month = _month(plain)
        return _months(today.year if month <= today.month else today.year - 1, month, 1)
    if iso := iso_date(plain):
        return _iso(iso)
    for year in (today.year, today.year - 1):
        if (iso := iso_date(f"{plain} {year}")) and len(iso) == 10 and date.fromisoformat(iso) <= today:
            return _iso(iso)
    return None


def _named(plain: str, today: date) -> Span | None:
    day = timedelta(days=1)
    monday = today - today.weekday() * day
    unit = plain.rpartition(" ")[2]
    last = plain.startswith(("last ", "the last ", "the previous "))
    if plain == "today":
        return today, today + day
    if plain == "yesterday":
        return today - day, today
    if unit == "week":
        return (monday - 7 * day, monday) if last else (monday, monday + 7 * day)
    if unit == "month":
        first = today.replace(day=1)
        before = (first - day).replace(day=1)
        return (before, first) if last else _months(today.year, today.month, 1)
    if unit == "quarter":
        month = 3 * ((today.month - 1) // 3) + 1 - (3 if last else 0)
        return _months(today.year if month > 0 else today.year - 1, month if month > 0 else month + 12, 3)
    if unit == "year":
        year = today.year - last
        return date(year, 1, 1), date(year + 1, 1, 1)
    if unit in _DAYS:
        back = (today.weekday() - _DAYS.index(unit)) % 7
        found = today - (back or (7 if last else 0)) * day
        return found, found + day
    return None


def _before(today: date, count: str, unit: str) -> date:
    number = _NUMBERS.get(count.casefold()) or int(count)
    if unit in ("day", "week"):
        return today - timedelta(days=number * (7 if unit == "week" else 1))
    months = today.year * 12 + today.month - 1 - number * (12 if unit == "year" else 1)
    first = date(months // 12, months % 12 + 1, 1)
    return first + timedelta(days=min(today.day, ((_months(first.year, first.month, 1)[1]) - first).days) - 1)


def _months(year: int, month: int, count: int) -> Span:
    after = month + count - 1
    return date(year, month, 1), date(year + after // 12, after % 12 + 1, 1)


def _month(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name[:3]))


def _iso(text: str) -> Span:
    if len(text) == 7:
        return _months(int(text[:4]), int(text[5:]), 1)
    first = date.fromisoformat(text)
    return first, first + timedelta(days=1)


def _towards(begin: str, end: str, first: Span, last: Span, today: date) -> Span:
    """'March' of 'between March and June 2025' is that of 2025; November of 'between November and February' the one before."""
    if re.search(r"\d{4}", begin):
        return first
    if year := re.search(r"\d{4}", end):
        first = span(f"{begin} {year[0]}", today) or first
    return _earlier(first) if first[0] > last[0] else first


def _earlier(span: Span) -> Span:
    """The same a year before; 29 February becomes the 28th."""
    first, after = (date(d.year - 1, d.month, 28 if (d.month, d.day) == (2, 29) else d.day) for d in span)
    return first, after
