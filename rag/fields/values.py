"""Amounts and dates as they are written in documents, and their normal forms. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

_MONTH_NAMES = (
    "jan january januar jänner janvier enero gennaio januari stycznia",
    "feb february februar février fevrier febrero febbraio februari lutego",
    "mar march märz maerz mrz mars marzo maart marca",
    "apr april avril abril aprile kwietnia",
    "may mai mayo maggio mei maja",
    "jun june juni juin junio giugno czerwca",
    "jul july juli juillet julio luglio lipca",
    "aug august août aout agosto augustus sierpnia",
    "sep sept september septembre septiembre settembre września",
    "oct october oktober okt octobre octubre ottobre października",
    "nov november novembre noviembre listopada",
    "dec december dezember dez décembre decembre diciembre dicembre grudnia",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?:(?:19|20)\d\d|'?\d\d)"
_DATES = (
    rf"(?P<d1>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of|,| de)?[ \-./]?\s?(?P<m1>{_MONTH})\b\.?,?[ \-./]?\s?(?P<y1>{_YEAR})",
    rf"(?P<m2>{_MONTH})\b\.?[ \-/]?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)? ?[,\-/]? ?(?P<y2>(?:19|20)\d\d)",
    rf"(?P<y6>(?:19|20)\d\d)[ \-/.](?P<m6>{_MONTH})\b\.?[ \-/.]?(?P<d6>\d{{1,2}})",
    r"(?P<y3>(?:19|20)\d\d)(?P<s3>[-/.]) ?(?P<m3>\d{1,2})(?P=s3) ?(?P<d3>\d{1,2})",
    rf"(?P<a4>\d{{1,2}}) ?(?P<s4>[-/.]) ?(?P<b4>\d{{1,2}}) ?(?P=s4) ?(?P<y4>{_YEAR})",
    r"(?P<y5>20[0-3]\d)(?P<m5>0[1-9]|1[0-2])(?P<d5>[0-2]\d|3[01])",
)
_DATE = re.compile(rf"(?<![\w./-])(?:{'|'.join(_DATES)})(?!\w|[/.]\d|-\d(?!\d?[./]))", re.IGNORECASE)

_CODES = (
    "EUR USD GBP CHF CAD AUD NZD JPY INR MYR SGD HKD SEK NOK DKK PLN CZK HUF RON BGN TRY BRL MXN ZAR CNY THB IDR PHP"
)
_SIGNS = {
    "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "RM": "MYR", "S$": "SGD", "HK$": "HKD", "A$": "AUD",
    "C$": "CAD", "US$": "USD", "zł": "PLN", "Kč": "CZK", "Fr.": "CHF", "Rs.": "INR", "Rs": "INR", "R$": "BRL",
}  # fmt: skip
CURRENCY = (
    "(?:" + "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True)) + "|"
    rf"(?:{_CODES.replace(' ', '|')})(?![a-zA-Z]))"
)
_NUMBER = (
    r"\d{1,3}(?:[ \u00a0]\d{3})+,\d{2}(?!\d)"  # only with a decimal comma: '4 101.76' are two cells of a row
    r"|\d{1,3}(?:[.,'’]\d{2,3})*[.,'’]\d{3}(?:[.,] ?\d{1,2})?(?!\d)|\d+(?:[.,] ?\d{1,2})?(?!\d)"
)
_AMOUNT = re.compile(
    rf"(?<![\w.,/-])(?P<before>{CURRENCY})?[ \u00a0]?\.?(?P<sign>[-−–])? ?(?P<number>{_NUMBER})(?![\w/%]|[.,'-]\d| ?%)"
    rf"(?:[ \u00a0]?(?P<after>{CURRENCY})|(?P<minus>-)(?!\w))?"
    rf"|(?<=[A-Za-z$])(?P<number2>\d+\.\d\d)(?![\w/%]|[.,'-]\d)"  # 'PM7.00': a currency that was misread
)
_MISREAD = str.maketrans("OoDQIl|!SBZG", "000011115826")
_DIGIT = r"[\dOoDQIl|!SBZG]"
_DAMAGED = re.compile(
    rf"(?<![^\s:(])(?=\S*\d)(?:{_DIGIT}{{1,2}}([/.-]){_DIGIT}{{1,2}}\1(?:{_DIGIT}{{4}}|{_DIGIT}{{2}})"
    rf"|(?=\S?\S?\d){_DIGIT}{{1,5}}\.{_DIGIT}{{2}})(?![^\s,;)])"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money, or a plain number, at [start, end) of the text it was found in."""

    start: int
    end: int
    value: Decimal
    currency: str = ""
    """ISO 4217, empty where none is written beside it."""
    exact: bool = False
    """Written with two decimals, as sums are."""


@dataclass(frozen=True, slots=True)
class Day:
    start: int
    end: int
    value: str
    """ISO date."""
    ambiguous: bool = False
    """Day and month could be the other way round."""


def amounts(text: str) -> list[Amount]:
    """Every number that can be a sum, in order; parts of dates, references and percentages are none."""
    found = []
    for match in _AMOUNT.finditer(text):
        number = match["number"] or match["number2"]
        value = decimal(number)
        if value is None:
            continue
        exact = re.search(r"[.,] ?\d\d$", number) is not None
        if match["number2"]:
            found.append(Amount(*match.span("number2"), value, "", exact))
            continue
        first = "before" if match["before"] else "sign" if match["sign"] else "number"
        last = "after" if match["after"] else "minus" if match["minus"] else "number"
        negative = bool(match["sign"] or match["minus"])
        own = currency(match["before"] or match["after"] or "")
        found.append(Amount(match.start(first), match.end(last), -value if negative else value, own, exact))
    return found


def decimal(text: str) -> Decimal | None:
    """'1.234,56', '1,234.56', \"1'234.5\", '57. 80' -> the number; None when it is none."""
    plain = re.sub(r"(?<=[.,]) (?=\d{1,2}$)", "", text.strip())
    whole, fraction = plain, ""
    if match := re.fullmatch(r"(.*\d)[.,](\d{1,2})", plain):
        whole, fraction = match[1], match[2]
    digits = re.sub(r"[.,'’ \u00a0]", "", whole)
    if not digits.isdigit() or len(digits) > 15:
        return None
    try:
        return Decimal(f"{digits}.{fraction}" if fraction else digits)
    except InvalidOperation:
        return None


def currency(text: str) -> str:
    """ISO 4217 of a sign or code, '' for anything else."""
    plain = text.strip()
    return _SIGNS.get(plain) or (plain.upper() if plain.upper() in _CODES.split() else "")


def usual_currency(text: str) -> str:
    """The currency that the text writes most often beside or above numbers; '' when it writes none."""
    counts = Counter(currency(match) for match in re.findall(rf"(?<![A-Za-z]){CURRENCY}", text))
    return counts.most_common(1)[0][0] if counts else ""


def days(text: str, *, month_first: bool = False) -> list[Day]:
    """Every full date, in order. Two-digit years are of this century up to 69, as POSIX has it."""
    found = []
    for match in _DATE.finditer(text):
        got = match.groupdict()
        ambiguous = False
        if got["a4"]:
            first, second = int(got["a4"]), int(got["b4"])
            ambiguous = first <= 12 and second <= 12 and first != second and got["s4"] != "."
            month, day = (first, second) if second > 12 or (ambiguous and month_first) else (
                second, first)  # fmt: skip
            year = got["y4"].strip("'")
        else:
            number = next(number for number in "12356" if got[f"y{number}"])
            name = got[f"m{number}"].casefold()
            month, day, year = _MONTHS.get(name) or int(name), int(got[f"d{number}"]), got[f"y{number}"].strip("'")
        value = _iso(int(year) + (0 if len(year) == 4 else 2000 if int(year) < 70 else 1900), month, day)
        if value:
            found.append(Day(match.start(), match.end(), value, ambiguous))
    return found


def repaired(text: str) -> str:
    """Letters that a reader takes for digits as digits, in what has the form of a date or a sum; offsets unchanged."""
    return _DAMAGED.sub(lambda match: match.group().translate(_MISREAD), text)


def writes_month_first(text: str) -> bool:
    """True when a date in the text can only be read month first, and none only day first."""
    orders = set()
    for match in re.finditer(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(?:\d{4}|\d{2})(?![\d/])", text):
        first, second = int(match[1]), int(match[2])
        if max(first, second) > 12:
            orders.add(second > 12)
    return orders == {True}


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
