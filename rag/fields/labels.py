"""Values beside, below or after their labels: 'Invoice no.: 4711', a column head over its value, 'the monthly rent is ...'."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.fields.layout import GAP, Row

BELOW_ROWS = 3
BELOW_FACTOR = 0.72
PROSE_FACTOR = 0.6
PROSE_CHARS = 80
_MARKS = r"[\s.:;#=°*|_)\]'’-]*"
_TAIL = re.compile(rf"(?:{_MARKS}(?:no|nr|number|num|nummer)\b)?{_MARKS}", re.IGNORECASE)
_SENTENCE = re.compile(r"[.;!?](?=\s+[A-ZÄÖÜ])")


@dataclass(frozen=True, slots=True)
class Mention:
    """[start, end) of a text that has the form of a value."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Label:
    """[start, end) of a text; `weight` 0..1 falls with the label's place in its list."""

    start: int
    end: int
    weight: float
    text: str


@lru_cache(maxsize=512)
def _pattern(labels: tuple[str, ...]) -> re.Pattern[str]:
    def one(label: str) -> str:
        return r"[\s.:()-]{0,3}".join(re.escape(word) for word in re.split(r"[\s-]+", label) if word)

    ordered = sorted(labels, key=len, reverse=True)
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(map(one, ordered))})(?![^\W_])", re.IGNORECASE)


def find(text: str, labels: tuple[str, ...]) -> list[Label]:
    """Every label in the text, longest at each place."""
    if not labels:
        return []
    ranks = {_key(label): rank for rank, label in enumerate(labels)}
    found = []
    for match in _pattern(labels).finditer(text):
        rank = ranks.get(_key(match.group()), len(labels) - 1)
        found.append(Label(match.start(), match.end(), 1 - 0.4 * rank / max(1, len(labels)), match.group()))
    return found


def _key(text: str) -> str:
    return re.sub(r"[\s.:()-]+", "", text.casefold())


def holds(text: str, words: tuple[str, ...]) -> bool:
    return bool(words) and _pattern(words).search(text) is not None


def value_start(text: str, label: Label) -> int:
    """Where the value after a label may begin: behind 'no.', colons and the like."""
    match = _TAIL.match(text, label.end)
    return match.end() if match else label.end


@dataclass(frozen=True, slots=True)
class Place:
    """A row's [start, end) that may hold the value of a label, with the factor its score gets."""

    row: Row
    start: int
    end: int
    factor: float
    label: Label
    beside: bool
    """False: below the label."""


def places(rows: Sequence[Row], labels: tuple[str, ...], forbidden: tuple[str, ...]) -> Iterator[Place]:
    """For each label: the rest of its cell and the cells right of it; then, where its cell ends, the rows below."""
    for index, row in enumerate(rows):
        for label in find(row.text, labels):
            cell = next(cell for cell in row.cells() if cell[0] <= label.start < max(cell[1], cell[0] + 1))
            before = row.text[cell[0] : label.start]
            if holds(before[-40:] + row.text[label.start : label.end + 14].split(GAP)[0], forbidden):
                continue
            start = value_start(row.text, label)
            if row.text[start:].strip():
                yield Place(row, start, len(row.text), 1.0, label, True)
            if start >= cell[1] or not row.text[start : cell[1]].strip():
                yield from _below(rows, index, label)


def _below(rows: Sequence[Row], index: int, label: Label) -> Iterator[Place]:
    row = rows[index]
    left, right = row.extent(label.start, label.end)
    for step, lower in enumerate(rows[index + 1 : index + 1 + BELOW_ROWS]):
        if lower.page != row.page:
            return
        for start, end in lower.cells():
            x0, x1 = lower.extent(start, end)
            if min(right, x1) - max(left, x0) > 0.2 * min(right - left, x1 - x0):
                yield Place(lower, start, end, BELOW_FACTOR - 0.1 * step, label, False)


def after(
    text: str, labels: tuple[str, ...], forbidden: tuple[str, ...], found: Callable[[str], Sequence[Mention]]
) -> Iterator[tuple[Mention, float]]:
    """Values in running text: the first one behind a label in the same sentence, with a score that falls with the distance.

    `text` is a page's with its line ends as spaces; spans are offsets into it.
    """
    for label in find(text, labels):
        if holds(text[max(0, label.start - 30) : label.start], forbidden):
            continue
        stop = min(len(text), label.end + PROSE_CHARS)
        sentence = _SENTENCE.search(text, label.end, stop)
        piece = text[label.end : sentence.start() if sentence else stop + 24]
        for value in found(piece)[:1]:
            if value.start <= PROSE_CHARS and not holds(piece[: value.start], forbidden):
                moved = Mention(label.end + value.start, label.end + value.end)
                yield moved, label.weight * PROSE_FACTOR * (1 - value.start / (2 * PROSE_CHARS))
