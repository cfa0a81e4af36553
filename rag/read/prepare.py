"""Gray pictures for OCR: skew, turning, enlarging, cleaning. Arrays are uint8 of shape (height, width), 255 is paper."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

MAX_SKEW = 10.0
"""Degrees that deskewing looks for on each side."""
MIN_SKEW = 0.6
"""Tesseract follows lines that are less askew by itself, and turning blurs."""


def write_gray(path: Path, gray: np.ndarray) -> None:
    """An uncompressed TIFF, or a PBM when it is black and white, which need not be thresholded.

    Not PGM: tesseract's library reads that byte by byte, a tenth of a second a page.
    """
    gray = np.ascontiguousarray(gray)
    height, width = gray.shape
    with path.open("wb") as file:
        if ((gray + np.uint8(1)) < 2).all():
            file.write(b"P4 %d %d\n" % (width, height))
            file.write(np.packbits(gray == 0, axis=1).data)
        else:
            file.write(_tiff_head(width, height))
            file.write(gray.data)


def _tiff_head(width: int, height: int) -> bytes:
    """What goes before the rows of a gray picture that is one strip."""
    # Width, height, bits, no compression, black is zero, where the strip begins, samples, rows in it, its bytes.
    values = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: height, 279: width * height}
    size = 8 + 2 + 12 * len(values) + 4
    values[273] = size
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in values.items())
    return struct.pack("<2sHIH", b"II", 42, 8, len(values)) + entries + bytes(4)


def read_gray(path: Path) -> np.ndarray:
    """What write_gray wrote."""
    import cv2

    gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    return np.asarray(gray)


def turn(gray: np.ndarray, degrees: int) -> np.ndarray:
    """Turned clockwise by 0, 90, 180 or 270 degrees."""
    return np.rot90(gray, k=-(degrees // 90) % 4)


def rotate(gray: np.ndarray, degrees: float) -> np.ndarray:
    """Turned counter-clockwise by a small angle about the centre, same size, corners white."""
    import cv2

    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(gray, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=255)


def unrotate_boxes(boxes: np.ndarray, degrees: float, width: float, height: float) -> np.ndarray:
    """Boxes (n, 4) found on `rotate(gray, degrees)` in the frame before it: around each box's turned middle line."""
    import cv2

    inverse = cv2.invertAffineTransform(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0))
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    half = (boxes[:, 3] - boxes[:, 1]) / 2
    left = np.stack([boxes[:, 0], middle], 1) @ inverse[:, :2].T + inverse[:, 2]
    right = np.stack([boxes[:, 2], middle], 1) @ inverse[:, :2].T + inverse[:, 2]
    top = np.minimum(left[:, 1], right[:, 1]) - half
    bottom = np.maximum(left[:, 1], right[:, 1]) + half
    return np.stack([np.minimum(left[:, 0], right[:, 0]), top, np.maximum(left[:, 0], right[:, 0]), bottom], 1)


def ink(gray: np.ndarray, long_side: int = 1000) -> np.ndarray:
    """A small picture of what is darker than the paper around it: float32, 0 is paper, 1 is full ink."""
    import cv2

    scale = min(1.0, long_side / max(gray.shape))
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
    paper = cv2.blur(small, (31, 31)).astype(np.float32)
    dark = np.maximum(paper - small.astype(np.float32) - 12, 0)
    return np.minimum(dark / 60, 1)


def skew(dark: np.ndarray) -> tuple[float, float]:
    """Degrees, counter-clockwise positive, that make the lines of `ink(...)` level; 0.0 when no angle stands out.

    And how sharply the lines stand out then: compare it with that of the picture turned by 90 degrees.
    """
    rows, columns = np.nonzero(dark > 0.3)
    if len(rows) < 500:
        return 0.0, 0.0
    if len(rows) > 30_000:
        step = len(rows) // 30_000 + 1
        rows, columns = rows[::step], columns[::step]
    y, x = rows.astype(np.float32), columns.astype(np.float32) - dark.shape[1] / 2

    def sharpness(angle: float) -> float:
        level = y + x * np.float32(np.tan(np.radians(angle)))
        counts = np.bincount((level - level.min()).astype(np.int32)).astype(np.float64)
        return float(np.square(np.diff(counts)).sum())

    coarse = np.arange(-MAX_SKEW, MAX_SKEW + 0.1, 1.0)
    scores = [sharpness(float(a)) for a in coarse]
    best = float(coarse[int(np.argmax(scores))])
    for finer in (0.5, 0.25, 0.1):
        around = [best - finer, best, best + finer]
        best = around[int(np.argmax([sharpness(a) for a in around]))]
    found = sharpness(best)
    if abs(best) < MIN_SKEW or abs(best) >= MAX_SKEW or found < 1.15 * sharpness(0.0):
        return 0.0, found
    return -best, found


def enlarge(gray: np.ndarray, scale: float) -> np.ndarray:
    """Smoothly enlarged or reduced."""
    import cv2

    return cv2.resize(np.ascontiguousarray(gray), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


def clean(gray: np.ndarray) -> np.ndarray:
    """Uneven paper made white, faint ink dark, grains removed."""
    import cv2

    gray = cv2.medianBlur(np.ascontiguousarray(gray), 3)
    side = max(31, (max(gray.shape) // 40) | 1)
    paper = cv2.blur(cv2.dilate(gray, np.ones((5, 5), np.uint8)), (side, side)).astype(np.float32)
    level = gray.astype(np.float32) / np.maximum(paper, 1) * 255
    low, high = np.percentile(level, (0.5, 60))
    return np.clip((level - low) / max(1.0, high - low) * 255, 0, 255).astype(np.uint8)
