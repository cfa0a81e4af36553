"""The text layer of one PDF page: from pdfium's code units to text and words, and whether it can be trusted."""

from __future__ import annotations

import re
from enum import StrEnum

import numpy as np
import pypdfium2.raw as raw

from rag.model import Words
from rag.read import native

_SPAN = re.compile(r"\S+")
_LINE_END_HYPHEN = 0xFFFE
"""pdfium puts this for a hyphen at the end of a line, and leaves the line end out."""
_SPACES = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 0xA0, 0xFFFF], np.uint16)
_SHARES = np.array(
    (82, 15, 32, 42, 135, 18, 18, 35, 72, 4, 14, 45, 28, 75, 62, 25, 6, 66, 66, 68, 40, 15, 11, 3, 12, 9)
)
"""a to z in a thousand letters, about, in the languages of Europe that are written in Latin letters."""


class Verdict(StrEnum):
    TEXT = "text"
    OCR = "ocr"
    BLANK = "blank"


def decode(units: np.ndarray) -> tuple[str, np.ndarray]:
    """UTF-16 code units of pdfium to text, and for each character of it the index of its code unit.

    Line ends become \\n, control characters spaces, the hyphen at a line end '-' and \\n.
    """
    place = np.arange(len(units), dtype=np.int32)
    keep = units != 0x0D
    units, place = units[keep], place[keep]
    hyphens = units == _LINE_END_HYPHEN
    if hyphens.any():
        at = np.flatnonzero(hyphens)
        units = units.copy()
        units[at] = ord("-")
        follows = at[(at + 1 < len(units)) & (units[np.minimum(at + 1, len(units) - 1)] != 0x0A)]
        units = np.insert(units, follows + 1, 0x0A)
        place = np.insert(place, follows + 1, place[follows])
    if (len(units) and (units < 9).any()) or (units == 0xA0).any() or (units == 0xFFFF).any():
        units = np.where(np.isin(units, _SPACES), np.uint16(0x20), units)
    text = units.astype("<u2").tobytes().decode("utf-16-le", errors="replace")
    if len(text) != len(units):  # letters beyond the basic plane take two units
        low = (units >= 0xDC00) & (units <= 0xDFFF)
        high = np.zeros(len(units), bool)
        high[1:] = (units[:-1] >= 0xD800) & (units[:-1] <= 0xDBFF)
        place = place[~(low & high)]
        text = text[: len(place)]
    return text, place


def spans(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends of the words of a text."""
    found = [match.span() for match in _SPAN.finditer(text)]
    table = np.array(found, dtype=np.int32).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def paragraphs(text: str, starts: np.ndarray, ends: np.ndarray, boxes: np.ndarray) -> tuple[str, np.ndarray]:
    """The text, trimmed, with a blank line where the gap to the next line is wide, and the shift of each word's offsets."""
    ends_of_lines = np.flatnonzero(np.frombuffer(text.encode("utf-32-le", errors="replace"), np.uint32) == 0x0A)
    breaks = np.full(len(starts) - 1, -1, np.int32)
    # The word before each line end; of several in one gap, the first counts.
    before = np.searchsorted(ends, ends_of_lines, side="right") - 1
    inside = (before >= 0) & (before < len(breaks))
    breaks[before[inside][::-1]] = ends_of_lines[inside][::-1]
    new_line = np.flatnonzero(breaks >= 0)
    offset = -int(starts[0])
    moved = np.full(len(starts), offset, np.int32)
    body = text[: ends[-1]]
    if not len(new_line):
        return body[starts[0] :], moved
    first = np.concatenate([[0], new_line + 1])
    top = np.minimum.reduceat(boxes[:, 1], first)
    bottom = np.maximum.reduceat(boxes[:, 3], first)
    heights = np.maximum(bottom - top, 1.0)
    gap = top[1:] - bottom[:-1]
    # Downwards by more than a line's leading, or up to the head of another column.
    wide = (gap > 0.85 * np.minimum(heights[1:], heights[:-1])) | (top[1:] < top[:-1] - 2 * heights[:-1])
    chosen = new_line[wide]
    if not len(chosen):
        return body[starts[0] :], moved
    pieces, last = [], int(starts[0])
    for at in breaks[chosen].tolist():
        if body[at : at + 2] == "\n\n":
            continue
        pieces.append(body[last:at])
        last = at
        moved[np.searchsorted(starts, at) :] += 1
    pieces.append(body[last:])
    return "\n".join(pieces), moved


def judge(page: raw.FPDF_PAGE, text: str, words: Words, width: float, height: float) -> Verdict:
    """Whether the text layer can stand for the page.

    Nothing drawn at all: BLANK. No text, text that is not language, or a stamp on a full-page picture: OCR.
    """
    letters = len(text) - text.count(" ") - text.count("\n")
    objects = raw.FPDFPage_CountObjects(page)
    if letters == 0:
        return Verdict.OCR if objects or raw.FPDFPage_GetAnnotCount(page) else Verdict.BLANK
    if _garbage(text):
        return Verdict.OCR
    if letters < 150 and _picture_share(page, objects, width, height) > 0.6:
        return Verdict.OCR
    if _out_of_sight(words, width, height):
        return Verdict.OCR
    return Verdict.TEXT


def _garbage(text: str) -> bool:
    """Mostly replacement or private characters, or letters in proportions that no written language has."""
    codes = np.frombuffer(text.encode("utf-32-le", errors="replace"), np.uint32)
    low = np.bincount(codes[codes < 128], minlength=128)
    spaces = int(low[32] + low[10])
    size = len(codes) - spaces
    odd = codes[codes >= 127]
    junk = int(low[:10].sum() + low[11:32].sum())
    junk += int(np.count_nonzero((odd == 0xFFFD) | ((odd >= 0xE000) & (odd <= 0xF8FF)) | (odd < 0xA0)))
    if junk > 0.2 * size:
        return True
    letters = low[97:123] + low[65:91]
    written = int(letters.sum() + low[48:58].sum() + np.count_nonzero(odd >= 0xC0))
    if size >= 40 and written < 0.35 * size and not _ruled(text, size):
        return True
    count = int(letters.sum())
    if count < 80 or count < 0.4 * size:
        return False
    # Languages come to 55..70; letters in equal shares to 38, and so does a shifted or a scrambled alphabet.
    return float(letters @ _SHARES) / count < 48


def _ruled(text: str, size: int) -> bool:
    """Dot leaders and drawn lines are no junk."""
    return sum(text.count(c) for c in "._-=*|") > 0.4 * size


def _out_of_sight(words: Words, width: float, height: float) -> bool:
    """Most words lie in no area: a layer that was put there to be found, not to be seen."""
    box = words.array["box"]
    if len(box) < 5:
        return False
    flat = (box[:, 2] - box[:, 0] < 0.5) | (box[:, 3] - box[:, 1] < 0.5)
    return bool(flat.mean() > 0.6)


def _picture_share(page: raw.FPDF_PAGE, objects: int, width: float, height: float) -> float:
    """Share of the page that its largest picture covers; looks at the first hundred objects."""
    best = 0.0
    handle, bounds = native.address(page), np.zeros(4, np.float32)
    place = bounds.ctypes.data
    for index in range(min(objects, 100)):
        one = native.page_object(handle, index)
        if native.object_kind(one) == raw.FPDF_PAGEOBJ_IMAGE and native.object_bounds(
            one, place, place + 4, place + 8, place + 12
        ):
            left, bottom, right, top = bounds.tolist()
            best = max(best, (right - left) * (top - bottom) / max(1.0, width * height))
    return best
