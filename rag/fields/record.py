"""What a field of a document was found to be, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rag.fields.schema import Kind


class Origin(StrEnum):
    """What a value came from."""

    RULE = "rule"
    MODEL = "model"
    BOTH = "rule+model"
    """Rule and model agree."""
    PERSON = "person"
    """A correction: it outlasts every re-run."""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """`text` is the page's text[start:end] unless a person wrote it; `value` its normal form."""

    field: str
    kind: Kind
    text: str
    value: str
    """ISO date, decimal number with a point, or the text with its white space joined."""
    page: int | None = None
    start: int | None = None
    end: int | None = None
    number: float | None = None
    """The value as a number, where it is one."""
    date: str | None = None
    """The value as an ISO date, where it is one."""
    currency: str | None = None
    """ISO 4217, of amounts where the document names one."""
    origin: Origin = Origin.RULE
    model: str = ""
    score: float = 0.0
    """0..1: how sure the rule or the model is."""
    position: int = 0
    """Counts the values of a field that has several, from 0."""
    schema: str = ""
