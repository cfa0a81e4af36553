"""Pictures in office files, read and drawn; old formats through LibreOffice."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from rag.adapters.ocr_tesseract import TesseractOcr
from rag.model import Page, PageTask, Source
from rag.read.libreoffice import PACKAGES, program
from rag.read.reader import LocalReader
from rag.settings import Limits, Reading

needs_libreoffice = pytest.mark.skipif(program() is None, reason=f"LibreOffice is not installed: {PACKAGES}")


class Store:
    """Blobs in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def open_path(self, key: str) -> Iterator[Path]:
        yield self.folder / key

    def save_path(self, key: str, path: Path) -> None:
        (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, self.folder / key)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def reader(store: Store) -> Iterator[LocalReader]:
    local = LocalReader(limits=Limits(), reading=Reading(), open_path=store.open_path, save_path=store.save_path)
    yield local
    local.close()


def scan(text: str) -> io.BytesIO:
    image = Image.new("L", (900, 160), 255)
    ImageDraw.Draw(image).text((40, 40), text, font=ImageFont.truetype("DejaVuSans.ttf", 48))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def test_a_slide_that_is_a_picture_is_read_by_ocr_and_drawn(reader: LocalReader, store: Store, tmp_path: Path) -> None:
    import pptx

    presentation = pptx.Presentation()
    titled = presentation.slides.add_slide(presentation.slide_layouts[5])
    titled.shapes.title.text = "Rent in 2024"
    bare = presentation.slides.add_slide(presentation.slide_layouts[6])
    bare.shapes.add_picture(scan("Deposit 9700"), 0, 0)
    presentation.slides.add_slide(presentation.slide_layouts[6])
    presentation.save(tmp_path / "a.pptx")
    found = reader.read("a.pptx", filename="a.pptx")
    first, second, third = found.pages
    assert isinstance(first, Page)
    assert isinstance(third, Page)
    assert (first.text, third.text) == ("# Rent in 2024", "")
    assert found.warnings == ("No text and no picture that can be read on slide 3.",)
    assert isinstance(second, PageTask)
    page = TesseractOcr(limits=Limits(), reading=Reading(), open_path=store.open_path).recognize(second)
    assert (page.text.split(), page.source, page.number) == (["Deposit", "9700"], Source.OCR, 2)
    drawn = reader.render("a.pptx", media_type=found.media_type, page=page, highlights=[(0, 7)], width=450)
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.size == (450, 80)
        shades = np.asarray(image.convert("RGB")).astype(int)
    rows, columns = np.nonzero((shades[:, :, 0] > 200) & (shades[:, :, 2] < 150))
    x0, y0, x1, y1 = (side / 2 for side in page.words.boxes(0, 7)[0])
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == pytest.approx((x0, y0, x1, y1), abs=4)


@needs_libreoffice
def test_rich_text_is_read_through_libreoffice(reader: LocalReader, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("TOPSECRET")
    link = f'{{\\field{{\\*\\fldinst INCLUDETEXT "file://{tmp_path}/secret.txt"}}{{\\fldrslt none}}}}'
    (tmp_path / "a.rtf").write_text(f"{{\\rtf1\\ansi The rent is \\b 2450\\b0  dollars.\\par {link}}}")
    found = reader.read("a.rtf", filename="a.rtf")
    assert found.media_type == "application/rtf"
    [page] = found.pages
    assert isinstance(page, Page)
    assert page.text.startswith("The rent is **2450** dollars.")
    assert "TOPSECRET" not in page.text
    assert "LibreOffice" in found.warnings[0]
