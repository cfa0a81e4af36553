"""What the API answers about fields and their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rag.replies.place import Box


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One field: `text` as it stands on the page, `value` its normal form; `source` rule, model, rule+model or person."""

    field: str
    text: str = ""
    value: str = ""
    title: str = ""
    kind: str = ""
    number: float | None = None
    date: str | None = None
    currency: str | None = None
    page: int | None = None
    start: int | None = None
    end: int | None = None
    boxes: tuple[Box, ...] = ()
    source: str = ""
    model: str = ""
    score: float = 0.0
    position: int = 0


@dataclass(frozen=True, slots=True)
class DocumentFields:
    """`missing` names the fields of the schema that have no value."""

    document_id: str = ""
    schema: str | None = None
    fields: tuple[FieldValue, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionSchema:
    """`source`: 'collection' (put by API), 'setting', or 'type' (each document has its type's ready-made schema)."""

    collection: str
    source: str = "type"
    name: str | None = None
    version: str | None = None
    schema: Mapping[str, Any] | None = None
