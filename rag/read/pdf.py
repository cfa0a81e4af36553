"""PDF pages through pdfium: text with word boxes, the choice between text layer and OCR, pictures of pages.

Runs in the sandbox only: pdfium is not thread-safe, not even across documents.
"""

from __future__ import annotations

import ctypes
import io
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from rag.errors import DamagedFile, EncryptedFile, ParserLimit
from rag.model import WORD_DTYPE, Page, PageTask, Source, Words
from rag.read import forms, layer, native, rulings, sniff, tables
from rag.settings import Limits

REPAIRED = "The PDF was damaged and has been repaired: content may be missing."
_POINTS = 72.0
_COUNT_RECTS = native.plain(raw.FPDFText_CountRects, ctypes.c_int, native.POINTER, ctypes.c_int, ctypes.c_int)
_GET_RECT = native.plain(raw.FPDFText_GetRect, ctypes.c_int, native.POINTER, ctypes.c_int, *[native.POINTER] * 4)


def outline(
    path: Path, *, key: str, limits: Limits, language: str, password: str | None
) -> tuple[tuple[Page | PageTask, ...], tuple[str, ...]]:
    """Every page, finished or waiting for OCR, and warnings.

    Raises EncryptedFile, DamagedFile, ParserLimit. A single page that fails is a Page with `error`.
    """
    document, warnings = open_pdf(path, password)
    count = len(document)
    if count > limits.pages:
        raise ParserLimit(
            f"The PDF has {count} pages, more than {limits.pages}.", "Split the file, or raise `limits.pages`."
        )
    found: list[Page | PageTask] = []
    chars = 0
    filled = forms.open_forms(document)
    for number in range(1, count + 1):
        one = read_page(document, number, filled=filled)
        if isinstance(one, Page):
            chars += len(one.text)
            if chars > limits.text_bytes:
                raise ParserLimit(
                    "The PDF holds more text than allowed.", "Split the file, or raise `limits.text_bytes`."
                )
            found.append(one)
        else:
            found.append(PageTask(key, sniff.PDF, number, one[0], one[1], language, password))
    if all(isinstance(one, Page) and one.error for one in found):
        raise DamagedFile("No page of the PDF can be read.")
    return tuple(found), warnings


def open_pdf(path: Path, password: str | None = None) -> tuple[pdfium.PdfDocument, tuple[str, ...]]:
    """The open document and warnings. A broken one is repaired where qpdf can."""
    try:
        document = pdfium.PdfDocument(path, password=password)
        if len(document):
            return document, ()
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            return _repaired(path, password), ()  # qpdf opens some that pdfium does not
        if "security" in str(error).lower():
            raise EncryptedFile(
                "The PDF is protected by a scheme that is not known.", "Save an unprotected copy."
            ) from error
    return _repaired(path, password), (REPAIRED,)


def _encrypted(password: str | None) -> EncryptedFile:
    if password:
        return EncryptedFile("The password does not open the PDF.")
    return EncryptedFile("The PDF is encrypted and needs a password.")


def _repaired(path: Path, password: str | None) -> pdfium.PdfDocument:
    import pikepdf

    buffer = io.BytesIO()
    try:
        with pikepdf.open(path, password=password or "", suppress_warnings=True) as broken:
            if not len(broken.pages):
                raise DamagedFile("The PDF has no pages.")
            broken.save(buffer)
        document = pdfium.PdfDocument(buffer.getvalue())
    except pikepdf.PasswordError as error:
        raise _encrypted(password) from error
    except (pikepdf.PdfError, pdfium.PdfiumError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedFile("The PDF is damaged and cannot be repaired.") from error
    if not len(document):
        raise DamagedFile("The PDF has no pages.")
    return document


def read_page(
    document: pdfium.PdfDocument, number: int, *, filled: bool = False, structured: bool = True
) -> Page | tuple[float, float]:
    """The finished page, or (width, height) in points when it needs OCR.

    `filled`: the document has form fields, whose values are read too. `structured`: ruled tables become tables; without,
    the text is what pdfium gives, with its words and boxes.
    """
    handle = raw.FPDF_LoadPage(document.raw, number - 1)
    if not handle:
        return Page(number, 612, 792, "", Source.TEXT_LAYER, error="The page is damaged.")
    try:
        width, height = raw.FPDF_GetPageWidthF(handle), raw.FPDF_GetPageHeightF(handle)
        text_page = raw.FPDFText_LoadPage(handle)
        try:
            text, words = _words(handle, text_page, width, height) if text_page else ("", Words())
            usable = layer.judge(handle, text, words, width, height)
        finally:
            raw.FPDFText_ClosePage(text_page)
        if usable == layer.Verdict.OCR:
            return width, height
        if usable == layer.Verdict.BLANK:
            return Page(number, width, height, "", Source.TEXT_LAYER)
        if structured:
            text, words = _structured(document, handle, text, words, filled=filled)
        return Page(number, width, height, text, Source.TEXT_LAYER, words)
    finally:
        raw.FPDF_ClosePage(handle)


def _structured(
    document: pdfium.PdfDocument, page: raw.FPDF_PAGE, text: str, words: Words, *, filled: bool
) -> tuple[str, Words]:
    """Form fields set into the text, ruled tables made tables: on pages that have some."""

    def top_left(rects: np.ndarray) -> np.ndarray:
        return _top_left(page, rects, raw.FPDF_GetPageWidthF(page), raw.FPDF_GetPageHeightF(page))

    if filled and (values := forms.fields(document, page)):
        text, words = forms.with_fields(text, words, values, top_left)
    if lines := rulings.edges(page, raw.FPDFPage_CountObjects(page)):
        text, words = tables.with_tables(text, words, top_left(rulings.as_array(lines)))
    return text, words


def _words(page: raw.FPDF_PAGE, text_page: raw.FPDF_TEXTPAGE, width: float, height: float) -> tuple[str, Words]:
    """Text with line ends, a blank line between paragraphs, and its words with top-left boxes of the turned page."""
    count = raw.FPDFText_CountChars(text_page)
    if count <= 0:
        return "", Words()
    buffer = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(text_page, 0, count, buffer)
    units = np.frombuffer(buffer, np.uint16)[: max(0, written - 1)]
    string, chars = layer.decode(units)
    starts, ends = layer.spans(string)
    if not len(starts):
        return "", Words()
    if len(units) != count:  # the text skips characters that the page has: ask pdfium for their place
        index = raw.FPDFText_GetCharIndexFromTextIndex
        first = [index(text_page, int(i)) for i in chars[starts]]
        last = [index(text_page, int(i)) for i in chars[ends - 1]]
    else:
        first, last = chars[starts].tolist(), chars[ends - 1].tolist()
    boxes = _top_left(page, _rects(text_page, first, last), width, height)
    string, moved = layer.paragraphs(string, starts, ends, boxes)
    table = np.zeros(len(starts), dtype=WORD_DTYPE)
    table["start"], table["end"], table["box"], table["confidence"] = starts + moved, ends + moved, boxes, 1.0
    return string, Words(table.tobytes())


def _rects(text_page: raw.FPDF_TEXTPAGE, first: list[int], last: list[int]) -> np.ndarray:
    """(left, bottom, right, top) of runs of characters in PDF space, shape (runs, 4); zeros where pdfium knows none."""
    # Two calls a word, which write into the array: boxes of single characters would be seven times as many, and
    # numbers that pass through Python cost as much as the calls.
    table = np.zeros((len(first), 4))
    handle, place = native.address(text_page), table.ctypes.data
    more = np.zeros(4)
    spare = more.ctypes.data
    for index, (begin, end) in enumerate(zip(first, last, strict=True)):
        several = _COUNT_RECTS(handle, begin, end - begin + 1 if end > begin else 1)
        _GET_RECT(handle, 0, place, place + 8, place + 16, place + 24)
        place += 32
        for part in range(1, several):  # a word in two fonts, or broken at a line's end
            _GET_RECT(handle, part, spare, spare + 8, spare + 16, spare + 24)
            one = table[index]
            one[0], one[2] = min(one[0], more[0]), max(one[2], more[2])
            one[1], one[3] = max(one[1], more[1]), min(one[3], more[3])
    return table[:, [0, 3, 2, 1]]


def _top_left(page: raw.FPDF_PAGE, rects: np.ndarray, width: float, height: float) -> np.ndarray:
    """(left, bottom, right, top) of PDF space as (x0, y0, x1, y1) of the page as it is shown."""
    frame = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page, frame)
    left, bottom = rects[:, 0] - frame.left, rects[:, 1] - frame.bottom
    right, top = rects[:, 2] - frame.left, rects[:, 3] - frame.bottom
    turned = raw.FPDFPage_GetRotation(page)
    if turned == 0:
        columns = (left, height - top, right, height - bottom)
    elif turned == 1:
        columns = (bottom, left, top, right)
    elif turned == 2:
        columns = (width - right, bottom, width - left, top)
    else:
        columns = (width - top, height - right, width - bottom, height - left)
    return np.minimum(np.maximum(np.stack(columns, 1), 0.0), (width, height, width, height))


def gray(path: Path, number: int, *, password: str | None, dpi: int, pixels: int) -> tuple[np.ndarray, float]:
    """Gray picture of a page, uint8 (height, width), and its pixels a point. At most `pixels` pixels.

    Raises DamagedFile when the page cannot be loaded.
    """
    document, _ = open_pdf(path, password)
    document.init_forms()  # filled fields are drawn too
    page = _load(document, number)
    width, height = page.get_size()
    scale = dpi / _POINTS
    wanted = width * height * scale * scale
    if wanted > pixels:
        scale *= (pixels / wanted) ** 0.5
    bitmap = page.render(scale=scale, grayscale=True, draw_annots=True)
    return bitmap.to_numpy().reshape(bitmap.height, -1)[:, : bitmap.width], scale


def picture(
    path: Path, number: int, *, width: int, password: str | None = None, annotations: bool = True
) -> np.ndarray:
    """Colour picture of a page, uint8 (height, width, 3), at most `width` x 10 * `width` pixels.

    Without `annotations`, notes and the values of form fields are left out.
    """
    document, _ = open_pdf(path, password)
    if annotations:
        document.init_forms()
    page = _load(document, number)
    wide, high = page.get_size()
    scale = min(width / max(wide, 1.0), 10 * width / max(high, 1.0))
    drawn = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False, draw_annots=annotations)
    return drawn.to_numpy()[:, :, :3]


def _load(document: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    try:
        return document[number - 1]
    except (pdfium.PdfiumError, IndexError) as error:
        raise DamagedFile(f"Page {number} of the PDF is damaged.") from error
