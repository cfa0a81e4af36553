"""Corrections by a person: a value takes the field's form, and its place in the text where it stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rag.errors import InvalidInput
from rag.fields.record import FieldValue, Origin
from rag.fields.rules import normalised
from rag.fields.schema import Field, Kind, Schema
from rag.fields.values import usual_currency, writes_month_first
from rag.model import Page

MOST_CHARS = 2000
_FORMS = {
    Kind.AMOUNT: "an amount such as 1234.50 or EUR 1,234.50",
    Kind.NUMBER: "a number",
    Kind.DATE: "a date such as 2026-03-01",
    Kind.IBAN: "an IBAN whose check digits are right",
    Kind.EMAIL: "an e-mail address",
    Kind.CURRENCY: "a currency such as EUR",
}


def corrected(schema: Schema, given: Mapping[str, Any], pages: Sequence[Page]) -> dict[str, tuple[FieldValue, ...]]:
    """Values by field; null and [] say that the document has none.

    Raises NotFound for a field that the schema has not, InvalidInput for a value that has not the field's form.
    """
    return {name: _values(schema, schema.field(name), value, pages) for name, value in given.items()}


def _values(schema: Schema, field: Field, value: Any, pages: Sequence[Page]) -> tuple[FieldValue, ...]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    if len(items) > 1 and not field.many:
        raise InvalidInput(f"Field '{field.name}' has one value, not {len(items)}.", "Send one text, or null for none.")
    return tuple(
        replace(_one(field, item, pages), schema=schema.name, position=position) for position, item in enumerate(items)
    )


def _one(field: Field, item: Any, pages: Sequence[Page]) -> FieldValue:
    text = str(item) if isinstance(item, (str, int, float)) and not isinstance(item, bool) else ""
    whole = "\n".join(page.text for page in pages)
    made = normalised(field, text, month_first=writes_month_first(whole), currency=usual_currency(whole))
    if not text.strip() or len(text) > MOST_CHARS or made is None:
        form = _FORMS.get(field.kind) or (f"one of: {', '.join(field.choices)}" if field.choices else "a text")
        raise InvalidInput(f"Field '{field.name}' cannot be '{text[:80]}'.", f"Send {form}, or null for none.")
    made = replace(made, origin=Origin.PERSON, score=1.0)
    return located(made, pages) or made


def located(value: FieldValue, pages: Sequence[Page]) -> FieldValue | None:
    """The value at the first place of the text where it stands word for word, white space apart; None where it does not."""
    words = value.text.split()
    if not words:
        return None
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)"
    for page in pages:
        if match := re.search(pattern, page.text, re.IGNORECASE):
            return replace(value, page=page.number, start=match.start(), end=match.end(), text=match.group())
    return None
