"""Searchable PDFs: the pictures stay what they are, the words lie where they were read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from rag.errors import EncryptedFile, UnsupportedType
from rag.model import Box, Page, Source, Word, Words
from rag.read.searchable import searchable

PIXELS = 89_000_000
LINES = [["Größe", "und", "Übermaß"], ["kosten", "4.850,00", "€"], ["日本語", "𝔄ffin", "žluť"]]
SIZE = (800, 1000)


def boxes() -> list[tuple[str, Box]]:
    return [
        (word, (100.0 + 190 * column, 100.0 + 80 * row, 100.0 + 190 * column + 20 * len(word), 140.0 + 80 * row))
        for row, line in enumerate(LINES)
        for column, word in enumerate(line)
    ]


def page(
    placed: list[tuple[str, Box]], *, size: tuple[float, float] = SIZE, rotation: int = 0, number: int = 1
) -> Page:
    words, text = [], ""
    for index, (word, box) in enumerate(placed):
        text += "" if index == 0 else "\n" if index % 3 == 0 else " "
        words.append(Word(len(text), len(text) + len(word), box, 0.9))
        text += word
    return Page(number, *size, text, Source.OCR, Words.pack(words), 0.9, rotation)


def noise(size: tuple[int, int] = SIZE, mode: str = "RGB") -> Image.Image:
    cells = np.random.default_rng(7).integers(0, 255, (size[1] // 20, size[0] // 20, 3), dtype=np.uint8)
    return Image.fromarray(cells).resize(size, Image.Resampling.NEAREST).convert(mode)


def found(data: bytes, number: int = 1) -> tuple[str, list[tuple[str, Box]], tuple[float, float]]:
    """Text, words with their boxes in the frame of the page as it is shown (top left), and the page's size."""
    document = pdfium.PdfDocument(data)
    sheet = document[number - 1]
    layer = sheet.get_textpage()
    text = layer.get_text_range().replace("\r", "")
    width, height = sheet.get_size()
    away, up = sheet.get_bbox()[:2]
    turned, placed = sheet.get_rotation(), []
    start = 0
    for word in text.split():
        start = text.index(word, start)
        first, last = (layer.get_charbox(_index(text, at)) for at in (start, start + len(word) - 1))
        left, bottom = min(first[0], last[0]) - away, min(first[1], last[1]) - up
        right, top = max(first[2], last[2]) - away, max(first[3], last[3]) - up
        box = {
            0: (left, height - top, right, height - bottom),
            90: (bottom, left, top, right),
            180: (width - right, bottom, width - left, top),
            270: (width - top, height - right, width - bottom, height - left),
        }[turned]
        placed.append((word, box))
        start += len(word)
    return text, placed, (width, height)


def _index(text: str, at: int) -> int:
    """pdfium counts two characters for a line end and for letters beyond the basic plane."""
    return at + text[:at].count("\n") + sum(c > "\uffff" for c in text[:at])


def near(box: Box, other: Box, by: float = 2.0) -> bool:
    return all(abs(a - b) <= by for a, b in zip(box, other, strict=True))


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.png"
    noise().save(path, dpi=(72, 72))
    return path


def test_words_are_found_where_they_were_read_in_any_alphabet(scan: Path) -> None:
    data = searchable(scan, media_type="image/png", pages=[page(boxes())], pixels=PIXELS)
    text, placed, _ = found(data)
    assert [line.split() for line in text.split("\n")] == LINES
    assert all(near(box, wanted) for (_, box), (_, wanted) in zip(placed, boxes(), strict=True))


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_page_that_was_turned_is_shown_upright_with_its_words_on_the_picture(tmp_path: Path, rotation: int) -> None:
    path = tmp_path / "a.png"
    lying = noise().rotate(rotation, expand=True)  # counter-clockwise: reading turns it back
    lying.save(path, dpi=(72, 72))
    data = searchable(path, media_type="image/png", pages=[page(boxes(), rotation=rotation)], pixels=PIXELS)
    text, placed, size = found(data)
    assert [line.split() for line in text.split("\n")] == LINES
    assert size == pytest.approx(SIZE, abs=0.5)
    assert all(near(box, wanted) for (_, box), (_, wanted) in zip(placed, boxes(), strict=True))
    shown = pdfium.PdfDocument(data)[0].render(scale=1.0004).to_pil().convert("RGB").resize(SIZE)
    assert np.abs(np.asarray(shown).astype(int) - np.asarray(noise()).astype(int))[10:-10, 10:-10].mean() < 12


def test_words_of_a_skewed_page_follow_its_lines(scan: Path) -> None:
    slope = np.tan(np.radians(4))
    skewed = [
        (w, (x0, y0 + slope * x0, x1, y1 + slope * x1)) for w, (x0, y0, x1, y1) in boxes()
    ]  # falls to the right; heights grow by the fall of each word
    data = searchable(scan, media_type="image/png", pages=[page(skewed)], pixels=PIXELS)
    text, placed, _ = found(data)
    assert [line.split() for line in text.split("\n")] == LINES
    assert all(near(box, wanted, by=4) for (_, box), (_, wanted) in zip(placed, skewed, strict=True))


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("gray.jpg", "L", {}),
        ("colour.jpg", "RGB", {}),
        ("colour.png", "RGB", {}),
        ("gray.png", "L", {}),
        ("palette.png", "P", {}),
        ("bits.png", "1", {}),
        ("bits.tif", "1", {}),
        ("fax.tif", "1", {"compression": "group4"}),
        ("colour.tif", "RGB", {"compression": "tiff_lzw"}),
        ("colour.webp", "RGB", {"lossless": True}),
        ("colour.bmp", "RGB", {}),
    ],
)
def test_the_picture_inside_is_the_picture_sent(tmp_path: Path, name: str, mode: str, options: dict[str, str]) -> None:
    path = tmp_path / name
    noise((320, 240), mode).save(path, **options)
    media_type = f"image/{path.suffix[1:].replace('jpg', 'jpeg').replace('tif', 'tiff')}"
    read = page([("Rent", (10, 10, 60, 20))], size=(320, 240))
    data = searchable(path, media_type=media_type.replace("tifff", "tiff"), pages=[read], pixels=PIXELS)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        (embedded,) = pdf.pages[0].images.values()
        inside = pikepdf.PdfImage(embedded)
        with Image.open(path) as sent:
            assert np.array_equal(np.asarray(inside.as_pil_image().convert("RGB")), np.asarray(sent.convert("RGB")))
        if path.suffix == ".jpg":
            assert embedded.read_raw_bytes() == path.read_bytes()
    assert found(data)[0] == "Rent"


def test_a_photo_is_set_upright_as_its_camera_says(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    noise((600, 400)).save(path, exif=exif, quality=95, dpi=(72, 72))
    data = searchable(path, media_type="image/jpeg", pages=[page([], size=(400, 600))], pixels=PIXELS)
    shown = pdfium.PdfDocument(data)[0].render(scale=1).to_pil().convert("RGB")
    upright = noise((600, 400)).rotate(-90, expand=True)
    assert shown.size == (400, 600)
    assert np.abs(np.asarray(shown).astype(int) - np.asarray(upright).astype(int)).mean() < 12


def test_every_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    noise().save(path, save_all=True, append_images=[noise(mode="1")], dpi=(72, 72))
    pages = [page([("First", (100, 100, 200, 130))]), page([("Second", (100, 100, 200, 130))], number=2)]
    data = searchable(path, media_type="image/tiff", pages=pages, pixels=PIXELS)
    assert [found(data, number)[0] for number in (1, 2)] == ["First", "Second"]


def pdf_of(*, hidden: str = "", turned: int = 0, crop: bool = False) -> bytes:
    """A scan, with an invisible text of its own, and a page that was never scanned."""
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, pagesize=SIZE)
    sheet.drawImage(ImageReader(noise()), 0, 0, *SIZE)
    if hidden:
        text = sheet.beginText(100, 500)
        text.setTextRenderMode(3)
        text.textOut(hidden)
        sheet.drawText(text)
    sheet.showPage()
    sheet.drawString(72, 700, "Written by hand of a program")
    sheet.showPage()
    sheet.save()
    with pikepdf.open(io.BytesIO(buffer.getvalue())) as pdf:
        if turned:
            pdf.pages[0].Rotate = turned
        if crop:
            pdf.pages[0].CropBox = [50, 100, 750, 900]
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def test_pages_of_a_pdf_stay_and_only_scans_get_words(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of())
    plain = Page(2, *SIZE, "Written by hand of a program", Source.TEXT_LAYER)
    data = searchable(path, media_type="application/pdf", pages=[page(boxes()), plain], pixels=PIXELS)
    text, placed, _ = found(data)
    assert [line.split() for line in text.split("\n")] == LINES
    assert all(near(box, wanted) for (_, box), (_, wanted) in zip(placed, boxes(), strict=True))
    assert found(data, 2)[0] == "Written by hand of a program"
    with pikepdf.open(path) as before, pikepdf.open(io.BytesIO(data)) as after:
        raw = [next(iter(pdf.pages[0].images.values())).read_raw_bytes() for pdf in (before, after)]
        assert raw[0] == raw[1]
        assert before.pages[1].Contents.read_bytes() == after.pages[1].Contents.read_bytes()


def test_a_turned_and_cropped_page_of_a_pdf_has_its_words_where_they_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of(turned=90, crop=True))
    read = page([(w, (x0, y0, x1, y1)) for w, (x0, y0, x1, y1) in boxes()], size=(800, 700))
    data = searchable(path, media_type="application/pdf", pages=[read], pixels=PIXELS)
    text, placed, size = found(data)
    assert size == pytest.approx((800, 700))
    assert [line.split() for line in text.split("\n")] == LINES
    assert all(near(box, wanted) for (_, box), (_, wanted) in zip(placed, boxes(), strict=True))


def test_an_invisible_text_that_was_replaced_is_not_found_any_more(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of(hidden="Xqzvv wwkjh"))
    data = searchable(path, media_type="application/pdf", pages=[page(boxes())], pixels=PIXELS)
    assert "Xqzvv" not in found(data)[0]


def test_a_pdf_that_needs_no_words_comes_back_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of())
    pages = [Page(number, *SIZE, "Rent", Source.TEXT_LAYER) for number in (1, 2)]
    assert searchable(path, media_type="application/pdf", pages=pages, pixels=PIXELS) == path.read_bytes()


def test_what_has_no_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedType):
        searchable(tmp_path / "a.txt", media_type="text/plain", pages=[], pixels=PIXELS)


def test_a_password_is_not_kept_so_such_a_pdf_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(io.BytesIO(pdf_of())) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(user="open", owner="all"))
    with pytest.raises(EncryptedFile, match="password"):
        searchable(path, media_type="application/pdf", pages=[page(boxes())], pixels=PIXELS)
