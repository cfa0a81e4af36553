"""Personal data that has a form: by Presidio's recognisers, and by rules where those are better (docs/redaction.md). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.analysis import entity_rules
from rag.analysis.entity_rules import payment_card
from rag.redaction.recognisers import numbers
from rag.sections.guarding import Redaction


class Pii(StrEnum):
    """Kinds of personal data. PERSON comes from the entity model, the others from rules."""

    PERSON = "PERSON"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    IBAN = "IBAN"
    CARD = "CARD"
    ADDRESS = "ADDRESS"
    BIRTH_DATE = "BIRTH_DATE"
    TAX_ID = "TAX_ID"
    SOCIAL_SECURITY = "SOCIAL_SECURITY"
    ID_NUMBER = "ID_NUMBER"
    HEALTH_ID = "HEALTH_ID"
    BANK_ACCOUNT = "BANK_ACCOUNT"
    VEHICLE = "VEHICLE"
    CRYPTO = "CRYPTO"
    IP = "IP"
    MAC = "MAC"
    URL = "URL"


_SEP = r"[ .\u00a0-]?"
_MONTHS = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)\w*"
_DATE = rf"(?:\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{4}}-\d\d-\d\d|\d{{1,2}}\.? {_MONTHS} \d{{4}}|{_MONTHS} \d{{1,2}},? \d{{4}})"
_STREET = (
    r"(?:street|st\.|road|rd\.?|avenue|ave\.?|lane|ln\.?|drive|dr\.|boulevard|blvd\.?|court|ct\.|square|quay|terrace)"
)
_STRASSE = r"(?:str\.|straße|strasse|weg|platz|allee|gasse|ufer|damm|chaussee)"


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """[start, end) of a text."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Countries:
    """ISO codes of the countries whose numbers are looked for (`redaction.countries`, `redaction.phone_countries`)."""

    numbers: tuple[str, ...] = Redaction.model_fields["countries"].default
    phones: tuple[str, ...] = Redaction.model_fields["phone_countries"].default
    """Of these national telephone numbers too; international ones are always found."""

    @classmethod
    def of(cls, own: Redaction) -> Countries:
        return cls(own.countries, own.phone_countries)


USUAL = Countries()


def find(text: str, kinds: Iterable[str], countries: Countries = USUAL) -> list[Found]:
    """Spans of the kinds that have a form, in order, none over another; the earlier rule wins."""
    wanted = set(kinds)
    found: list[Found] = []
    taken = bytearray(len(text))
    for one in _all(text, wanted, countries):
        if one.end > one.start and not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\x01" * (one.end - one.start)
            found.append(one)
    return sorted(found)


def _all(text: str, wanted: set[str], countries: Countries) -> Iterator[Found]:
    for kind, pattern, holds in _RULES:
        if kind in wanted:
            for match in pattern.finditer(text):
                start, end = match.span(1) if pattern.groups else match.span()
                if holds(text[start:end]):
                    yield Found(start, end, kind.value)
    for start, end, name in numbers(text, wanted, countries.numbers):
        yield Found(start, end, name)
    by_entity = {"EMAIL": Pii.EMAIL, "IBAN": Pii.IBAN, "PHONE": Pii.PHONE}
    for entity in entity_rules.find(text):
        if entity.type in by_entity and by_entity[entity.type] in wanted:
            yield Found(entity.start, entity.end, entity.type)
    if Pii.PHONE in wanted:
        yield from _phones(text, countries.phones)


def _phones(text: str, regions: Sequence[str]) -> Iterator[Found]:
    """Numbers that one of the regions really gives out, by Google's metadata."""
    import phonenumbers

    for region in regions:
        for match in phonenumbers.PhoneNumberMatcher(text, region):
            raw = text[match.start : match.end]
            # A bare run of digits is as well an article's or an invoice's number.
            if raw.lstrip().startswith(("+", "(", "0")) or re.search(r"\d[ -]\d", raw):
                yield Found(match.start, match.end, Pii.PHONE.value)


def german_tax_id(text: str) -> bool:
    """ISO 7064 mod 11,10 over eleven digits, of which the first is not 0 and one occurs twice or thrice in the first ten."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    if len(digits) != 11 or digits[0] == 0:
        return False
    counts = [digits[:10].count(digit) for digit in set(digits[:10])]
    if max(counts) not in (2, 3) or sum(count > 1 for count in counts) != 1:
        return False
    product = 10
    for digit in digits[:10]:
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == digits[10]


def german_pension_number(text: str) -> bool:
    """Twelve signs, the ninth a letter; the last is a weighted sum of digit sums modulo 10."""
    plain = re.sub(r"[ .-]", "", text).upper()
    if not re.fullmatch(r"\d{8}[A-Z]\d{3}", plain):
        return False
    spread = plain[:8] + f"{ord(plain[8]) - 64:02d}" + plain[9:11]
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    total = sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(spread, weights, strict=True))
    return total % 10 == int(plain[11])


def _labelled(labels: str, value: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<!\w)(?:{labels})\b\.?(?: ?(?:no|nr|number|nummer)\.?)?(?: is| lautet)?[\s:#]{{1,3}}({value})(?!\w)",
        re.IGNORECASE,
    )


def _any(text: str) -> bool:
    return bool(text)


def _has_digit(text: str) -> bool:
    return sum(map(str.isdigit, text)) >= 4


_RULES: tuple[tuple[Pii, re.Pattern[str], Callable[[str], bool]], ...] = (
    (Pii.EMAIL, re.compile(r"(?<![\w.+'-])[\w.+-]+(?:'[\w.+-]+)? ?@ ?[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}\b"), _any),
    (Pii.CARD, re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d-])"), payment_card),
    (Pii.SOCIAL_SECURITY, re.compile(rf"(?<!\w)\d\d{_SEP}\d{{6}}{_SEP}[A-Z]{_SEP}\d{{3}}(?!\w)"), german_pension_number),
    (Pii.TAX_ID, re.compile(rf"(?<![\d.,/-])\d\d{_SEP}\d{{3}}{_SEP}\d{{3}}{_SEP}\d{{3}}(?![\d,/-])"), german_tax_id),
    (Pii.TAX_ID, _labelled(r"steuernummer|steuer-nr|st\.-nr|tax (?:id|identification)|tin", r"[\d][\d /-]{7,15}\d"), _has_digit),
    (Pii.ID_NUMBER, _labelled(r"passport|reisepass(?:nummer)?|pass-nr|identity card|id card|personalausweis(?:nummer)?|ausweis-nr|driving licen[cs]e|driver'?s licen[cs]e|führerschein(?:nummer)?|national id", r"(?-i:[A-Z0-9][A-Z0-9 -]{4,18}[A-Z0-9])"), _has_digit),
    (Pii.BIRTH_DATE, re.compile(rf"(?<!\w)(?:date of birth|born(?: on)?|d\.?o\.?b\.?|geb(?:oren)?(?: am)?\.?|geburtsdatum)[\s:]{{1,3}}({_DATE})", re.IGNORECASE), _any),
    (Pii.ADDRESS, re.compile(rf"(?<!\w)\d{{1,5}}[a-zA-Z]?,? (?:[A-ZÄÖÜ][\w'’-]+ ){{1,4}}(?i:{_STREET})(?!\w)"), _any),
    (Pii.ADDRESS, re.compile(rf"(?<!\w)(?:[A-ZÄÖÜ][\w-]*(?: |-))?[A-ZÄÖÜ]\w{{2,}}-?(?i:{_STRASSE}) ?\d{{1,4}} ?[a-z]?(?!\w)|(?<!\w)(?:Am|An der|Auf der|Im|Zum|Zur) [A-ZÄÖÜ]\w+ \d{{1,4}}[a-z]?(?!\w)"), _any),
    (Pii.ADDRESS, re.compile(r"(?<!\w)(?:[A-Z]-)?\d{5} [A-ZÄÖÜ][a-zäöüß]{2,}(?:[ -](?:am|an der|im|bei|[A-ZÄÖÜ])[\wäöüß]*)*(?!\w)"), _any),
    (Pii.ADDRESS, re.compile(r"(?<!\w)[A-Z][a-z]+(?: [A-Z][a-z]+)?, [A-Z]{2} \d{5}(?:-\d{4})?(?!\w)"), _any),
    (Pii.ADDRESS, re.compile(r"(?<!\w)[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}(?!\w)"), _any),
)  # fmt: skip
