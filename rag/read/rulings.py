"""The ruled lines of a PDF page, from pdfium's path objects: what tables are found by. Runs in the sandbox."""

from __future__ import annotations

import ctypes

import numpy as np
import pypdfium2.raw as raw

Edge = tuple[float, float, float, float]
"""(left, bottom, right, top) in PDF space; no height for a level line, no width for an upright one."""

MOST_OBJECTS = 4000
"""A page with more is a drawing; looking through it would cost more than reading it."""
MOST_EDGES = 600
THICK = 3.0
"""Points: a filled box that is thinner is a line."""
SHORT = 6.0
"""Points: shorter lines are parts of letters and signs."""
FEWEST = 4
"""A table of two by two cells has six lines; drawn as boxes, three paths can do."""


def edges(page: raw.FPDF_PAGE, objects: int) -> list[Edge]:
    """Level and upright lines that a page draws, boxes as their four sides; [] for pages without and for drawings."""
    if objects > MOST_OBJECTS:
        return []
    get, kind, path = raw.FPDFPage_GetObject, raw.FPDFPageObj_GetType, raw.FPDF_PAGEOBJ_PATH
    paths = [one for one in (get(page, index) for index in range(objects)) if kind(one) == path]
    if not paths or len(paths) > MOST_EDGES:
        return []
    found: list[Edge] = []
    sides = [ctypes.c_float() for _ in range(4)]
    refs = [ctypes.byref(side) for side in sides]
    for one in paths:
        if not raw.FPDFPageObj_GetBounds(one, *refs):
            continue
        left, bottom, right, top = (side.value for side in sides)
        if right - left < THICK or top - bottom < THICK:
            found += _line(left, bottom, right, top)
        else:
            found += _sides(one, left, bottom, right, top)
        if len(found) > MOST_EDGES:
            return []
    return found if len(found) >= FEWEST else []


def _line(left: float, bottom: float, right: float, top: float) -> list[Edge]:
    """A thin box as the line in its middle."""
    if right - left >= max(SHORT, top - bottom):
        middle = (bottom + top) / 2
        return [(left, middle, right, middle)]
    if top - bottom >= SHORT:
        middle = (left + right) / 2
        return [(middle, bottom, middle, top)]
    return []


def _sides(path: raw.FPDF_PAGEOBJECT, left: float, bottom: float, right: float, top: float) -> list[Edge]:
    """The level and upright strokes of a path; curves and slopes give none."""
    count = raw.FPDFPath_CountSegments(path)
    if count > 4 * MOST_EDGES:
        return []
    if right - left < SHORT or top - bottom < SHORT:
        return []
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(path, matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    found: list[Edge] = []
    start = last = (0.0, 0.0)
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        raw.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y))
        point = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            found += _stroke(last, point)
        last = point
        if raw.FPDFPathSegment_GetClose(segment):
            found += _stroke(point, start)
            last = start
    return found


def _stroke(one: tuple[float, float], other: tuple[float, float]) -> list[Edge]:
    (x0, x1), (y0, y1) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    return _line(x0, y0, x1, y1) if x1 - x0 < 0.5 or y1 - y0 < 0.5 else []


def as_array(found: list[Edge]) -> np.ndarray:
    """Shape (edges, 4)."""
    return np.array(found, dtype=np.float64).reshape(-1, 4)
