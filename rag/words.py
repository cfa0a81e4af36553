"""The words of a page, packed. Part of the vocabulary: import them from rag.model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

Box = tuple[float, float, float, float]


def pack_boxes(boxes: Iterable[Box]) -> bytes:
    """Four little-endian float32 a box."""
    return np.array(list(boxes), dtype="<f4").tobytes()


def unpack_boxes(data: bytes) -> tuple[Box, ...]:
    return tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in np.frombuffer(data, dtype="<f4").reshape(-1, 4).tolist())


@dataclass(frozen=True, slots=True)
class Word:
    start: int
    end: int
    box: Box
    confidence: float


WORD_DTYPE = np.dtype([("start", "<i4"), ("end", "<i4"), ("box", "<f4", (4,)), ("confidence", "<f4")])


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one page, packed: one `WORD_DTYPE` record a word, in reading order.

    Packed because a page holds hundreds of words and crosses processes and the database: bytes are hashed, compared,
    pickled and stored as they are.
    """

    data: bytes = b""

    @classmethod
    def pack(cls, words: Iterable[Word]) -> Words:
        rows = [(w.start, w.end, w.box, w.confidence) for w in words]
        return cls(np.array(rows, dtype=WORD_DTYPE).tobytes())

    @property
    def array(self) -> np.ndarray:
        """Structured array of shape (words,), read-only, without a copy."""
        return np.frombuffer(self.data, dtype=WORD_DTYPE)

    def __len__(self) -> int:
        return len(self.data) // WORD_DTYPE.itemsize

    def __iter__(self) -> Iterator[Word]:
        rows = self.array
        columns = (rows["start"].tolist(), rows["end"].tolist(), rows["box"].tolist(), rows["confidence"].tolist())
        for start, end, (x0, y0, x1, y1), confidence in zip(*columns, strict=True):
            yield Word(start, end, (x0, y0, x1, y1), confidence)

    def within(self, start: int, end: int) -> list[Word]:
        """The words that share at least one character with [start, end)."""
        return list(Words(self._within(start, end).tobytes()))

    def boxes(self, start: int, end: int) -> list[Box]:
        """One box a line of text for the span: neighbouring words of the same line are joined."""
        lines: list[Box] = []
        left = top = right = bottom = 0.0
        # Comparisons instead of min and max, and no Word for each: a search does this for every word of its passages.
        for x0, y0, x1, y1 in self._within(start, end)["box"].tolist():
            height, line = y1 - y0, bottom - top
            shared = (y1 if y1 < bottom else bottom) - (y0 if y0 > top else top)
            if lines and x0 >= left and shared > 0.5 * (height if height < line else line):
                top = y0 if y0 < top else top
                right = x1 if x1 > right else right
                bottom = y1 if y1 > bottom else bottom
                lines[-1] = (left, top, right, bottom)
            else:
                left, top, right, bottom = x0, y0, x1, y1
                lines.append((x0, y0, x1, y1))
        return lines

    def _within(self, start: int, end: int) -> np.ndarray:
        rows = self.array
        return rows[(rows["start"] < end) & (rows["end"] > start)]
