"""Entities that have a form: e-mail, phone, IBAN, amounts, dates, reference numbers; and what groups mentions. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_CURRENCY = r"(?:€|\$|£|¥|₹|EUR|USD|GBP|CHF|CAD|AUD|JPY|INR|MYR|RM|SEK|NOK|DKK|PLN|CZK)"
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "RM": "MYR"}
_AMOUNT = r"\d{1,3}(?:[,.'’ \u00a0]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_SCALE = r"(?:[ \u00a0]?(?:thousand|million|billion|trillion|[mb]n|[kmb])\b)?"
_LEGAL = re.compile(
    r"[\s,]+(?:ltd|limited|gmbh(?: & co\.? kg)?|inc|incorporated|llc|llp|plc|ag|kg|co|corp|corporation|company|s\.?a|s\.?r\.?l|b\.?v"
    r"|n\.?v|pty|oy|ab|a/s|sdn\.? bhd)\.?(?=$|[\s,])",
    re.I,
)
OVERLAP = 250
"""Characters: twice the longest name that is kept."""
_TITLE = re.compile(r"^(?:mr|mrs|ms|miss|dr|prof|professor|sir|madam)\.?\s+", re.I)


class Found(NamedTuple):
    start: int
    end: int
    type: str
    norm: str


def find(text: str) -> list[Found]:
    """Spans in order of their start, none over another; where two rules meet, the earlier in the list below wins."""
    found: list[Found] = []
    taken = bytearray(len(text))
    for kind, pattern, norm in _RULES:
        for match in pattern.finditer(text):
            start, end = match.span(1) if pattern.groups else match.span()
            value = norm(text[start:end])
            if value and not any(taken[start:end]):
                taken[start:end] = b"\x01" * (end - start)
                found.append(Found(start, end, kind, value))
    return sorted(found)


def normalise(text: str, kind: str = "") -> str:
    """What mentions of one thing share: case, spaces, marks, titles of persons and legal forms of firms do not matter."""
    plain = unicodedata.normalize("NFKC", " ".join(text.split()))
    if kind == "DATE":
        return iso_date(plain) or plain.casefold()
    if kind == "MONEY":
        return money(plain) or plain.casefold()
    plain = re.sub(r"['’]s?$", "", plain)
    if kind == "PERSON":
        plain = _TITLE.sub("", plain)
    if kind == "ORG":
        shorter = _LEGAL.sub("", plain)
        plain = shorter if shorter.strip(" .,") else plain
    plain = re.sub(r"^the\s+", "", plain.casefold())
    return " ".join(re.sub(r"[^\w@+&]+", " ", plain).split()) or text.casefold().strip()


def iso_date(text: str) -> str:
    """'2024-03-01' for a full date in words, ISO or unambiguous digits; '2024-03' for a month; '' for anything else."""
    plain = " ".join(text.replace(",", " ").split()).casefold()
    if match := re.fullmatch(rf"(?:\w+day )?(\d{{1,2}})(?:st|nd|rd|th)?(?: of|-)? ?({_MONTH})\.?[ -](\d{{4}})", plain):
        return _date(match[3], _month(match[2]), match[1])
    if match := re.fullmatch(rf"(?:\w+day )?({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)? (\d{{4}})", plain):
        return _date(match[3], _month(match[1]), match[2])
    if match := re.fullmatch(rf"({_MONTH})\.? (\d{{4}})", plain):
        return f"{match[2]}-{_month(match[1]):02d}"
    if match := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", plain):
        return _date(match[1], match[2], match[3])
    if match := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", plain):
        return _date(match[3], match[2], match[1])
    if match := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", plain):
        first, second = int(match[1]), int(match[2])
        # 03/04/2024 is March in one country and April in another: only what can be one of them is told.
        if first > 12 or first == second:
            return _date(match[3], second, first)
        if second > 12:
            return _date(match[3], first, second)
    return ""


def money(text: str) -> str:
    """'EUR 4850.00' for an amount with its currency; '' when there is none or a scale word makes it inexact."""
    match = re.fullmatch(rf"({_CURRENCY})?\s?({_AMOUNT})\s?({_CURRENCY})?", text.strip(), re.I)
    if not match or not (match[1] or match[3]):
        return ""
    currency = (match[1] or match[3]).upper()
    body, cents = match[2], "00"
    if decimals := re.fullmatch(r"(.*)[.,](\d{1,2})", body):
        body, cents = decimals[1], decimals[2].ljust(2, "0")
    return f"{_SYMBOLS.get(currency, currency)} {int(re.sub(r'[^0-9]', '', body))}.{cents}"


def valid_iban(text: str) -> bool:
    """ISO 13616: the first four characters at the end, letters as numbers, the whole modulo 97 is 1."""
    plain = re.sub(r"\s", "", text).upper()
    if not 15 <= len(plain) <= 34 or not plain.isalnum() or not plain.isascii():
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def _date(year: str | int, month: str | int, day: str | int) -> str:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""


def _iban(text: str) -> str:
    return re.sub(r"\s", "", text).upper() if valid_iban(text) else ""


_CARD = re.compile(r"(?!89)\d{16,19}|3(?:0[0-59]|[689]\d)\d{11}|(?:3[47]|1\d)\d{13}")
"""16 to 19 digits, but for what begins as the number of a SIM does; Diners Club's 14; American Express's and UATP's 15. What else has 13 to 15
digits and a right check digit is a device (IMEI), an article (EAN, GTIN) or a French establishment (SIRET)."""


def payment_card(text: str) -> bool:
    """ISO 7812: as many digits as its network gives a card, and a right check digit (Luhn)."""
    plain = re.sub(r"\D", "", text)
    if not _CARD.fullmatch(plain) or len(set(plain)) == 1:
        return False
    digits = map(int, reversed(plain))
    doubled = [d if at % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for at, d in enumerate(digits)]
    return sum(doubled) % 10 == 0


def _card(text: str) -> str:
    return re.sub(r"\D", "", text) if payment_card(text) else ""


def _law(text: str) -> str:
    """'§§ 305ff. BGB' and '§ 305 ff BGB' are one."""
    plain = re.sub(r"[.,]|\b(?:of )?the\b", " ", text.casefold().replace("§§", "§"))
    return " ".join(re.sub(r"(§|\d(?=f))", r"\1 ", plain).split())


def _phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return ("+" if text.lstrip().startswith("+") else "") + digits if 7 <= len(digits) <= 15 else ""


def _firm(text: str) -> str:
    return normalise(text, "ORG")


def _reference(text: str) -> str:
    return text.upper() if sum(map(str.isdigit, text)) >= 3 else ""


def _date_norm(text: str) -> str:
    return iso_date(text) or " ".join(text.split())


def _money_norm(text: str) -> str:
    return money(text) or " ".join(text.split()).casefold()


_RULES: tuple[tuple[str, re.Pattern[str], Callable[[str], str]], ...] = (
    ("EMAIL", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}\b"), str.casefold),
    ("IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), _iban),
    ("CARD", re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d-])"), _card),
    (
        "LAW",
        re.compile(
            r"§{1,2} ?\d+(?:ff?\.?|[a-z])?(?:[ ,]{1,2}(?:ff?\.?|(?:(?:Abs\.?|Absatz|S\.|Satz|Nr\.?|lit\.?|bis|und) ?)?(?:\d+[a-z]?|[a-z]\b\)?))){0,8}"
            r"(?: [A-ZÄÖÜ][A-Za-zÄÖÜäöü]*[A-Z]\b)?"
            r"|\b\d{1,3} (?:U\.S\.C\.|C\.F\.R\.|USC|CFR) ?(?:§{1,2} ?)?\d+[\w.()-]*\w"
            r"|\b(?:Art\.?|Article|Artikel|Section|Sec\.) \d+[a-z]?(?:\(\w{1,3}\))*(?: (?:Abs\.?|lit\.?|Satz) ?\w{1,3})*,? (?:of (?:the )?)?"
            r"(?:GDPR|DSGVO|DS-GVO|GG|EMRK|ECHR|TFEU|AEUV|(?:[A-Z][\w'’-]+ ){1,5}Act(?: of)?(?: \d{4})?)"
            r"|\b(?:Regulation|Verordnung|Directive|Richtlinie|Decision) ?\((?:EU|EC|EG|EEC)\)(?: No\.?| Nr\.?)? ?\d{2,4}/\d{2,4}"
            r"|\b(?:Directive|Richtlinie) \d{2,4}/\d{1,4}/(?:EU|EC|EG|EEC|EWG)\b"
        ),
        _law,
    ),
    (
        "PHONE",
        re.compile(
            r"(?:\b(?:tel(?:ephone)?|phone|fax|mobile|call)\b\.?(?: no\.?)?:? ?)(\+?\(?\d[\d ()/.-]{5,17}\d)\b", re.I
        ),
        _phone,
    ),
    ("PHONE", re.compile(r"(?<![\w+])\+\d{1,3}[ \d()/-]{6,16}\d\b"), _phone),
    (
        "DATE",
        re.compile(
            rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?,? \d{{4}}\b|\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b"
            r"|(?<![\d./-])\d{4}-\d{2}-\d{2}(?![\d-])|(?<![\d./-])\d{1,2}(?:\.\d{1,2}\.|/\d{1,2}/|-\d{1,2}-)\d{4}(?![\w/-])",
            re.I,
        ),
        _date_norm,
    ),
    ("MONEY", re.compile(rf"(?<![\w$€£]){_CURRENCY}[ \u00a0]?(?:{_AMOUNT})(?!\d){_SCALE}"), _money_norm),
    (
        "MONEY",
        re.compile(rf"(?<![\w.,])(?:{_AMOUNT}){_SCALE}[ \u00a0]?(?:€|£|(?:EUR|USD|GBP|CHF|CAD|AUD|SEK|NOK|DKK|PLN)\b)"),
        _money_norm,
    ),
    (
        "ORG",
        re.compile(
            r"\b(?!(?:Dear|The|To|From|By|Between|And|With|For|In|At|On|Of|As|While|When|If|But|So)\b)"
            r"(?:[A-Z][\w&'’-]*,? (?:(?:&|and|und) )?){1,5}"
            r"(?:Ltd|Limited|GmbH(?: & Co\.? KG)?|Inc|LLC|LLP|PLC|plc|AG|Corp|Corporation|S\.A|B\.V|N\.V|Pty Ltd|Sdn Bhd)\b"
        ),
        _firm,
    ),
    ("REFERENCE", re.compile(r"\b[A-Z]{1,6}(?:[-/][A-Z0-9]{1,6}){0,2}[-/]\d{2,10}(?:[-/]\d{1,6})*\b"), _reference),
    (
        "REFERENCE",
        re.compile(
            r"\b(?:invoice|order|contract|account|customer|policy|case|reference|ref|receipt|claim|licen[cs]e|po)\.?"
            r"(?: (?:no|nr|number|id))?[.:#]{1,2} ?([A-Z0-9][A-Z0-9/-]{3,20})\b",
            re.I,
        ),
        _reference,
    ),
)


class Window(NamedTuple):
    """A piece of a text and the offsets (in the whole text) at which a span of this piece may start."""

    offset: int
    text: str
    keeps_from: int
    keeps_to: int


def windows(text: str, size: int, overlap: int = OVERLAP) -> Iterator[Window]:
    """Pieces of at most `size` + 2 `overlap` characters that keep every span of at most `overlap` characters whole.

    Cut where a line ends, which no span crosses; where none ends in the second half of a piece, two pieces share
    `overlap` characters on both sides of the cut and each span belongs to the piece in which it starts.
    """
    start, shared = 0, 0
    while start < len(text):
        end = min(start + size, len(text))
        beyond = end
        if end < len(text):
            line = text.rfind("\n", start + size // 2, end)
            if line >= 0:
                end = beyond = line + 1
            else:
                space = text.rfind(" ", start + size // 2, end)
                end = space if space > 0 else end
                beyond = min(end + overlap, len(text))
        first = max(0, start - shared)
        yield Window(first, text[first:beyond], start, end)
        start, shared = end, overlap if beyond > end else 0


def unwrapped(text: str) -> str:
    """The text with line breaks inside paragraphs as spaces, offsets unchanged: a wrapped line goes on, a short one ends.

    Models read 'Harbour\\nStreet' as two things; 'Dublin\\nInvoice' must stay two.
    """
    lines = text.split("\n")
    longest = max(map(len, lines))
    if longest < 40:
        return text
    pieces = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        goes_on = len(line) > 0.7 * longest and following[:1].isalnum() and line[-1:] not in ".:;!?"
        pieces.append(line + (" " if goes_on else "\n"))
    return "".join(pieces)[: len(text)]
