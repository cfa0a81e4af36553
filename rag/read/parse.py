"""What runs inside the sandbox: one function a job, paths and values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.errors import UnsupportedType
from rag.model import Box, Page
from rag.ports import Outline
from rag.read import image, pdf, pictures, prepare, sniff, text
from rag.settings import Limits


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


@dataclass(frozen=True, slots=True)
class Gray:
    """A gray picture written for OCR."""

    width: int
    height: int
    scale: float
    """Its pixels a unit of the page."""
    angle: float
    """Degrees that level its lines, 0.0 for straight ones."""
    lying_angle: float
    """The same for the picture turned by 90 degrees."""
    blank: bool


def gray(
    path: Path,
    target: Path,
    *,
    media_type: str,
    number: int,
    password: str | None,
    dpi: int,
    pixels: int,
    part: str | None = None,
) -> Gray:
    """Writes a page as a gray picture for OCR and says what a small copy of it shows. `part` is a picture inside an office
    file."""
    if part is not None:
        picture, scale = image.gray(pictures.extract(path, part), 1, pixels=pixels), 1.0
    elif media_type == sniff.PDF:
        picture, scale = pdf.gray(path, number, password=password, dpi=dpi, pixels=pixels)
    else:
        picture, scale = image.gray(path, number, pixels=pixels), 1.0
    dark = prepare.ink(picture)
    blank = bool(dark.max(initial=0.0) < 0.2)
    angle, sharp = prepare.skew(dark)
    lying_angle, lying_sharp = prepare.skew(np.rot90(dark))
    if lying_sharp > 2 * sharp:  # the lines run from top to bottom: what was measured across them means nothing
        angle = 0.0
    prepare.write_gray(target, picture)
    height, width = picture.shape
    return Gray(width, height, scale, angle, lying_angle, blank)


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
    if page.part is not None:
        inside = pictures.extract(path, page.part)
        picture = image.picture(inside, 1, width=width, pixels=pixels, rotation=page.rotation)
    elif media_type == sniff.PDF:
        wide = width if page.rotation in (0, 180) else max(1, round(width * page.height / page.width))
        picture = pdf.picture(path, page.number, width=wide, password=password)
    else:
        picture = image.picture(path, page.number, width=width, pixels=pixels, rotation=page.rotation)
    return image.mark(picture, boxes, rotation=page.rotation, page_width=page.width)
