"""The words of a page, packed. Part of the vocabulary: import them from rag.model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

Box = tuple[float, float, float, float]


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
        rows = self.array
        hit = rows[(rows["start"] < end) & (rows["end"] > start)]
        return list(Words(hit.tobytes()))

    def boxes(self, start: int, end: int) -> list[Box]:
        """One box a line of text for the span: neighbouring words of the same line are joined."""
        lines: list[list[float]] = []
        for word in self.within(start, end):
            x0, y0, x1, y1 = word.box
            last = lines[-1] if lines else None
            if last and min(y1, last[3]) - max(y0, last[1]) > 0.5 * min(y1 - y0, last[3] - last[1]) and x0 >= last[0]:
                last[0], last[1] = min(last[0], x0), min(last[1], y0)
                last[2], last[3] = max(last[2], x1), max(last[3], y1)
            else:
                lines.append([x0, y0, x1, y1])
        return [(b[0], b[1], b[2], b[3]) for b in lines]
