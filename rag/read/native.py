"""pdfium's functions without pypdfium2's checks of every argument, which cost more than many of the calls."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as raw

POINTER = ctypes.c_void_p
"""Of anything, as a plain address."""


def plain(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    """The same function, taking pointers as integers. It keeps the interpreter's lock: for calls of nanoseconds."""
    return ctypes.PYFUNCTYPE(result, *arguments)(ctypes.cast(function, POINTER).value or 0)


def address(pointer: Any) -> int:
    """Where a pointer points to."""
    return ctypes.cast(pointer, POINTER).value or 0


page_object = plain(raw.FPDFPage_GetObject, POINTER, POINTER, ctypes.c_int)
"""(page, index) -> object, 0 for none."""
object_kind = plain(raw.FPDFPageObj_GetType, ctypes.c_int, POINTER)
object_bounds = plain(raw.FPDFPageObj_GetBounds, ctypes.c_int, *[POINTER] * 5)
"""(object, left, bottom, right, top): the last four are addresses of single-precision numbers; 0 when it has none."""
object_matrix = plain(raw.FPDFPageObj_GetMatrix, ctypes.c_int, POINTER, POINTER)
"""(object, address of six single-precision numbers a..f)."""
segments = plain(raw.FPDFPath_CountSegments, ctypes.c_int, POINTER)
segment = plain(raw.FPDFPath_GetPathSegment, POINTER, POINTER, ctypes.c_int)
segment_point = plain(raw.FPDFPathSegment_GetPoint, ctypes.c_int, POINTER, POINTER, POINTER)
segment_kind = plain(raw.FPDFPathSegment_GetType, ctypes.c_int, POINTER)
segment_closes = plain(raw.FPDFPathSegment_GetClose, ctypes.c_int, POINTER)
