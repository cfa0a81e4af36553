"""Sentences of a page with their offsets: the unit that is quoted, checked and cited."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARAGRAPH = re.compile(r"\n[ \t]*\n+")
_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9ÄÖÜ§•\-])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[Nn]o|[Nn]os|Mr|Mrs|Ms|Dr|Prof|St|Inc|Ltd|Co|Corp|vs|cf|Art|Sec|Fig|Tel|approx|e\.g|i\.e|etc|Nr|bzw|ca|z\.B|[A-Z])\.)$"
)
_LABELLED = re.compile(r"[A-ZÄÖÜ][^:.!?\n]{1,32}:\s+\S")
SHORT_LINE = 0.62
"""A line shorter than this share of the page's longest ends a unit: forms, tables and addresses are lines."""
MAX_CHARS = 600
QUOTE_CHARS = 320
"""Longest sentence that is quoted around a word of it."""


@dataclass(frozen=True, slots=True)
class Segment:
    start: int
    end: int
    text: str
    """Exactly the source's characters between start and end."""


def segments(text: str, offset: int = 0) -> list[Segment]:
    """Sentences, form lines and table rows in order, white space trimmed; `offset` is added to their positions."""
    found: list[Segment] = []
    width = max((len(line) for line in text.splitlines()), default=0)
    position = 0
    for block in [*_PARAGRAPH.finditer(text), None]:
        end = block.start() if block else len(text)
        for start, stop in _units(text, position, end, width):
            for a, b in _sentences(text, start, stop):
                piece = text[a:b]
                left, right = len(piece) - len(piece.lstrip()), len(piece.rstrip())
                if right > left:
                    found.append(Segment(offset + a + left, offset + a + right, piece[left:right]))
        position = block.end() if block else end
    return found


def _units(text: str, start: int, end: int, width: int) -> list[tuple[int, int]]:
    """Runs of lines that belong together as prose; a short line closes its run."""
    lines: list[tuple[int, int]] = []
    position = start
    while position < end:
        stop = text.find("\n", position, end)
        stop = end if stop < 0 else stop
        lines.append((position, stop))
        position = stop + 1
    units: list[tuple[int, int]] = []
    opened: int | None = None
    for a, b in lines:
        line = text[a:b].strip()
        labelled = _LABELLED.match(line) is not None and b - a < 0.9 * width
        if labelled and opened is not None:
            units.append((opened, a))
            opened = None
        opened = a if opened is None else opened
        if labelled or b - a < SHORT_LINE * width or "  " in line or "|" in line:
            units.append((opened, b))
            opened = None
    if opened is not None:
        units.append((opened, end))
    return units


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    begin = start
    for match in _END.finditer(text, start, end):
        # 'Rent.' and '4.2' are clause heads: they stay with the sentence that they introduce.
        words = len(text[begin : match.start()].split())
        if words > 2 and not _ABBREVIATION.search(text, max(begin, match.start() - 12), match.start()):
            pieces.append((begin, match.start()))
            begin = match.end()
    pieces.append((begin, end))
    return [part for piece in pieces for part in _cut(text, *piece)]


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """No unit is longer than `MAX_CHARS`: what has no sentence ends is cut at white space."""
    parts: list[tuple[int, int]] = []
    while end - start > MAX_CHARS:
        cut = max(text.rfind(" ", start, start + MAX_CHARS), text.rfind("\n", start, start + MAX_CHARS))
        cut = cut if cut > start else start + MAX_CHARS
        parts.append((start, cut))
        start = cut
    parts.append((start, end))
    return parts


def around(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence or line that holds the span; only the span where that would be too long to read."""
    window = max(0, start - 2 * QUOTE_CHARS)
    window = text.rfind("\n", 0, window) + 1 if window else 0
    for segment in segments(text[window : end + 2 * QUOTE_CHARS], window):
        if segment.start <= start and end <= segment.end and segment.end - segment.start <= QUOTE_CHARS:
            return segment.start, segment.end
    return start, end
