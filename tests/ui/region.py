"""Where a shown picture of a page is marked, and how that fits the boxes that the API gives."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from rag.model import Box

NEAR = 4
"""Pixels around a box that may be marked too: the highlighter is a little wider than the words."""


@dataclass(frozen=True, slots=True)
class Region:
    """`marked` is one truth a pixel: (height, width)."""

    marked: np.ndarray

    def share_within(self, box: Box) -> float:
        """Of the box (in pixels), how much is marked."""
        x0, y0, x1, y1 = (round(side) for side in box)
        return float(self.marked[y0:y1, x0:x1].mean())

    def share_outside(self, boxes: Sequence[Box]) -> float:
        """Of all that is marked, how much lies in none of the boxes."""
        left = self.marked.copy()
        for x0, y0, x1, y1 in boxes:
            left[max(round(y0) - NEAR, 0) : round(y1) + NEAR, max(round(x0) - NEAR, 0) : round(x1) + NEAR] = False
        return float(left.sum() / max(self.marked.sum(), 1))


def marked_region(png: bytes) -> Region:
    """The highlighter takes most of the blue away from paper; black letters under it stay black, and grey stays grey."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.int16)
    return Region((pixels[..., 0] > 110) & (pixels[..., 0] - pixels[..., 2] > 50))


def scaled(boxes: Sequence[Box], region: Region, page_width: float, page_height: float) -> list[Box]:
    """Boxes of a page in the pixels of its picture."""
    height, width = region.marked.shape
    across, down = width / page_width, height / page_height
    return [(x0 * across, y0 * down, x1 * across, y1 * down) for x0, y0, x1, y1 in boxes]
