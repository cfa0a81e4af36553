"""What runs inside the sandbox: one function a job, paths and values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.errors import UnsupportedType
from rag.model import Box, Page
from rag.ports import Outline
from rag.read import image, pdf, prepare, sniff, text
from rag.settings import Limits

TOP_DPI = 110.0
"""Pictures that declare less are enlarged: tesseract wants capitals of 20 pixels and more."""


def outline(
    path: Path, *, key: str, media_type: str, limits: Limits, language: str, password: str | None = None
) -> Outline:
    """Pages of a PDF, picture or text file."""
    warnings: tuple[str, ...] = ()
    if media_type == sniff.PDF:
        pages, warnings = pdf.outline(path, key=key, limits=limits, language=language, password=password)
    elif media_type in sniff.IMAGES:
        pages = image.outline(path, key=key, media_type=media_type, limits=limits, language=language)
    elif media_type in sniff.TEXTS:
        pages = text.pages(text.decode(path.read_bytes()), max_bytes=limits.text_bytes, max_pages=limits.pages)
    else:
        raise UnsupportedType(f"Files of type {media_type} are not read.")
    return Outline(media_type, tuple(pages), warnings)


def gray(
    path: Path, target: Path, *, media_type: str, number: int, password: str | None, dpi: int, pixels: int
) -> tuple[int, int, float, float, bool, bool]:
    """Writes a page as a gray picture for OCR.

    Returns its width and height in pixels, its pixels a unit of the page, and what a small copy of it shows: the angle
    that levels its lines (degrees, 0.0 for straight ones), whether its lines lie, and whether it is blank.
    """
    if media_type == sniff.PDF:
        pixels_of_page, scale = pdf.gray(path, number, password=password, dpi=dpi, pixels=pixels)
    else:
        pixels_of_page, _ = image.gray(path, number, pixels=pixels)
        scale = 1.0
    dark = prepare.ink(pixels_of_page)
    blank = bool(dark.max(initial=0.0) < 0.2)
    lies = not blank and prepare.lies(dark)
    angle = 0.0 if blank else prepare.skew(np.rot90(dark) if lies else dark)
    prepare.write_gray(target, pixels_of_page)
    height, width = pixels_of_page.shape
    return width, height, scale, angle, lies, blank


def change(
    source: Path, target: Path, *, rotation: int = 0, angle: float = 0.0, scale: float = 1.0, clean: bool = False
) -> None:
    """Writes a gray picture turned, deskewed, enlarged or cleaned, in that order."""
    picture = prepare.read_gray(source)
    if rotation:
        picture = prepare.turn(picture, rotation)
    if angle:
        picture = prepare.rotate(np.ascontiguousarray(picture), angle)
    if scale != 1.0:
        picture = prepare.enlarge(picture, scale)
    if clean:
        picture = prepare.clean(picture)
    prepare.write_gray(target, picture)


def marked(
    path: Path,
    *,
    media_type: str,
    page: Page,
    boxes: Sequence[Box],
    width: int,
    pixels: int,
    password: str | None = None,
) -> bytes:
    """PNG of a page with boxes marked."""
    if media_type == sniff.PDF:
        wide = width if page.rotation in (0, 180) else max(1, round(width * page.height / page.width))
        picture = pdf.picture(path, page.number, width=wide, password=password)
    else:
        picture = image.picture(path, page.number, width=width, pixels=pixels, rotation=page.rotation)
    return image.mark(picture, boxes, rotation=page.rotation, page_width=page.width)
