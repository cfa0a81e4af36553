"""Values of a PDF's form fields (AcroForm) as words of their page. Runs in the sandbox."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from rag.model import WORD_DTYPE, Words

MOST_FIELDS = 2000
_OFF = ("", "Off")
CHECKED = "[x]"
"""How a ticked box reads."""
_WRITTEN = frozenset({raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX})
_TICKED = frozenset({raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON})


@dataclass(frozen=True, slots=True)
class Field:
    """What stands in a field, and its place as (left, bottom, right, top) in PDF space."""

    text: str
    rect: tuple[float, float, float, float]


def open_forms(document: pdfium.PdfDocument) -> bool:
    """Makes the document's fields readable; False when it has none."""
    if raw.FPDF_GetFormType(document.raw) in (raw.FORMTYPE_NONE, raw.FORMTYPE_XFA_FULL):
        return False
    document.init_forms()
    return document.formenv is not None


def fields(document: pdfium.PdfDocument, page: raw.FPDF_PAGE) -> list[Field]:
    """Fields of a page with something in them, in the order in which the file lists them. `open_forms` goes before."""
    form = document.formenv
    found: list[Field] = []
    if form is None:
        return found
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), MOST_FIELDS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_WIDGET or _hidden(annotation):
                continue
            kind = raw.FPDFAnnot_GetFormFieldType(form.raw, annotation)
            text = ""
            if kind in _WRITTEN:
                text = _string(partial(raw.FPDFAnnot_GetFormFieldValue, form.raw, annotation))
            elif kind in _TICKED and _string(partial(raw.FPDFAnnot_GetStringValue, annotation, b"AS")) not in _OFF:
                text = CHECKED
            rect = raw.FS_RECTF()
            if text.strip() and raw.FPDFAnnot_GetRect(annotation, rect):
                found.append(Field(text, (rect.left, rect.bottom, rect.right, rect.top)))
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return found


def _hidden(annotation: raw.FPDF_ANNOTATION) -> bool:
    return bool(raw.FPDFAnnot_GetFlags(annotation) & (raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW))


def _string(read: Callable[[Any, int], int]) -> str:
    """What one of pdfium's functions that fill a buffer of UTF-16 has to say."""
    size = read(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    read(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def with_fields(
    text: str, words: Words, found: list[Field], top_left: Callable[[np.ndarray], np.ndarray]
) -> tuple[str, Words]:
    """The page's text with each value behind the word that labels it: the nearest on its left, or above it.

    `top_left` turns rows of (left, bottom, right, top) into boxes of the page.
    """
    rects = top_left(np.array([field.rect for field in found], dtype=np.float64))
    old = words.array
    boxes = old["box"].astype(float)
    starts, ends = old["start"].tolist(), old["end"].tolist()
    behind: dict[int, list[int]] = {}
    for number, rect in enumerate(rects.tolist()):
        behind.setdefault(_label(boxes, rect), []).append(number)
    parts: list[str] = []
    rows: list[tuple[int, int, tuple[float, ...], float]] = []
    at = 0

    def add(piece: str) -> None:
        nonlocal at
        parts.append(piece)
        at += len(piece)

    def put(numbers: list[int]) -> None:
        for number in numbers:
            value = found[number].text.split()
            places = _places(value, rects[number])
            for word, place in zip(value, places, strict=True):
                add(" " if parts and not parts[-1].endswith("\n") else "")
                rows.append((at, at + len(word), place, 1.0))
                add(word)

    last = 0
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        add(text[last:start])
        rows.append((at, at + end - start, tuple(boxes[index]), float(old["confidence"][index])))
        add(text[start:end])
        last = end
        put(behind.get(index, []))
    add(text[last:])
    for number in behind.get(-1, []):
        add("\n" if parts else "")
        put([number])
    return "".join(parts), Words(np.array(rows, dtype=WORD_DTYPE).tobytes())


def _label(boxes: np.ndarray, rect: list[float]) -> int:
    """The word that a field belongs to; -1 when none is near."""
    if not len(boxes):
        return -1
    x0, y0, x1, y1 = rect
    shared = np.minimum(boxes[:, 3], y1) - np.maximum(boxes[:, 1], y0)
    beside = (shared > 0.4 * np.minimum(boxes[:, 3] - boxes[:, 1], y1 - y0)) & (boxes[:, 0] < x0)
    if beside.any():
        return int(np.flatnonzero(beside)[np.argmax(boxes[beside][:, 2])])
    overlap = np.minimum(boxes[:, 2], x1) - np.maximum(boxes[:, 0], x0)
    above = (boxes[:, 3] <= y0 + 3) & (overlap > 0) & (y0 - boxes[:, 3] < 40)
    if above.any():
        near = np.flatnonzero(above)
        lowest = boxes[near, 3].max()
        line = near[boxes[near, 3] > lowest - 4]
        return int(line[np.argmax(boxes[line, 2])])
    return -1


def _places(value: list[str], rect: np.ndarray) -> list[tuple[float, ...]]:
    """A box a word: the field cut along its width by letters."""
    x0, y0, x1, y1 = (float(side) for side in rect)
    letter = (x1 - x0) / max(1, sum(len(word) + 1 for word in value) - 1)
    places: list[tuple[float, ...]] = []
    at = x0
    for word in value:
        places.append((at, y0, at + letter * len(word), y1))
        at += letter * (len(word) + 1)
    return places
