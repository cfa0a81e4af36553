"""Two readings of one picture made into one: the rows of the first, with lines that the second read better."""

from __future__ import annotations

import numpy as np

from rag.read.ocr_layout import Found, Reading, assemble

DOUBT = 0.4
"""Confidence from which a character counts for its reading, as in Reading.quality."""


def merged(rows: Reading, lines: Reading) -> Reading:
    """`rows` with the words of each line of `lines` that is worth more than what stands in its place.

    A line takes the place of the words of one row whose middles lie in its box; worth is characters weighted by
    confidence. What stands beside them stays, and so does every row that no line has.
    """
    at = {word: number for number, words in enumerate(rows.lines()) for word in words}
    middles = (rows.boxes[:, :2] + rows.boxes[:, 2:]) / 2
    gone: set[int] = set()
    came: dict[int, list[int]] = {}
    for words in lines.lines():
        boxes = lines.boxes[words]
        inside = ((middles >= boxes[:, :2].min(axis=0)) & (middles <= boxes[:, 2:].max(axis=0))).all(axis=1)
        there = [int(word) for word in np.flatnonzero(inside) if word not in gone]
        if len({at[word] for word in there}) == 1 and _worth(lines, words) > max(_worth(rows, there), 0.0):
            gone.update(there)
            came.setdefault(at[there[0]], []).extend(words)
    found: list[Found] = []
    for number, words in enumerate(rows.lines()):
        row = [_found(rows, word, number) for word in words if word not in gone]
        row += [_found(lines, word, number) for word in came.get(number, [])]
        found += sorted(row, key=lambda word: word.box[0])
    return assemble(found)


def _worth(reading: Reading, words: list[int]) -> float:
    return sum((reading.ends[word] - reading.starts[word]) * (reading.confidences[word] - DOUBT) for word in words)


def _found(reading: Reading, word: int, row: int) -> Found:
    text = reading.text[reading.starts[word] : reading.ends[word]]
    left, top, right, bottom = (float(edge) for edge in reading.boxes[word])
    return Found((1, 1, row), (left, top, right, bottom), reading.confidences[word], text)
