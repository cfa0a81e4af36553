"""A page of a document, as the API names it."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where else a passage's words stand."""

    document_id: str
    filename: str = ""
    page: int = 1
