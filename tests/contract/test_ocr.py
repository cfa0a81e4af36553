"""Every OCR engine reads what was drawn, where it was drawn, however the page lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from rag.model import Page, PageTask, Source
from rag.read.reader import LocalReader
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

LINES = [
    "Lease agreement of 14 March 2024",
    "between Harbor Lane Properties and",
    "Maria Keller, tenant of apartment 12.",
    "The monthly rent is 2450 dollars and",
    "is due on the first day of each month.",
    "A deposit of 4900 dollars was paid.",
]
FONT, LEFT, TOP, STEP = 42, 150, 150, 70


@contextmanager
def open_path(key: str) -> Iterator[Path]:
    yield Path(key)


def drawn(font: int = FONT) -> Image.Image:
    sheet = Image.new("L", (1240, 900), 255)
    draw = ImageDraw.Draw(sheet)
    face = ImageFont.truetype("DejaVuSans.ttf", font)
    for row, line in enumerate(LINES):
        draw.text((LEFT, TOP + row * STEP), line, fill=0, font=face)
    return sheet


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    box = Sandbox(Limits())
    yield box
    box.close()


@pytest.fixture(scope="module", params=["tesseract", "tesserocr"])
def engine(request: pytest.FixtureRequest, sandbox: Sandbox) -> Any:
    options = {"limits": Limits(), "reading": Reading(), "open_path": open_path, "sandbox": sandbox}
    if request.param == "tesseract":
        pytest.importorskip("pytesseract")
        from rag.adapters.ocr_tesseract import TesseractOcr

        return TesseractOcr(**options)
    pytest.importorskip("tesserocr")
    from rag.adapters.ocr_tesserocr import TesserocrOcr

    return TesserocrOcr(**options)


@pytest.fixture
def read(engine: Any, tmp_path: Path) -> Callable[..., Page]:
    def recognize(picture: Image.Image, *, language: str = "eng") -> Page:
        path = tmp_path / "page.png"
        picture.save(path)
        return engine.recognize(PageTask(str(path), "image/png", 1, *picture.size, language))

    return recognize


def assert_slices(page: Page) -> None:
    assert all(page.text[w.start : w.end].strip() == page.text[w.start : w.end] != "" for w in page.words)
    assert "".join(page.text[w.start : w.end] for w in page.words) == "".join(page.text.split())


def test_a_clean_page_is_read_exactly(read: Callable[..., Page]) -> None:
    page = read(drawn())
    assert page.text.split() == " ".join(LINES).split()
    assert [line for line in page.text.split("\n") if line] == LINES
    assert (page.number, page.width, page.height, page.source) == (1, 1240, 900, Source.OCR)
    assert (page.rotation, page.error) == (0, None)
    assert 0.85 < page.confidence <= 1
    assert_slices(page)


def test_boxes_lie_where_the_words_were_drawn(read: Callable[..., Page]) -> None:
    page = read(drawn())
    face = ImageFont.truetype("DejaVuSans.ttf", FONT)
    for word in page.words:
        text = page.text[word.start : word.end]
        row = page.text[: word.start].replace("\n\n", "\n").count("\n")
        before = LINES[row][: LINES[row].index(text)]
        x0 = LEFT + face.getlength(before)
        assert word.box[0] == pytest.approx(x0, abs=8)
        assert word.box[2] == pytest.approx(x0 + face.getlength(text), abs=8)
        assert TOP + row * STEP - 4 <= word.box[1] < word.box[3] <= TOP + (row + 1) * STEP


def test_confidence_of_the_page_is_the_mean_of_its_words(read: Callable[..., Page]) -> None:
    page = read(drawn())
    assert page.confidence == pytest.approx(float(np.mean(page.words.array["confidence"])), abs=1e-4)


@pytest.mark.parametrize("clockwise", [90, 180, 270])
def test_a_turned_page_is_read_upright(read: Callable[..., Page], clockwise: int) -> None:
    page = read(drawn().rotate(-clockwise, expand=True))
    assert page.text.split() == " ".join(LINES).split()
    assert page.rotation == (360 - clockwise) % 360
    assert (page.width, page.height) == (1240, 900)
    first = next(iter(page.words)).box
    assert first[:2] == pytest.approx((LEFT, TOP + 10), abs=12)
    assert_slices(page)


@pytest.mark.parametrize("angle", [-5.0, 3.0])
def test_a_skewed_page_is_read_and_boxes_stay_on_the_picture_as_it_is(read: Callable[..., Page], angle: float) -> None:
    skewed = drawn().rotate(angle, fillcolor=255, resample=Image.Resampling.BICUBIC)
    page = read(skewed)
    assert page.text.split() == " ".join(LINES).split()
    dark = np.asarray(skewed) < 128
    for word in page.words:
        x0, y0, x1, y1 = (int(v) for v in word.box)
        assert dark[y0:y1, x0:x1].mean() > 0.05


def test_small_letters_are_enlarged(read: Callable[..., Page]) -> None:
    small = drawn().resize((1240 * 3 // 10, 900 * 3 // 10), Image.Resampling.LANCZOS)
    page = read(small)
    right = sum(word in page.text.split() for word in " ".join(LINES).split())
    assert right >= 30
    assert max(word.box[2] for word in page.words) < small.width


def test_a_blank_page_is_a_page_without_words(read: Callable[..., Page]) -> None:
    page = read(Image.new("L", (800, 1000), 250))
    assert (page.text, len(page.words), page.confidence, page.error) == ("", 0, 0.0, None)


def test_columns_are_read_one_after_the_other(read: Callable[..., Page]) -> None:
    sheet = Image.new("L", (1800, 1000), 255)
    draw = ImageDraw.Draw(sheet)
    face = ImageFont.truetype("DejaVuSans.ttf", 34)
    columns = (["alpha", "bravo", "delta", "echo"], ["hotel", "india", "lima", "mike"])
    for column, names in enumerate(columns):
        for row in range(12):
            name = names[row % 4]
            draw.text((100 + 900 * column, 100 + 60 * row), f"The {name} house has many rooms", fill=0, font=face)
    words = [w for w in read(sheet).text.split() if w in columns[0] or w in columns[1]]
    assert words == columns[0] * 3 + columns[1] * 3


def test_a_broken_page_comes_back_with_its_error(engine: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 100)
    page = engine.recognize(PageTask(str(path), "image/png", 3, 10, 10))
    assert (page.number, page.text, page.confidence) == (3, "", 0.0)
    assert page.error is not None
    assert "damaged" in page.error


def test_a_missing_language_names_its_pack(read: Callable[..., Page]) -> None:
    page = read(drawn(), language="eng+xyz")
    assert page.error is not None
    assert "tesseract-ocr-xyz" in page.error


def test_a_pdf_page_has_boxes_in_points(engine: Any, tmp_path: Path) -> None:
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen import canvas

    sheet = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(620, 450))
    sheet.drawImage(ImageReader(drawn()), 0, 0, 620, 450)
    sheet.save()
    page = engine.recognize(PageTask(str(tmp_path / "a.pdf"), "application/pdf", 1, 620, 450))
    assert page.text.lower().split() == " ".join(LINES).lower().split()  # enlarging blurs: an s may become an S
    assert (page.width, page.height) == (620, 450)
    assert next(iter(page.words)).box[:2] == pytest.approx((LEFT / 2, TOP / 2 + 5), abs=5)


def test_the_picture_of_a_turned_page_is_marked_where_the_words_are(
    engine: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    import io

    path = tmp_path / "a.png"
    drawn().rotate(-90, expand=True).save(path)
    reader = LocalReader(limits=Limits(), reading=Reading(), open_path=open_path, sandbox=sandbox)
    (task,) = reader.read(str(path), filename="a.png").pages
    page = engine.recognize(task)
    start = page.text.index("2450")
    png = reader.render(str(path), media_type="image/png", page=page, highlights=[(start, start + 4)], width=1240)
    picture = np.asarray(Image.open(io.BytesIO(png))).astype(int)
    rows, columns = np.nonzero(picture[:, :, 0] - picture[:, :, 2] > 100)
    face = ImageFont.truetype("DejaVuSans.ttf", FONT)
    assert picture.shape[:2] == (900, 1240)
    assert columns.min() == pytest.approx(LEFT + face.getlength("The monthly rent is "), abs=10)
    assert TOP + 3 * STEP - 5 < rows.min() < rows.max() < TOP + 4 * STEP + 5


def test_the_version_names_the_engine(engine: Any) -> None:
    assert engine.version.startswith("tess")
    assert any(c.isdigit() for c in engine.version)


RUSSIAN = ["Договор аренды заключён сегодня", "между домом и новым жильцом", "оплата каждый месяц вовремя"] * 2


def written(lines: list[str]) -> Image.Image:
    sheet = Image.new("L", (1400, 900), 255)
    draw = ImageDraw.Draw(sheet)
    face = ImageFont.truetype("DejaVuSans.ttf", FONT)
    for row, line in enumerate(lines):
        draw.text((LEFT, TOP + row * STEP), line, fill=0, font=face)
    return sheet


def test_a_page_in_another_script_is_read_with_its_pack_or_names_it(read: Callable[..., Page], engine: Any) -> None:
    page = read(written(RUSSIAN), language="eng")
    if {"rus", "script/Cyrillic"} & engine._languages:
        assert "Договор аренды" in page.text
        assert page.confidence > 0.8
    else:
        assert page.error is not None
        assert "tesseract-ocr-rus" in page.error


def faint(sheet: Image.Image) -> Image.Image:
    return sheet.point(lambda value: 205 if value < 128 else 240)


def noisy(sheet: Image.Image) -> Image.Image:
    grains = np.random.default_rng(3).normal(0, 28, (sheet.height, sheet.width))
    return Image.fromarray(np.clip(np.asarray(sheet) + grains, 0, 255).astype(np.uint8))


def black_and_white(sheet: Image.Image) -> Image.Image:
    return sheet.convert("1", dither=Image.Dither.NONE)


def coloured(sheet: Image.Image) -> Image.Image:
    ink = np.asarray(sheet)[:, :, None] < 128
    return Image.fromarray(np.where(ink, (20, 40, 140), (250, 240, 170)).astype(np.uint8))


@pytest.mark.parametrize("change", [faint, noisy, black_and_white, coloured])
def test_faint_noisy_bilevel_and_coloured_pages_are_read(
    read: Callable[..., Page], change: Callable[[Image.Image], Image.Image]
) -> None:
    page = read(change(drawn()))
    found = page.text.split()
    assert sum(word in found for word in " ".join(LINES).split()) >= 34
    assert page.confidence > 0.6
