"""The ruled lines of a PDF page, from pdfium's path objects: what tables are found by. Runs in the sandbox."""

from __future__ import annotations

from itertools import repeat

import numpy as np
import pypdfium2.raw as raw

from rag.read import native

Edge = tuple[float, float, float, float]
"""(left, bottom, right, top) in PDF space; no height for a level line, no width for an upright one."""

MOST_OBJECTS = 4000
"""A page with more is a drawing; looking through it would cost more than reading it."""
MOST_EDGES = 600
PROBES = 60
"""Objects that are looked at on every page; the others only where one of them is a path."""
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
    # A table is drawn in runs of lines, or line by cell: a look at some objects finds out whether there may be one.
    handle, path = native.address(page), raw.FPDF_PAGEOBJ_PATH
    if all(
        native.object_kind(native.page_object(handle, index)) != path
        for index in range(0, objects, objects // PROBES + 1)
    ):
        return []
    all_of_them = list(map(native.page_object, repeat(handle, objects), range(objects)))
    paths = [one for one, kind in zip(all_of_them, map(native.object_kind, all_of_them), strict=True) if kind == path]
    if len(paths) > MOST_EDGES:
        return []
    bounds = np.zeros((len(paths), 4), np.float32)
    place = bounds.ctypes.data
    for one in paths:
        native.object_bounds(one, place, place + 4, place + 8, place + 12)
        place += 16
    found: list[Edge] = []
    for one, (left, bottom, right, top) in zip(paths, bounds.tolist(), strict=True):
        if right - left < THICK or top - bottom < THICK:
            found += _line(left, bottom, right, top)
        elif right - left >= SHORT and top - bottom >= SHORT:
            found += _sides(one)
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


def _sides(path: int) -> list[Edge]:
    """The level and upright strokes of a path; curves and slopes give none."""
    count = native.segments(path)
    if count > 4 * MOST_EDGES:
        return []
    numbers = np.zeros(8, np.float32)
    place = numbers.ctypes.data
    native.object_matrix(path, place)
    a, b, c, d, e, f = numbers[:6].tolist()
    x_place, y_place = place + 24, place + 28
    found: list[Edge] = []
    start = last = (0.0, 0.0)
    for index in range(count):
        segment = native.segment(path, index)
        native.segment_point(segment, x_place, y_place)
        x, y = numbers[6:].tolist()
        point = (a * x + c * y + e, b * x + d * y + f)
        kind = native.segment_kind(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            found += _stroke(last, point)
        last = point
        if native.segment_closes(segment):
            found += _stroke(point, start)
            last = start
    return found


def _stroke(one: tuple[float, float], other: tuple[float, float]) -> list[Edge]:
    (x0, x1), (y0, y1) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    return _line(x0, y0, x1, y1) if x1 - x0 < 0.5 or y1 - y0 < 0.5 else []


def as_array(found: list[Edge]) -> np.ndarray:
    """Shape (edges, 4)."""
    return np.array(found, dtype=np.float64).reshape(-1, 4)
