"""Searchable PDF: the original pages with the words that OCR found as invisible text. Runs in the sandbox."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pikepdf
from pikepdf import Name, Stream

from rag.errors import DamagedFile, EncryptedFile, UnsupportedType
from rag.model import Page, Source
from rag.read import picture_pdf, sniff, text_layer
from rag.read.glyphless import Glyphless

_SHOWS = frozenset({"Tj", "TJ", "'", '"'})


def searchable(path: Path, *, media_type: str, pages: Sequence[Page], pixels: int) -> bytes:
    """A PDF of `pages`, which are all pages of the document, in order.

    Pages of a PDF stay what they are, those that were read by OCR get their words; pictures are embedded as they are in
    the file. Scans that lay on their side are shown upright. Raises UnsupportedType, DamagedFile, EncryptedFile, ParserLimit.
    """
    if media_type == sniff.PDF:
        return _with_text(path, pages)
    if media_type in sniff.IMAGES:
        return _from_pictures(path, pages, pixels)
    raise UnsupportedType(
        f"Files of type {media_type} have no pictures of pages.", "Ask for a PDF or an image; `/original` has the file."
    )


def _with_text(path: Path, pages: Sequence[Page]) -> bytes:
    if all(page.source is not Source.OCR for page in pages):
        return path.read_bytes()
    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            font = Glyphless(pdf)
            for page in pages:
                if page.source is Source.OCR and page.number <= len(pdf.pages):
                    _write(pdf, pdf.pages[page.number - 1], page, font)
            return _finished(pdf, font, encrypted=pdf.is_encrypted)
    except pikepdf.PasswordError as error:
        raise EncryptedFile(
            "The PDF opens only with its password, which is not kept.", "Save an unprotected copy and send that."
        ) from error
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedFile("The PDF is too damaged to be written again.") from error


def _from_pictures(path: Path, pages: Sequence[Page], pixels: int) -> bytes:
    with pikepdf.new() as pdf:
        font = Glyphless(pdf)
        placed = picture_pdf.add_pictures(pdf, path, [page.number for page in pages], pixels=pixels)
        for page, one in zip(pages, placed, strict=True):
            _write(pdf, one.page, page, font)
        return _finished(pdf, font, encrypted=False)


def _finished(pdf: pikepdf.Pdf, font: Glyphless, *, encrypted: bool) -> bytes:
    font.finish()
    buffer = io.BytesIO()
    pdf.save(
        buffer,
        encryption=encrypted,
        compress_streams=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,  # pictures keep their compression
    )
    return buffer.getvalue()


def _write(pdf: pikepdf.Pdf, target: pikepdf.Page, page: Page, font: Glyphless) -> None:
    """The words of a page onto it, and the page turned as it was read."""
    turned = int(target.obj.get(Name.Rotate, _inherited(target, Name.Rotate, 0)))
    matrix = _frame(target, page, turned)
    if page.rotation:
        target.obj.Rotate = (turned + page.rotation) % 360
    words = text_layer.operators(page, font)
    if not words:
        return
    _drop_hidden_text(pdf, target)
    shown = " ".join(f"{value:.5f}" for value in matrix)
    target.contents_add(Stream(pdf, b"q\n"), prepend=True)
    target.contents_add(Stream(pdf, b"\nQ\nq " + shown.encode() + b" cm\n" + words + b"\nQ\n"))
    target.obj.Resources = _own_resources(pdf, target)
    target.add_resource(font.object, Name.Font, Name(text_layer.FONT))


def _frame(target: pikepdf.Page, page: Page, turned: int) -> tuple[float, ...]:
    """From the frame of the page as it was read (lower left corner, y upwards, unit of its boxes) to PDF's own."""
    left, bottom, right, top = _visible(target)
    quarter = ((turned + page.rotation) // 90) % 4
    wide, high = (right - left, top - bottom) if quarter % 2 == 0 else (top - bottom, right - left)
    across, up = wide / max(page.width, 1e-6), high / max(page.height, 1e-6)
    if quarter == 0:
        return across, 0, 0, up, left, bottom
    if quarter == 1:
        return 0, across, -up, 0, right, bottom
    if quarter == 2:
        return -across, 0, 0, -up, right, top
    return 0, -across, up, 0, left, top


def _visible(target: pikepdf.Page) -> tuple[float, float, float, float]:
    """What is shown of a page: its crop box inside its media box."""
    media, crop = _box(target.mediabox), _box(target.cropbox)
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    return (left, bottom, right, top) if right > left and top > bottom else media


def _box(array: pikepdf.Array) -> tuple[float, float, float, float]:
    a, b, c, d = (float(value) for value in list(array)[:4])  # type: ignore[call-overload]
    return min(a, c), min(b, d), max(a, c), max(b, d)


def _inherited(target: pikepdf.Page, name: Name, default: int) -> int:
    """A page attribute from the nodes above the page."""
    node = target.obj.get(Name.Parent)
    for _ in range(50):
        if node is None:
            break
        if name in node:
            return int(node[name])
        node = node.get(Name.Parent)
    return default


def _own_resources(pdf: pikepdf.Pdf, target: pikepdf.Page) -> pikepdf.Object:
    """A copy of the page's resources: several pages may share one dictionary."""
    resources = pikepdf.Dictionary(dict(target.resources.items()))
    if Name.Font in resources:
        resources.Font = pikepdf.Dictionary(dict(resources.Font.items()))
    return pdf.make_indirect(resources)


def _drop_hidden_text(pdf: pikepdf.Pdf, target: pikepdf.Page) -> None:
    """Takes invisible text out that the page brought along: it was judged to be no text, and would be found beside ours."""
    mode, kept, dropped = [0], [], False
    try:
        instructions = pikepdf.parse_content_stream(target)
    except pikepdf.PdfError:  # drawn by viewers as far as it goes: it stays as it is
        return
    for instruction in instructions:
        name = str(instruction.operator)
        if name == "q":
            mode.append(mode[-1])
        elif name == "Q" and len(mode) > 1:
            mode.pop()
        elif name == "Tr":
            mode[-1] = int(instruction.operands[0])
        if name in _SHOWS and mode[-1] == 3:
            dropped = True
            continue
        kept.append(instruction)
    if dropped:
        target.Contents = Stream(pdf, pikepdf.unparse_content_stream(kept))
