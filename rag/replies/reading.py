"""What the HTTP API answers about the reading of a document, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageReading:
    """`source` is text_layer or ocr; `poorly_read`: check its text against the picture."""

    number: int
    source: str = ""
    confidence: float = 1.0
    poorly_read: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """`confidence` (0..1) is None while nothing was read; `poor_pages` were read with less than `min_confidence`."""

    confidence: float | None = None
    min_confidence: float = 0.0
    poor_pages: tuple[int, ...] = ()
    pages: tuple[PageReading, ...] = ()
