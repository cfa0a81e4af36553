"""From the words that an OCR engine found to text with lines and paragraphs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from rag.model import WORD_DTYPE, Words

RUNNING = 4
"""Words of a line from which it is running text."""
MANY = 6
"""Lines of running text that a page must have for its columns to be looked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """One word of the engine: `place` is (block, paragraph, line), growing in reading order; box in pixels."""

    place: tuple[int, int, int]
    box: tuple[float, float, float, float]
    confidence: float
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One pass over one picture: text, spans and boxes (pixels) of its words, and how sure the engine was."""

    text: str = ""
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    confidences: tuple[float, ...] = ()

    @property
    def confidence(self) -> float:
        """Mean over words, 0.0 without any."""
        return float(np.mean(self.confidences)) if self.confidences else 0.0

    @property
    def median_height(self) -> float:
        """Pixels; infinite without words."""
        return float(np.median(self.boxes[:, 3] - self.boxes[:, 1])) if len(self.boxes) else float("inf")

    @property
    def quality(self) -> float:
        """Orders attempts on the same page: characters weighted by confidence, doubtful ones counting against it."""
        sizes = np.array(self.ends) - np.array(self.starts)
        return float(np.sum(sizes * (np.array(self.confidences) - 0.4))) if self.confidences else 0.0

    @property
    def lying(self) -> int:
        """Degrees clockwise by which the picture must be turned for its words to stand upright: 0, 90 or 270.

        Engines read lying lines by themselves; their words are then higher than wide, and follow each other up or down.
        """
        if len(self.boxes) < 3:
            return 0
        sizes = np.array(self.ends) - np.array(self.starts)
        wide, high = self.boxes[:, 2] - self.boxes[:, 0], self.boxes[:, 3] - self.boxes[:, 1]
        long = sizes >= 3
        if long.sum() < 3 or np.mean(high[long] > 1.2 * wide[long]) < 0.6:
            return 0
        same_line = np.abs(np.diff(self.boxes[:, 0])) < np.median(wide)
        steps = np.diff(self.boxes[:, 1])[same_line]
        if not len(steps):
            return 0
        return 90 if np.median(steps) < 0 else 270

    @property
    def columns(self) -> bool:
        """True where running text stands side by side: read from side to side, its sentences would be mixed.

        Lines of four words and more are running text; a form's labels, amounts and short cells are not.
        """
        long = [words for words in self.lines() if len(words) >= RUNNING]
        if len(long) < MANY:
            return False
        left, top = np.array([self.boxes[words, :2].min(axis=0) for words in long]).T
        right, bottom = np.array([self.boxes[words, 2:].max(axis=0) for words in long]).T
        shared = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
        level = shared > 0.5 * np.minimum((bottom - top)[:, None], bottom - top)
        apart = (left[:, None] >= right) | (right[:, None] <= left)
        return bool(np.mean((level & apart).any(axis=1)) > 0.2)

    def lines(self) -> list[list[int]]:
        """The words of each line of the text, by their place."""
        breaks = [at for at in range(1, len(self.starts)) if "\n" in self.text[self.ends[at - 1] : self.starts[at]]]
        edges = [0, *breaks, len(self.starts)] if self.starts else []
        return [list(range(begin, end)) for begin, end in pairwise(edges)]

    def turned(self, degrees: int, width: float, height: float) -> Reading:
        """The same words on the picture of `width` x `height` pixels turned clockwise by 90 or 270 degrees."""
        x0, y0, x1, y1 = self.boxes.T
        columns = (height - y1, x0, height - y0, x1) if degrees == 90 else (y0, width - x1, y1, width - x0)
        return replace(self, boxes=np.stack(columns, 1))

    def words(self, boxes: np.ndarray) -> Words:
        """Its words with boxes in the page's unit."""
        table = np.zeros(len(self.starts), dtype=WORD_DTYPE)
        table["start"], table["end"], table["confidence"] = self.starts, self.ends, self.confidences
        table["box"] = boxes
        return Words(table.tobytes())


def from_tsv(table: str) -> Reading:
    """From tesseract's TSV: level, page, block, paragraph, line, word, left, top, width, height, confidence, text."""
    found = []
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != "5" or not cells[11].strip():
            continue
        left, top, width, height = (int(cell) for cell in cells[6:10])
        place = int(cells[2]), int(cells[3]), int(cells[4])
        box = (left, top, left + width, top + height)
        found.append(Found(place, box, min(1.0, max(0.0, float(cells[10]) / 100)), cells[11].strip()))
    return assemble(found)


def assemble(found: Iterable[Found]) -> Reading:
    """Words joined by spaces, lines by \\n, paragraphs and blocks by a blank line."""
    parts: list[str] = []
    starts, ends, boxes, confidences = [], [], [], []
    at, last = 0, None
    for word in found:
        if last is not None:
            gap = " " if word.place == last else "\n" if word.place[:2] == last[:2] else "\n\n"
            parts.append(gap)
            at += len(gap)
        parts.append(word.text)
        starts.append(at)
        at += len(word.text)
        ends.append(at)
        boxes.append(word.box)
        confidences.append(word.confidence)
        last = word.place
    table = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    return Reading("".join(parts), tuple(starts), tuple(ends), table, tuple(confidences))
