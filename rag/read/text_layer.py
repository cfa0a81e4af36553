"""The invisible text of a page in PDF operators: each word at its box, along the slope of its line."""

from __future__ import annotations

import math

import numpy as np

from rag.model import Page
from rag.read.glyphless import WIDTH, Glyphless

FONT = "/RedwellText"
MOST_SLOPE = math.tan(math.radians(12))
LEAST_SLOPE = math.tan(math.radians(0.3))
"""Boxes of words are whole pixels: less is noise."""


def operators(page: Page, font: Glyphless) -> bytes:
    """Text operators in a frame whose origin is the lower left corner of the page as it was read, y upwards.

    Words follow each other in reading order, a space after each that has a neighbour on its line.
    """
    rows = page.words.array
    if not len(rows):
        return b""
    boxes = rows["box"].astype(float)
    starts, ends = rows["start"].tolist(), rows["end"].tolist()
    same_line = ["\n" not in page.text[end:start] for end, start in zip(ends[:-1], starts[1:], strict=True)] + [False]
    slope = _slope(boxes, np.array(same_line[:-1]))
    cosine, sine = math.cos(math.atan(slope)), math.sin(math.atan(slope))
    parts = [b"BT 3 Tr"]
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        x0, y0, x1, y1 = boxes[index].tolist()
        wide, rise = max(x1 - x0, 0.1), abs(slope) * (x1 - x0)
        high = max(y1 - y0 - rise, 0.3 * (y1 - y0), 0.5)
        # The lower end of the word's first letter, y upwards; a line that falls has a negative slope.
        left = page.height - (y1 if slope >= 0 else y0 + high)
        text = page.text[start:end]
        parts.append(
            f"{FONT} {high:.3f} Tf {cosine:.5f} {sine:.5f} {-sine:.5f} {cosine:.5f} {x0:.3f} {left:.3f} Tm "
            f"{_stretch(wide / cosine, len(text), high):.3f} Tz {font.encode(text).decode()} Tj".encode()
        )
        if same_line[index]:
            gap = max(float(boxes[index + 1][0]) - x1, 0.02 * high)
            parts.append(f"{_stretch(gap / cosine, 1, high):.3f} Tz {font.encode(' ').decode()} Tj".encode())
    return b"\n".join([*parts, b"ET"])


def _stretch(wide: float, letters: int, size: float) -> float:
    """Percent by which so many letters have to be scaled to be `wide` points long."""
    return 100 * wide / (letters * size * WIDTH / 1000)


def _slope(boxes: np.ndarray, same_line: np.ndarray) -> float:
    """Rise of the page's lines, y upwards, from the middles of neighbouring words; 0.0 when they are level."""
    if same_line.sum() < 5:
        return 0.0
    middle = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], 1)
    steps = (middle[1:] - middle[:-1])[same_line]
    steps = steps[steps[:, 0] > 0]
    if len(steps) < 5:
        return 0.0
    slope = -float(np.median(steps[:, 1] / steps[:, 0]))
    return slope if LEAST_SLOPE < abs(slope) < MOST_SLOPE else 0.0
