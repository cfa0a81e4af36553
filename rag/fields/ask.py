"""Fields by the language model: structured output, each value looked up in the text, and refused where it does not stand there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rag.answering.prompts import CHARS_PER_TOKEN, fields_prompt
from rag.fields import values
from rag.fields.correct import located
from rag.fields.record import FieldValue, Origin
from rag.fields.rules import normalised
from rag.fields.schema import Field, Kind, Schema
from rag.model import Page
from rag.ports import Generator
from rag.sections.language_models import PACKAGED_LLM
from rag.settings import Settings

HEAD_SHARE = 0.75
"""Of what the model reads of a long document, its beginning; the rest is its end."""
MODEL_SCORE = 0.7
AGREED_BONUS = 0.15
SURE = 0.6
"""A rule's value of this score stands against the model's."""
MOST_ITEMS = 12


def asks_model(settings: Settings, schema: Schema) -> bool:
    """The schema's `x-model`, else `fields.model`; its 'auto' leaves the small packaged model out."""
    if schema.asks_model is not None:
        return schema.asks_model
    small = settings.llm.model == PACKAGED_LLM and not settings.llm.base_url
    return settings.fields.model == "always" or (settings.fields.model == "auto" and not small)


async def by_model(schema: Schema, pages: Sequence[Page], generator: Generator, settings: Settings) -> list[FieldValue]:
    """What the model found and the text holds. Raises what the generator raises."""
    import pydantic_core

    own = settings.fields
    text = excerpt("\n".join(page.text for page in pages), own.input_tokens * CHARS_PER_TOKEN)
    prompt = fields_prompt(text, schema)
    pieces = [
        token.text
        async for token in generator.stream(
            prompt.messages, max_tokens=own.output_tokens, temperature=0.0, schema=output_schema(schema)
        )
    ]
    try:
        answer = pydantic_core.from_json("".join(pieces).strip(), allow_partial=True)
    except ValueError:  # no JSON: only a server that ignores the schema writes that
        answer = {}
    return checked(schema, answer if isinstance(answer, dict) else {}, pages, generator.model)


def excerpt(text: str, size: int) -> str:
    """At most `size` characters: the beginning, and the end of what is longer."""
    if len(text) <= size:
        return text
    head = int(size * HEAD_SHARE)
    return f"{text[:head]}\n...\n{text[len(text) - (size - head) :]}"


def output_schema(schema: Schema) -> dict[str, Any]:
    """JSON schema of the model's answer: every field, each a text of the document or null.

    Without lengths: a grammar that counts letters took the engine minutes a document; `max_tokens` ends what runs away.
    """

    def one(field: Field) -> dict[str, Any]:
        if field.many:
            return {"type": "array", "items": {"type": "string"}}
        if field.choices:
            return {"enum": [*field.choices, None]}
        return {"anyOf": [{"type": "string"}, {"type": "null"}]}

    properties = {field.name: one(field) for field in schema.fields}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def checked(schema: Schema, answer: Mapping[str, Any], pages: Sequence[Page], model: str) -> list[FieldValue]:
    """The values that stand in the text, with their places."""
    whole = "\n".join(page.text for page in pages)
    month_first, usual = values.writes_month_first(whole), values.usual_currency(whole)
    found: list[FieldValue] = []
    for field in schema.fields:
        given = answer.get(field.name)
        items = given if isinstance(given, list) else [given]
        kept: list[FieldValue] = []
        for item in items[:MOST_ITEMS]:
            text = str(item).strip() if isinstance(item, (str, int, float)) and not isinstance(item, bool) else ""
            made = normalised(field, text, month_first=month_first, currency=usual) if text else None
            placed = made and (located(made, pages) or _same_value(made, pages, month_first=month_first))
            if placed and all(placed.value != one.value for one in kept):
                kept.append(replace(placed, origin=Origin.MODEL, model=model, score=MODEL_SCORE, schema=schema.name))
        found += [replace(one, position=at) for at, one in enumerate(kept if field.many else kept[:1])]
    return found


def _same_value(value: FieldValue, pages: Sequence[Page], *, month_first: bool) -> FieldValue | None:
    """The same day or sum, written otherwise: models like to rewrite dates."""
    for page in pages:
        if value.kind is Kind.DATE:
            spans = [
                (d.start, d.end) for d in values.days(page.text, month_first=month_first) if d.value == value.value
            ]
        elif value.kind in (Kind.AMOUNT, Kind.NUMBER):
            spans = [(a.start, a.end) for a in values.amounts(page.text) if f"{a.value:f}" == value.value]
        else:
            return None
        if spans:
            start, end = spans[0]
            return replace(value, page=page.number, start=start, end=end, text=page.text[start:end])
    return None


def merged(schema: Schema, by_rules: Sequence[FieldValue], by_model: Sequence[FieldValue]) -> list[FieldValue]:
    """One answer of the two: where they agree both count; where not, a sure rule stands, else the model."""
    result: list[FieldValue] = []
    for field in schema.fields:
        rules = [one for one in by_rules if one.field == field.name]
        model = [one for one in by_model if one.field == field.name]
        told = {one.value.casefold(): one for one in model}
        if any(one.value.casefold() in told for one in rules) or not model:
            result += [_agreed(one, told.get(one.value.casefold())) for one in rules]
        elif rules and max(one.score for one in rules) >= SURE:
            result += rules
        else:
            result += model
    return result


def _agreed(rule: FieldValue, model: FieldValue | None) -> FieldValue:
    if model is None:
        return rule
    score = min(1.0, max(rule.score, MODEL_SCORE) + AGREED_BONUS)
    return replace(rule, origin=Origin.BOTH, model=model.model, score=round(score, 3))
