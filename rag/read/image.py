"""Pictures: their pages, their gray form for OCR, and the drawing of marked pages. Runs in the sandbox, text sheets aside."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from rag.errors import DamagedFile, ParserLimit
from rag.model import Box, Page, PageTask
from rag.read import text as sheets
from rag.settings import Limits

_MARK = (255, 236, 110)
_FONTS = ("DejaVuSansMono.ttf", "LiberationMono-Regular.ttf", "DejaVuSans.ttf")
Source = Path | io.BytesIO
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "MPO")


def outline(path: Path, *, key: str, media_type: str, limits: Limits, language: str) -> tuple[PageTask, ...]:
    """One task a frame, sizes in pixels after EXIF orientation. Raises ParserLimit, DamagedFile."""
    with opened(path, limits.pixels) as image:
        # An animation is one picture; only TIFF has pages.
        frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        if frames > limits.pages:
            raise ParserLimit(f"The picture has {frames} pages, more than {limits.pages}.", "Raise `limits.pages`.")
        tasks = []
        for number in range(1, frames + 1):
            image.seek(number - 1)
            _check_size(image, limits.pixels)
            width, height = image.size
            if orientation(image) >= 5:
                width, height = height, width
            tasks.append(PageTask(key, media_type, number, width, height, language))
        return tuple(tasks)


def gray(path: Source, number: int, *, pixels: int) -> np.ndarray:
    """Gray picture of a frame, uint8 (height, width), upright after EXIF."""
    with opened(path, pixels) as image:
        frame(image, number, pixels)
        image.draft("L", image.size)  # JPEG: the colours need not be decoded
        return np.asarray(flatten(image, "L"))


def picture(path: Source, number: int, *, width: int, pixels: int, rotation: int = 0) -> np.ndarray:
    """Colour picture, uint8 (height, width, 3), `width` pixels wide after turning by `rotation`."""
    with opened(path, pixels) as image:
        frame(image, number, pixels)
        flat = flatten(image, "RGB")
        wide = flat.height if rotation in (90, 270) else flat.width
        scale = width / wide
        size = max(1, round(flat.width * scale)), max(1, min(10 * width, round(flat.height * scale)))
        return np.asarray(flat.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC))


def mark(pixels: np.ndarray, boxes: Sequence[Box], *, rotation: int = 0, page_width: float) -> bytes:
    """PNG of a picture turned clockwise by `rotation`, boxes (in units of a page `page_width` wide) marked in yellow."""
    image = Image.fromarray(np.ascontiguousarray(np.rot90(pixels, k=-(rotation // 90) % 4)))
    return _png(_marked(image, boxes, page_width))


def draw_sheet(page: Page, boxes: Sequence[Box], *, width: int) -> bytes:
    """PNG of a page that has no picture: its words drawn at their boxes, marked ones on yellow."""
    scale = width / page.width
    image = Image.new("RGB", (width, max(1, round(page.height * scale))), "white")
    marked = _marked(image, boxes, page.width)
    draw = ImageDraw.Draw(marked)
    font = _font(sheets.SIZE * scale)
    for word in page.words:
        x0, y0, _, _ = word.box
        draw.text((x0 * scale, y0 * scale), page.text[word.start : word.end], fill=(20, 20, 20), font=font)
    return _png(marked)


def _marked(image: Image.Image, boxes: Sequence[Box], page_width: float) -> Image.Image:
    if not boxes:
        return image
    scale = image.width / page_width
    ink = Image.new("RGB", image.size, "white")
    draw = ImageDraw.Draw(ink)
    for x0, y0, x1, y1 in boxes:
        draw.rectangle((x0 * scale - 2, y0 * scale - 2, x1 * scale + 2, y1 * scale + 2), fill=_MARK)
    return ImageChops.multiply(image, ink)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


@contextmanager
def opened(path: Source, pixels: int) -> Iterator[Image.Image]:
    """The picture file, its first frame. Pillow's errors inside the context become DamagedFile and ParserLimit."""
    with warnings.catch_warnings():
        # Pillow only warns of pictures that unpack to gigabytes; other warnings are about details of metadata.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as image:
                _check_size(image, pixels)
                yield image
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise _too_large(pixels) from error
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
            raise DamagedFile(f"The picture is damaged ({str(error)[:120]}).") from error


def _check_size(image: Image.Image, pixels: int) -> None:
    if image.width * image.height > pixels:
        raise _too_large(pixels)


def _too_large(pixels: int) -> ParserLimit:
    return ParserLimit(f"The picture has more than {pixels} pixels.", "Scale it down, or raise `limits.pixels`.")


def frame(image: Image.Image, number: int, pixels: int) -> None:
    """Goes to a frame, counted from 1. Raises ParserLimit."""
    image.seek(number - 1)
    _check_size(image, pixels)


def orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8, that is still to be applied."""
    # Only cameras write it in JPEG; the tag of a TIFF is applied by Pillow when it decodes.
    return int(image.getexif().get(0x0112, 1)) if image.format != "TIFF" else 1


def flatten(image: Image.Image, mode: str) -> Image.Image:
    """On white paper, upright, in mode L or RGB."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        deep = np.asarray(image).astype(np.float32)
        image = Image.fromarray((deep / max(1.0, float(deep.max())) * 255).astype(np.uint8))
    if orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        over = image.convert("RGBA")
        paper = Image.new("RGBA", over.size, "white")
        image = Image.alpha_composite(paper, over)
    return image if image.mode == mode else image.convert(mode)
