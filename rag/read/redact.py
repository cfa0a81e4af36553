"""Redacted PDF: each page a picture whose removed places are black, and under it the words that remain. Runs in the sandbox.

Nothing of the original file goes into the new one: no content stream, no font, no picture, no annotation, form, attachment or
metadata. What is black in the picture is black in its pixels, before they are compressed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pikepdf
from pikepdf import Dictionary, Name, Stream
from PIL import Image, ImageDraw

from rag.model import Box, Page, Source, Word, Words
from rag.read import image, pdf, sniff, text_layer
from rag.read.glyphless import Glyphless

POINTS = 72.0
LONGEST = 2000.0
"""Points of the longer side of a page that was a picture; larger pictures are shown smaller, with the same pixels."""
GROW = 0.12
"""Of a box's height, by which it is enlarged: letters stand out of the boxes of their words."""
QUALITY = 80
LEAST_CONTRAST = 32
"""Gray levels between the darkest and the lightest pixel under a word that can be seen."""


def redacted(
    path: Path | None,
    *,
    media_type: str,
    pages: Sequence[Page],
    removed: Mapping[int, Sequence[Box]],
    dpi: int,
    pixels: int,
) -> bytes:
    """A PDF of `pages` in order. `removed` maps page numbers to boxes in the page's unit; every word that meets one goes.

    `path` is the original, None where pages have no picture of their own (texts, Office files: their words are drawn).
    Raises DamagedFile, EncryptedFile, ParserLimit.
    """
    with pikepdf.new() as target:
        font = Glyphless(target)
        for page in pages:
            boxes = [_grown(box, page) for box in removed.get(page.number, ())]
            rest = without(page, boxes)
            drawn = _picture(path, media_type, page, rest, dpi, pixels)
            _add(target, font, seen(rest, drawn), _blackened(drawn, boxes, page.width))
        font.finish()
        buffer = io.BytesIO()
        target.save(buffer, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return buffer.getvalue()


def without(page: Page, boxes: Sequence[Box]) -> Page:
    """The page with only the words that meet none of the boxes; their text is all that is left of its text."""
    text, kept = "", []
    last = 0
    for word in page.words:
        if any(_meets(word.box, box) for box in boxes):
            continue
        if text:
            text += "\n" if "\n" in page.text[last : word.start] else " "
        start = len(text)
        text += page.text[word.start : word.end]
        kept.append(Word(start, len(text), word.box, word.confidence))
        last = word.end
    return Page(page.number, page.width, page.height, text, page.source, Words.pack(kept), rotation=page.rotation)


def seen(page: Page, drawn: Image.Image) -> Page:
    """The page without words that its picture does not show: hidden text is not carried over."""
    gray = np.asarray(drawn.convert("L"))
    scale = drawn.width / page.width
    hidden = []
    for word in page.words:
        x0, y0, x1, y1 = (int(side * scale) for side in word.box)
        under = gray[max(0, y0) : y1 + 1, max(0, x0) : x1 + 1]
        if not under.size or int(under.max()) - int(under.min()) < LEAST_CONTRAST:
            hidden.append(word.box)
    return without(page, hidden) if hidden else page


def _meets(one: Box, other: Box) -> bool:
    """True when more than a sliver is shared: boxes of neighbouring lines may touch."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > 0.05 * (one[2] - one[0]) and high > 0.35 * min(one[3] - one[1], other[3] - other[1])


def _grown(box: Box, page: Page) -> Box:
    by = GROW * (box[3] - box[1])
    return max(0.0, box[0] - by), max(0.0, box[1] - by), min(page.width, box[2] + by), min(page.height, box[3] + by)


def _picture(path: Path | None, media_type: str, page: Page, rest: Page, dpi: int, pixels: int) -> Image.Image:
    """The page upright, as it was read."""
    points = max(page.width, page.height)
    scale = dpi / POINTS
    if path is None:
        with Image.open(io.BytesIO(image.draw_sheet(rest, (), width=round(page.width * scale)))) as sheet:
            return sheet.convert("RGB")
    if media_type == sniff.PDF:
        scale = min(scale, (pixels / max(1.0, page.width * page.height)) ** 0.5)
        wide = page.width if page.rotation in (0, 180) else page.height
        # What was read by OCR was read from a picture with its notes and form values; a text layer has none of them.
        shown = page.source is Source.OCR
        found = pdf.picture(path, page.number, width=max(1, round(wide * scale)), annotations=shown)
    else:
        wide = min(1.0, dpi / POINTS * LONGEST / points)
        found = image.picture(
            path, page.number, width=max(1, round(page.width * wide)), pixels=pixels, rotation=page.rotation
        )
    return Image.fromarray(np.ascontiguousarray(np.rot90(found, k=-(page.rotation // 90) % 4))).convert("RGB")


def _blackened(picture: Image.Image, boxes: Sequence[Box], page_width: float) -> Image.Image:
    scale = picture.width / page_width
    draw = ImageDraw.Draw(picture)
    for x0, y0, x1, y1 in boxes:
        draw.rectangle((x0 * scale - 1, y0 * scale - 1, x1 * scale + 1, y1 * scale + 1), fill=(0, 0, 0))
    return picture


def _add(target: pikepdf.Pdf, font: Glyphless, rest: Page, picture: Image.Image) -> None:
    points = min(1.0, LONGEST / max(rest.width, rest.height))
    width, height = rest.width * points, rest.height * points
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    name = Name("/Page")
    stream = Stream(
        target, buffer.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=picture.width, Height=picture.height,
        ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.DCTDecode,
    )  # fmt: skip
    page = target.add_blank_page(page_size=(width, height))
    fonts = Dictionary()
    fonts[text_layer.FONT] = font.object
    shown = Dictionary()
    shown[name] = target.make_indirect(stream)
    page.Resources = Dictionary(XObject=shown, Font=fonts)
    body = f"q {width:.4f} 0 0 {height:.4f} 0 0 cm {name} Do Q\n".encode()
    words = text_layer.operators(rest, font)
    if words:
        body += f"q {points:.6f} 0 0 {points:.6f} 0 0 cm\n".encode() + words + b"\nQ\n"
    page.Contents = Stream(target, body)
