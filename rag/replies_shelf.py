"""What the API answers about tags, passages of a document, its versions, and conversations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TagCount:
    tag: str
    documents: int = 0
