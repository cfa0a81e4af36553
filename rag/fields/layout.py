"""The rows of a page: what stands side by side, with the way back from a row's text to the page's.

Readers give text in reading order; on a form the value often stands right of its label or below it, in another block.
Words have boxes, so a row is what overlaps vertically. Wide gaps end a cell.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.fields.values import repaired
from rag.model import Box, Page, Source

GAP = "   "
"""Between two cells of a row: three spaces, which never stand inside a cell."""
WIDE = 1.6
"""A gap of so many line heights ends a cell."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word: [start, end) of the page's text and where it stands."""

    start: int
    end: int
    box: Box
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """`text` joins the words by a space, cells by GAP; misread digits of an OCR page are repaired in it."""

    page: int
    number: int
    """Of the page's rows, from the top."""
    text: str
    tokens: tuple[Token, ...]
    places: tuple[int, ...] = field(repr=False)
    """Where each token begins in `text`."""

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Page offsets of [start, end) of the row's text; None where its words do not follow each other on the page."""
        first, last = bisect_right(self.places, start) - 1, bisect_right(self.places, end - 1) - 1
        if first < 0 or last < first:
            return None
        one, other = self.tokens[first], self.tokens[last]
        begin, finish = one.start + start - self.places[first], other.start + end - self.places[last]
        following = all(left.end <= right.start for left, right in pairwise(self.tokens[first : last + 1]))
        if not following or finish - begin > 2 * (end - start) + 8:
            return None
        return begin, finish

    def extent(self, start: int, end: int) -> tuple[float, float]:
        """Left and right edge of [start, end)."""
        inside = [token for _, token in self.within(start, end)]
        if not inside:
            return 0.0, 0.0
        return min(token.box[0] for token in inside), max(token.box[2] for token in inside)

    def within(self, start: int, end: int) -> list[tuple[int, Token]]:
        """The words that share a character with [start, end), each with its place in `text`."""
        return [
            (place, token)
            for place, token in zip(self.places, self.tokens, strict=True)
            if place < end and place + token.end - token.start > start
        ]

    def cells(self) -> list[tuple[int, int]]:
        """Ranges of the cells in `text`."""
        found, start = [], 0
        for match in re.finditer(GAP, self.text):
            found.append((start, match.start()))
            start = match.end()
        return [*found, (start, len(self.text))]


def stacked(upper: Row, above: tuple[int, int], lower: Row, below: tuple[int, int]) -> Row:
    """A cell and the one under it as one row: what a line was too short for."""
    first, second = upper.within(*above), lower.within(*below)
    head, tail = upper.text[above[0] : above[1]], lower.text[below[0] : below[1]]
    places = [place - above[0] for place, _ in first] + [place - below[0] + len(head) + 1 for place, _ in second]
    tokens = tuple(token for _, token in (*first, *second))
    return Row(upper.page, upper.number, f"{head} {tail}", tokens, tuple(places))


def rows(page: Page) -> list[Row]:
    """From top to bottom, each from left to right."""
    lines = _lines(page)
    merged: list[list[Token]] = []
    for line in lines:
        home = next((row for row in reversed(merged[-60:]) if _beside(row, line)), None)
        if home is None:
            merged.append(list(line))
        else:
            home.extend(line)
    merged.sort(key=lambda row: sum((t.box[1] + t.box[3]) / 2 for t in row) / len(row))
    return [_row(page, number, sorted(row, key=lambda t: t.box[0])) for number, row in enumerate(merged)]


def _lines(page: Page) -> list[list[Token]]:
    """The words of each line of the page's text."""
    words = list(page.words)
    if not words:
        words_of = [
            Token(m.start(), m.end(), (m.start() - line * 1.0, row * 2.0, m.end() - line * 1.0, row * 2.0 + 1.0))
            for row, (line, text) in enumerate(_with_offsets(page.text))
            for m in re.compile(r"\S+").finditer(page.text, line, line + len(text))
        ]
    else:
        words_of = [Token(word.start, word.end, word.box, word.confidence) for word in words]
    lines: list[list[Token]] = []
    last = -1
    for token in words_of:
        if not lines or "\n" in page.text[last : token.start]:
            lines.append([])
        lines[-1].append(token)
        last = token.end
    return lines


def _with_offsets(text: str) -> list[tuple[int, str]]:
    found, start = [], 0
    for line in text.split("\n"):
        found.append((start, line))
        start += len(line) + 1
    return found


def _beside(row: Sequence[Token], line: Sequence[Token]) -> bool:
    """Same height, and neither over the other."""
    top, bottom = min(t.box[1] for t in row), max(t.box[3] for t in row)
    upper, lower = min(t.box[1] for t in line), max(t.box[3] for t in line)
    shared = min(bottom, lower) - max(top, upper)
    if shared < 0.6 * min(bottom - top, lower - upper):
        return False
    left, right = min(t.box[0] for t in line), max(t.box[2] for t in line)
    return all(t.box[2] <= left + 1 or t.box[0] >= right - 1 for t in row)


def _row(page: Page, number: int, tokens: list[Token]) -> Row:
    pieces: list[str] = []
    places: list[int] = []
    at = 0
    for index, token in enumerate(tokens):
        if index:
            before = tokens[index - 1]
            height = max(1e-6, min(before.box[3] - before.box[1], token.box[3] - token.box[1]))
            joint = GAP if token.box[0] - before.box[2] > WIDE * height else " "
            pieces.append(joint)
            at += len(joint)
        places.append(at)
        pieces.append(page.text[token.start : token.end])
        at += token.end - token.start
    text = "".join(pieces)
    return Row(page.number, number, repaired(text) if page.source is Source.OCR else text, tuple(tokens), tuple(places))
