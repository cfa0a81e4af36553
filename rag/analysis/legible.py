"""How well a document was read: confidence of its pages and of the whole, and which pages read badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.model import Source

MIN_CONFIDENCE = 0.6
"""Where nobody hands down `reading.min_confidence`."""


@dataclass(frozen=True, slots=True)
class PageReading:
    """What is known of the reading of one page, without its text."""

    number: int
    source: Source
    confidence: float
    letters: int

    def poor(self, least: float) -> bool:
        return poorly_read(self.source, self.confidence, self.letters, least)


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """`confidence` is the mean over pages weighted by their letters; None when there are none."""

    confidence: float | None
    min_confidence: float
    poor_pages: tuple[int, ...]
    pages: tuple[PageReading, ...]


def poorly_read(source: Source, confidence: float, letters: int, least: float) -> bool:
    """Text layers are what they are; a scanned page with words is poor under `least`."""
    return source is Source.OCR and letters > 0 and confidence < least


def document_reading(pages: Sequence[PageReading], least: float) -> DocumentReading:
    letters = sum(page.letters for page in pages)
    mean = sum(page.confidence * page.letters for page in pages) / letters if letters else None
    return DocumentReading(mean, least, tuple(page.number for page in pages if page.poor(least)), tuple(pages))
