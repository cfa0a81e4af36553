"""Ruled tables of a page: which words lie in which cell, and the page's text with each table as Markdown rows.

The geometry of cells is pdfplumber's; the lines and words are pdfium's, which reads a page a hundred times faster.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from rag.model import WORD_DTYPE, Words

TOLERANCE = 3.0
"""Points by which lines may miss each other and still meet."""
MOST_WORDS_A_CELL = 60
"""Boxes that hold paragraphs are a layout, not a table."""
LEAST_FILLED = 0.3
"""Share of cells with words from which a grid is a table."""
MOST_CELLS = 2000


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: for each row, for each column, the indexes of the words in the cell, in reading order."""

    rows: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def words(self) -> list[int]:
        return [index for row in self.rows for cell in row for index in cell]


def with_tables(text: str, words: Words, edges: np.ndarray) -> tuple[str, Words]:
    """The page's text with its ruled tables as Markdown tables where their first words stood, and its words moved along.

    `edges` (n, 4) are level and upright lines as (x0, y0, x1, y1) in the frame of the words' boxes.
    """
    grids = find(words, edges)
    return rewritten(text, words, grids) if grids else (text, words)


def find(words: Words, edges: np.ndarray) -> list[Grid]:
    """Tables of at least two rows and columns, most of them filled."""
    from pdfplumber import table as plumber

    lines = [_edge(*row) for row in edges.tolist()]
    if len({line["orientation"] for line in lines}) < 2:
        return []
    merged = plumber.merge_edges(lines, TOLERANCE, TOLERANCE, TOLERANCE, TOLERANCE)
    cells = plumber.intersections_to_cells(plumber.edges_to_intersections(merged, TOLERANCE, TOLERANCE))
    if len(cells) > MOST_CELLS:
        return []
    boxes = words.array["box"]
    middle = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], 1)
    grids = (_grid(np.array(group), middle) for group in plumber.cells_to_tables(cells) if len(group) >= 4)
    return [grid for grid in grids if grid is not None]


def _edge(x0: float, y0: float, x1: float, y1: float) -> dict[str, object]:
    upright = x1 - x0 < y1 - y0
    size = {"width": x1 - x0, "height": y1 - y0}
    return {"x0": x0, "x1": x1, "top": y0, "bottom": y1, "orientation": "v" if upright else "h", **size}


def _grid(cells: np.ndarray, middle: np.ndarray) -> Grid | None:
    """Cells (n, 4) as rows and columns; a cell that spans several stands in the first of them."""
    tops, lefts = _steps(cells[:, 1]), _steps(cells[:, 0])
    if len(tops) < 2 or len(lefts) < 2:
        return None
    rows: list[list[tuple[int, ...]]] = [[() for _ in lefts] for _ in tops]
    boxes_of = [0] * len(tops)
    filled = 0
    for x0, y0, x1, y1 in cells.tolist():
        inside = (middle[:, 0] > x0) & (middle[:, 0] < x1) & (middle[:, 1] > y0) & (middle[:, 1] < y1)
        found = tuple(np.flatnonzero(inside).tolist())
        if len(found) > MOST_WORDS_A_CELL:
            return None
        filled += bool(found)
        row, column = _nearest(tops, y0), _nearest(lefts, x0)
        rows[row][column] += found
        boxes_of[row] += 1
    if 2 * boxes_of.count(1) >= len(tops):  # boxes under each other: a form's frames
        return None
    kept = [row for row in rows if any(row)]
    columns = [index for index in range(len(lefts)) if any(row[index] for row in kept)]
    if len(kept) < 2 or len(columns) < 2 or filled < LEAST_FILLED * len(cells):
        return None
    return Grid(tuple(tuple(row[index] for index in columns) for row in kept))


def _steps(values: np.ndarray) -> list[float]:
    """Distinct positions, ascending; what is nearer than the tolerance counts as one."""
    steps: list[float] = []
    for value in np.sort(values).tolist():
        if not steps or value - steps[-1] > TOLERANCE:
            steps.append(value)
    return steps


def _nearest(steps: list[float], value: float) -> int:
    return int(np.argmin([abs(step - value) for step in steps]))


_LINES = re.compile(r"\n[\s]*\n")


def rewritten(text: str, words: Words, grids: list[Grid]) -> tuple[str, Words]:
    """The text with each grid as a Markdown table; every word keeps its box and its letters."""
    old = words.array
    starts, ends = old["start"].tolist(), old["end"].tolist()
    owner = np.full(len(old), -1)
    for number, grid in enumerate(grids):
        owner[grid.words] = number
    written = _Text(text, starts, ends)
    done: set[int] = set()
    for index, number in enumerate(owner.tolist()):
        if number < 0:
            written.word(index)
        elif number not in done:
            done.add(number)
            written.table(grids[number])
    body, places = written.result()
    order = [index for index, _ in places]
    table = np.zeros(len(places), dtype=WORD_DTYPE)
    table["box"], table["confidence"] = old["box"][order], old["confidence"][order]
    table["start"] = [at for _, at in places]
    table["end"] = table["start"] + np.array([ends[i] - starts[i] for i in order])
    return body, Words(table.tobytes())


class _Text:
    """Builds a text of the words of another and notes where each one stands."""

    def __init__(self, text: str, starts: list[int], ends: list[int]) -> None:
        self._text, self._starts, self._ends = text, starts, ends
        self._parts: list[str] = []
        self._at = 0
        self._places: list[tuple[int, int]] = []
        self._last: int | None = None
        """The word before, when it is not in a table."""

    def result(self) -> tuple[str, list[tuple[int, int]]]:
        """The text, and (index, start) of each word in its order."""
        return "".join(self._parts), self._places

    def word(self, index: int) -> None:
        last = self._last
        if last is not None:
            gap = self._text[self._ends[last] : self._starts[index]]
            if last + 1 != index:  # a table stood between them
                gap = "\n\n" if _LINES.search(gap) else "\n"
            self._add(gap)
        elif self._parts:
            self._add("\n\n")
        self._put(index)
        self._last = index

    def table(self, grid: Grid) -> None:
        if self._parts:
            self._add("\n\n")
        for number, row in enumerate(grid.rows):
            self._add("\n" if number else "")
            self._add("|")
            for cell in row:
                for index in cell:
                    self._add(" ")
                    self._put(index)
                self._add(" |")
            if number == 0:
                self._add("\n|" + " --- |" * len(row))
        self._last = None

    def _put(self, index: int) -> None:
        self._places.append((index, self._at))
        self._add(self._text[self._starts[index] : self._ends[index]])

    def _add(self, piece: str) -> None:
        self._parts.append(piece)
        self._at += len(piece)
