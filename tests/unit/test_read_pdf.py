"""The text layer of PDFs: words, boxes, order, and when it is not trusted. Parsers are called in this process."""

from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from rag.errors import DamagedFile, EncryptedFile, ParserLimit
from rag.model import Page, PageTask
from rag.read import pdf
from rag.settings import Limits

LETTER = "The monthly rent is 2,450 dollars and is due on the first day of each month. " * 3


def write(path: Path, *pages, size=(612, 792)) -> Path:
    sheet = canvas.Canvas(str(path), pagesize=size)
    for draw in pages:
        draw(sheet)
        sheet.showPage()
    sheet.save()
    return path


def line(text: str, x: float = 72, y: float = 700, size: float = 12):
    def draw(sheet: canvas.Canvas) -> None:
        sheet.setFont("Helvetica", size)
        sheet.drawString(x, y, text)

    return draw


def read(path: Path, password: str | None = None, limits: Limits | None = None):
    return pdf.outline(path, key="k", limits=limits or Limits(), language="eng", password=password)


def test_words_carry_offsets_and_boxes_from_the_top_left(tmp_path: Path) -> None:
    (page,), warnings = read(write(tmp_path / "a.pdf", line("Rent due monthly")))
    assert (page.text, page.width, page.height, page.number) == ("Rent due monthly", 612, 792, 1)
    words = list(page.words)
    assert [page.text[w.start : w.end] for w in words] == ["Rent", "due", "monthly"]
    x0, y0, x1, y1 = words[0].box
    assert x0 == pytest.approx(72, abs=1.5)
    assert y1 == pytest.approx(792 - 700, abs=1.5)
    assert 6 < y1 - y0 < 12
    assert 20 < x1 - x0 < 30
    assert warnings == ()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_boxes_honour_page_rotation(tmp_path: Path, degrees: int) -> None:
    write(tmp_path / "a.pdf", line("Rent"))
    with pikepdf.open(tmp_path / "a.pdf") as document:
        document.pages[0].Rotate = degrees
        document.save(tmp_path / "b.pdf")
    (page,), _ = read(tmp_path / "b.pdf")
    x0, y0, x1, y1 = next(iter(page.words)).box
    dark = pdf.picture(tmp_path / "b.pdf", 1, width=round(page.width)).min(axis=2) < 128
    rows, columns = np.nonzero(dark)
    assert (x0, y0, x1, y1) == pytest.approx((columns.min(), rows.min(), columns.max(), rows.max()), abs=2)


def test_boxes_honour_the_crop_box(tmp_path: Path) -> None:
    write(tmp_path / "a.pdf", line("Rent"))
    with pikepdf.open(tmp_path / "a.pdf") as document:
        document.pages[0].CropBox = [50, 600, 350, 750]
        document.save(tmp_path / "b.pdf")
    (page,), _ = read(tmp_path / "b.pdf")
    assert (page.width, page.height) == (300, 150)
    box = next(iter(page.words)).box
    assert box[0] == pytest.approx(72 - 50, abs=1.5)
    assert box[3] == pytest.approx(750 - 700, abs=1.5)


def test_lines_and_paragraphs_are_kept(tmp_path: Path) -> None:
    def draw(sheet: canvas.Canvas) -> None:
        for row, text in enumerate(["First line", "second line", "", "New paragraph"]):
            sheet.drawString(72, 700 - 14 * row, text)

    (page,), _ = read(write(tmp_path / "a.pdf", draw))
    assert page.text == "First line\nsecond line\n\nNew paragraph"
    assert [page.text[w.start : w.end] for w in page.words] == ["First", "line", "second", "line", "New", "paragraph"]


def test_hyphens_at_line_ends_are_kept_with_the_line_end(tmp_path: Path) -> None:
    def draw(sheet: canvas.Canvas) -> None:
        sheet.drawString(72, 700, "This is an exam-")
        sheet.drawString(72, 686, "ple of text")

    (page,), _ = read(write(tmp_path / "a.pdf", draw))
    assert page.text == "This is an exam-\nple of text"
    words = {page.text[w.start : w.end]: w.box for w in page.words}
    assert words["exam-"][3] < words["ple"][3]


def test_columns_stay_apart(tmp_path: Path) -> None:
    def draw(sheet: canvas.Canvas) -> None:
        for column in (0, 1):
            for row in range(4):
                sheet.drawString(72 + 250 * column, 700 - 14 * row, f"column{column} row{row}")

    (page,), _ = read(write(tmp_path / "a.pdf", draw))
    order = [f"column{c} row{r}" for c in (0, 1) for r in range(4)]
    assert [piece for piece in page.text.split("\n") if piece] == order


def test_a_page_with_nothing_is_a_page(tmp_path: Path) -> None:
    (page,), _ = read(write(tmp_path / "a.pdf", lambda sheet: None))
    assert isinstance(page, Page)
    assert (page.text, page.error, len(page.words)) == ("", None, 0)


def picture() -> ImageReader:
    return ImageReader(Image.fromarray(np.full((100, 80), 200, np.uint8)))


def test_mixed_documents_decide_for_each_page(tmp_path: Path) -> None:
    def scan(sheet: canvas.Canvas) -> None:
        sheet.drawImage(picture(), 0, 0, 612, 792)

    def stamped(sheet: canvas.Canvas) -> None:
        scan(sheet)
        sheet.drawString(20, 20, "Scanned by Copyshop")

    pages, _ = read(write(tmp_path / "a.pdf", line(LETTER, size=3), scan, stamped))
    assert [type(page) for page in pages] == [Page, PageTask, PageTask]
    assert pages[1] == PageTask("k", "application/pdf", 2, 612, 792, "eng", None)


def test_a_scrambled_layer_is_not_trusted(tmp_path: Path) -> None:
    shifted = "".join(chr((ord(c) - 97 + 3) % 26 + 97) if c.islower() else c for c in LETTER)
    (page,), _ = read(write(tmp_path / "a.pdf", line(shifted, size=3)))
    assert isinstance(page, PageTask)


def test_a_password_opens_and_its_absence_is_said(tmp_path: Path) -> None:
    write(tmp_path / "a.pdf", line("Secret rent"))
    with pikepdf.open(tmp_path / "a.pdf") as document:
        document.save(tmp_path / "b.pdf", encryption=pikepdf.Encryption(owner="boss", user="tenant"))
    with pytest.raises(EncryptedFile, match="needs a password"):
        read(tmp_path / "b.pdf")
    with pytest.raises(EncryptedFile, match="does not open"):
        read(tmp_path / "b.pdf", "wrong")
    (page,), _ = read(tmp_path / "b.pdf", "tenant")
    assert page.text == "Secret rent"


def test_an_empty_user_password_opens(tmp_path: Path) -> None:
    write(tmp_path / "a.pdf", line("Open rent"))
    with pikepdf.open(tmp_path / "a.pdf") as document:
        document.save(tmp_path / "b.pdf", encryption=pikepdf.Encryption(owner="boss", user=""))
    (page,), _ = read(tmp_path / "b.pdf")
    assert page.text == "Open rent"


def test_garbage_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 10)
    with pytest.raises(DamagedFile):
        read(tmp_path / "a.pdf")


def test_absurd_page_counts_name_their_limit(tmp_path: Path) -> None:
    write(tmp_path / "a.pdf", *[line("x")] * 4)
    with pytest.raises(ParserLimit) as caught:
        read(tmp_path / "a.pdf", limits=Limits(pages=3))
    assert "`limits.pages`" in caught.value.remedy


def test_letters_beyond_the_basic_plane_keep_offsets_right() -> None:
    from rag.read import layer

    units = np.frombuffer("a😀 bc\r\nd".encode("utf-16-le"), np.uint16)
    text, place = layer.decode(units)
    assert text == "a😀 bc\nd"
    assert place.tolist() == [0, 1, 3, 4, 5, 7, 8]


def test_a_huge_page_is_drawn_within_the_limit_of_pixels(tmp_path: Path) -> None:
    write(tmp_path / "a.pdf", line("x"), size=(14000, 14000))
    gray, scale = pdf.gray(tmp_path / "a.pdf", 1, password=None, dpi=300, pixels=10**6)
    assert gray.size <= 1.01 * 10**6
    assert scale == pytest.approx(1000 / 14000, rel=0.01)


def test_a_gray_picture_is_what_was_drawn(tmp_path: Path) -> None:
    def draw(sheet: canvas.Canvas) -> None:
        sheet.rect(72, 72, 72, 72, fill=1)

    gray, scale = pdf.gray(write(tmp_path / "a.pdf", draw), 1, password=None, dpi=72, pixels=10**7)
    assert (gray.shape, scale) == ((792, 612), 1.0)
    assert gray[792 - 100, 100] == 0
    assert gray[100, 100] == 255
