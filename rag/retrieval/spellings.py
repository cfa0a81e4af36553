"""Codes, numbers and dates in spellings that match each other, for exact search by words. Pure."""

from __future__ import annotations

import re

from rag.analysis.entity_rules import iso_date

_TOKEN = re.compile(r"[^\s\"'“”‘’()\[\]{}<>]+")
_DIGIT = re.compile(r"\d")
_AMOUNT = re.compile(r"\d+(?:[.,'’]\d+)*")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ -]{_MONTH}\.?,?[ -]\d{{4}}|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{4})\b",
    re.I,
)
_EITHER = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")


def codes(text: str) -> list[str]:
    """What holds a digit, in spellings that match each other, each once: 'INV-2024-0117' also as 'inv20240117', '$4,850.00'
    and '4.850,00' as '4850', '28 February 2030' as '2030-02-28'."""
    found: dict[str, None] = {}
    for token in _TOKEN.findall(text):
        if not _DIGIT.search(token):
            continue
        plain = token.strip(".,;:!?#$€£%*|_–-").casefold()
        if not plain:
            continue
        found[plain] = None
        if _AMOUNT.fullmatch(plain):
            found[_plain_number(plain)] = None
        elif joined := re.sub(r"[^\w]", "", plain):
            found[joined] = None
    for match in _DATE.finditer(" ".join(text.split())):
        found.update(dict.fromkeys(_dates(match.group())))
    return list(found)


def _dates(text: str) -> list[str]:
    """The ISO date, or both that it may be: 03/04/2024 is March in one country and April in another."""
    if date := iso_date(text):
        return [date]
    if either := _EITHER.fullmatch(text):
        first, second, year = either.groups()
        return [date for date in (iso_date(f"{year}-{first}-{second}"), iso_date(f"{year}-{second}-{first}")) if date]
    return []


def _plain_number(text: str) -> str:
    """Without group separators, and without decimals that are zero."""
    body, decimals = text, ""
    if match := re.fullmatch(r"(.*)[.,](\d{1,2})", text):
        body, decimals = match.groups()
    body = re.sub(r"[.,'’]", "", body)
    return body + (f".{decimals}" if decimals.strip("0") else "")
