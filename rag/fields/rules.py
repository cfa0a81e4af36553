"""Values of a schema's fields by rules: labels, forms and what else a kind of value gives away. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from rag.analysis import entity_rules
from rag.errors import InvalidInput
from rag.fields import labels, names, totals, values
from rag.fields.labels import Mention
from rag.fields.layout import Row, rows
from rag.fields.record import FieldValue, Origin
from rag.fields.schema import Field, Kind, Rule, Schema
from rag.model import Page, Source

RULES_VERSION = 2
MOST_PAGES = 40
"""Of a longer document, the first pages and the last one are looked at."""
MOST_VALUES = 12
LEAST_SCORE = 0.25
LEAST_SUM = 10
"""What a number without cents and currency has to be to count as a sum."""
NEAR_CHARS = 40
"""Between a label and its value on one row."""
_REFERENCE = re.compile(r"(?<![\w])[#№]?((?=[\w/.-]*\d)[A-Z0-9][A-Z0-9/._#-]{1,30}[A-Z0-9])(?![\w])", re.IGNORECASE)
_ENTITY = {Kind.EMAIL: "EMAIL", Kind.PHONE: "PHONE", Kind.IBAN: "IBAN"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules look at: rows of the layout, and each page's text with its line ends as spaces."""

    pages: tuple[Page, ...]
    rows: tuple[Row, ...]
    flat: tuple[str, ...]
    text: str
    month_first: bool
    currency: str


def reading(pages: Sequence[Page]) -> Reading:
    chosen = [page for page in pages if page.text.strip()]
    if len(chosen) > MOST_PAGES:
        chosen = [*chosen[: MOST_PAGES - 1], chosen[-1]]
    text = "\n".join(page.text for page in chosen)
    usual = values.usual_currency(text)
    month_first = values.writes_month_first(text)
    return Reading(
        tuple(chosen),
        tuple(chain.from_iterable(rows(page) for page in chosen)),
        tuple(_repaired(page, page.text.replace("\n", " ")) for page in chosen),
        text,
        month_first,
        usual,
    )


def _repaired(page: Page, text: str) -> str:
    return values.repaired(text) if page.source is Source.OCR else text


def by_rules(schema: Schema, pages: Sequence[Page]) -> list[FieldValue]:
    """The best value of each field that has one (several for lists), in the order of the schema."""
    read = reading(pages)
    if not read.pages:
        return []
    found: list[FieldValue] = []
    for field in schema.fields:
        best = _best(field, [one for one in _candidates(field, read) if one.score >= LEAST_SCORE])
        found += [replace(one, schema=schema.name, position=at) for at, one in enumerate(best)]
    return found


def _best(field: Field, found: list[FieldValue]) -> list[FieldValue]:
    ranked = sorted(found, key=lambda one: (-one.score, one.page or 0, one.start or 0))
    if not field.many:
        return ranked[:1]
    kept: dict[str, FieldValue] = {}
    for one in ranked:
        kept.setdefault(one.value.casefold(), one)
    return sorted(list(kept.values())[:MOST_VALUES], key=lambda one: (one.page or 0, one.start or 0))


def _candidates(field: Field, read: Reading) -> Iterator[FieldValue]:
    match field.rule:
        case Rule.PATTERN:
            yield from _pattern(field, read)
            return
        case Rule.TOTAL:
            for row, amount, score in totals.totals(read.rows, field.labels, field.not_labels):
                yield from _made(field, read, row, amount.start, amount.end, score)
            return
        case Rule.ISSUER:
            for row, named in names.issuer([row for row in read.rows if row.page == read.pages[0].number], read.text):
                yield from _made(field, read, row, named.start, named.end, named.score)
        case Rule.PARTIES:
            for page, flat in list(zip(read.pages, read.flat, strict=True))[:3]:
                found = names.parties(flat)
                for named in found:
                    yield from _at(field, read, page, named.start, named.end, named.score)
                if found:
                    return
        case Rule.LABEL | Rule.FIRST:
            pass
    yield from _labelled(field, read)
    if field.rule is Rule.FIRST:
        yield from _first(field, read)


def _labelled(field: Field, read: Reading) -> Iterator[FieldValue]:
    for place in labels.places(read.rows, field.labels, field.not_labels):
        text = place.row.text[place.start : place.end]
        mention = _beside(field, place, text, read)
        if mention is not None and not labels.holds(text[: mention.start], field.not_labels):
            score = place.label.weight * place.factor * (1 - min(mention.start, 60) / 200)
            start, end = place.start + mention.start, place.start + mention.end
            yield from _made(field, read, place.row, start, end, 0.95 * score)
    if field.kind in (Kind.DATE, Kind.AMOUNT, Kind.REFERENCE, Kind.NUMBER):
        for page, flat in zip(read.pages, read.flat, strict=True):
            for mention, score in labels.after(
                flat, field.labels, field.not_labels, lambda t: _mentions(field, t, read)
            ):
                yield from _at(field, read, page, mention.start, mention.end, score)


def _beside(field: Field, place: labels.Place, text: str, read: Reading) -> Mention | None:
    """The value of the field in the text after (or below) its label."""
    if field.kind in (Kind.NAME, Kind.TEXT):
        return _words(field, place, text)
    found = _mentions(field, text, read)
    if field.kind is Kind.AMOUNT:
        exact = [one for one in found if re.search(r"[.,] ?\d\d\b", text[one.start : one.end])]
        # A row of a table of sums ends with the sum: 'VAT 19 % 100.00 19.00'.
        if exact:
            return exact[-1] if len({text[one.start : one.end] for one in exact}) < 4 else exact[0]
        # A lone small number is a rate, a count or a footnote.
        sums = [one for one in values.amounts(text) if one.currency or one.value >= LEAST_SUM]
        return Mention(sums[0].start, sums[0].end) if sums and sums[0].start <= NEAR_CHARS else None
    near = NEAR_CHARS if place.beside else 12
    return found[0] if found and found[0].start <= near else None


def _words(field: Field, place: labels.Place, text: str) -> Mention | None:
    """The rest of the cell (or the next cell), where the label is followed by a colon, ends its cell or begins a line."""
    row, label = place.row, place.label
    cell = next((c for c in row.cells() if c[0] <= place.start < max(c[1], c[0] + 1)), (place.start, place.end))
    if place.beside:
        begins = any(
            start == label.start or not row.text[start : label.start].strip(" |*-") for start, _ in row.cells()
        )
        colon = ":" in row.text[label.end : place.start]
        apart = place.start > label.end and "   " in row.text[label.end : place.start]
        greeting = label.text.casefold().startswith(("dear", "sehr geehrt"))
        if not begins or not (colon or apart or greeting):
            return None
    end = min(cell[1] if cell[1] > place.start else place.end, place.start + 160) - place.start
    piece = text[:end]
    if field.kind is Kind.NAME:
        piece = re.split(r",\s*$|,(?= )|\s+[-–|]\s+", piece)[0].rstrip(" ,:;")
        if not names.person_or_firm(piece):
            return None
    piece = piece.rstrip(" ,;:")
    return Mention(0, len(piece)) if len(piece) >= 2 else None


def _first(field: Field, read: Reading) -> Iterator[FieldValue]:
    """Values of the kind wherever they stand, earlier ones better."""
    score = 0.5
    for row in read.rows:
        for mention in _mentions(field, row.text, read):
            before = row.text[max(0, mention.start - 25) : mention.start]
            yield from _made(
                field, read, row, mention.start, mention.end, score - 0.2 * labels.holds(before, field.not_labels)
            )
            score = max(LEAST_SCORE, score - 0.04)


def _pattern(field: Field, read: Reading) -> Iterator[FieldValue]:
    """The first group of the pattern that matched, or all of it. Raises InvalidInput when it takes too long."""
    import regex

    for page, flat in zip(read.pages, read.flat, strict=True):
        try:
            found = list(regex.finditer(field.pattern, flat, timeout=1.0))
        except TimeoutError as error:
            raise InvalidInput(
                f"x-pattern of field '{field.name}' took over a second on one page.", "Simplify the pattern."
            ) from error
        for match in found[:MOST_VALUES]:
            group = match.lastindex or 0
            start, end = match.span(group)
            if end > start:
                yield from _at(field, read, page, start, end, 0.8)


def _mentions(field: Field, text: str, read: Reading) -> list[Mention]:
    """Values of the field's kind in a text."""
    match field.kind:
        case Kind.AMOUNT | Kind.NUMBER:
            return [Mention(one.start, one.end) for one in values.amounts(text)]
        case Kind.DATE:
            return [Mention(day.start, day.end) for day in values.days(text, month_first=read.month_first)]
        case Kind.REFERENCE:
            dated = values.days(text)
            return [
                Mention(*match.span(1))
                for match in _REFERENCE.finditer(text)
                if not re.fullmatch(r"\d+[.,]\d\d", match[1])
                and not any(day.start < match.end(1) and match.start(1) < day.end and "/" not in match[1][:2] and
                           day.end - day.start >= len(match[1]) for day in dated)
            ]  # fmt: skip
        case Kind.EMAIL | Kind.PHONE | Kind.IBAN:
            wanted = _ENTITY[field.kind]
            return [Mention(one.start, one.end) for one in entity_rules.find(text) if one.type == wanted]
        case Kind.CURRENCY:
            return [
                Mention(*match.span())
                for match in re.finditer(values.CURRENCY, text)
                if values.currency(match.group()) == read.currency
            ][:1]
        case Kind.NAME | Kind.TEXT:
            return [Mention(0, len(text.strip()))] if text.strip() else []


def _made(field: Field, read: Reading, row: Row, start: int, end: int, score: float) -> Iterator[FieldValue]:
    span = row.span(start, end)
    if span is not None:
        page = next(page for page in read.pages if page.number == row.page)
        yield from _at(field, read, page, *span, score)


def _at(field: Field, read: Reading, page: Page, start: int, end: int, score: float) -> Iterator[FieldValue]:
    """The value at a place of a page, if it has the field's form."""
    text = page.text[start:end]
    made = normalised(field, _repaired(page, text), month_first=read.month_first, currency=read.currency)
    if made is not None:
        yield replace(
            made, text=text, page=page.number, start=start, end=end, score=round(max(0.0, min(1.0, score)), 3)
        )


def normalised(field: Field, text: str, *, month_first: bool = False, currency: str = "") -> FieldValue | None:
    """The value of a text as the field's kind has it; None when it has not that form. `currency` is the document's."""
    joined = " ".join(text.split())
    value = FieldValue(field.name, field.kind, text, joined, origin=Origin.RULE)
    match field.kind:
        case Kind.AMOUNT | Kind.NUMBER:
            found = values.amounts(joined)
            if len(found) != 1:
                return None
            amount = found[0]
            own = (amount.currency or currency or None) if field.kind is Kind.AMOUNT else None
            return replace(value, value=f"{amount.value:f}", number=float(amount.value), currency=own)
        case Kind.DATE:
            days = values.days(joined, month_first=month_first)
            return replace(value, value=days[0].value, date=days[0].value) if len(days) == 1 else None
        case Kind.CURRENCY:
            code = values.currency(joined)
            return replace(value, value=code, currency=code) if code else None
        case Kind.IBAN:
            return replace(value, value=joined.replace(" ", "").upper()) if entity_rules.valid_iban(joined) else None
        case Kind.EMAIL:
            return replace(value, value=joined.casefold()) if re.fullmatch(r"\S+@\S+\.\S+", joined) else None
        case Kind.PHONE | Kind.REFERENCE | Kind.NAME | Kind.TEXT:
            if field.choices:
                choice = next((one for one in field.choices if one.casefold() == joined.casefold()), None)
                return replace(value, value=choice) if choice else None
            if field.kind is Kind.NAME:
                return replace(value, value=names.legal_form(joined)) if joined else None
            return value if joined else None
