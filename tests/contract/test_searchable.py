"""From a scan to a searchable PDF through the real engine: what is found in the PDF lies on the ink that it was read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from rag.model import Page, PageTask
from rag.read.reader import LocalReader
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading
from tests.contract.test_ocr import LINES, drawn, open_path


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    box = Sandbox(Limits())
    yield box
    box.close()


@pytest.fixture
def made(sandbox: Sandbox, tmp_path: Path) -> Callable[[Image.Image], tuple[Page, bytes]]:
    pytest.importorskip("pytesseract")
    from rag.adapters.ocr_tesseract import TesseractOcr

    options = {"limits": Limits(), "reading": Reading(), "open_path": open_path, "sandbox": sandbox}
    engine, reader = TesseractOcr(**options), LocalReader(**options)

    def make(picture: Image.Image) -> tuple[Page, bytes]:
        path = tmp_path / "scan.png"
        picture.save(path, dpi=(150, 150))
        (task,) = reader.read(str(path), filename="scan.png").pages
        assert isinstance(task, PageTask)
        page = engine.recognize(task)
        return page, reader.searchable(str(path), media_type="image/png", pages=[page])

    return make


@pytest.mark.parametrize(
    "change",
    [
        lambda sheet: sheet,
        lambda sheet: sheet.rotate(-90, expand=True),
        lambda sheet: sheet.rotate(180),
        lambda sheet: sheet.rotate(3, fillcolor=255, resample=Image.Resampling.BICUBIC),
    ],
    ids=["as it is", "turned", "upside down", "skewed"],
)
def test_words_are_found_on_their_ink(
    made: Callable[[Image.Image], tuple[Page, bytes]], change: Callable[[Image.Image], Image.Image]
) -> None:
    page, data = made(change(drawn()))
    sheet = pdfium.PdfDocument(data)[0]
    layer = sheet.get_textpage()
    text = layer.get_text_range()
    assert text.split() == page.text.split() == " ".join(LINES).split()
    sheet.set_rotation(0)  # the text's own frame is that of the picture
    scale = 150 / 72
    dark = np.asarray(sheet.render(scale=scale, grayscale=True).to_pil()) < 128
    place = 0
    for word in text.split():
        place = text.index(word, place)
        boxes = [layer.get_charbox(at) for at in range(place, place + len(word))]
        left, bottom = min(b[0] for b in boxes), min(b[1] for b in boxes)
        right, top = max(b[2] for b in boxes), max(b[3] for b in boxes)
        x0, x1 = int(left * scale), int(right * scale)
        y0, y1 = int(dark.shape[0] - top * scale), int(dark.shape[0] - bottom * scale)
        assert dark[y0:y1, x0:x1].mean() > 0.05
        place += len(word)


def test_a_searchable_pdf_is_read_from_its_text(
    made: Callable[[Image.Image], tuple[Page, bytes]], sandbox: Sandbox, tmp_path: Path
) -> None:
    page, data = made(drawn(36))
    path = tmp_path / "again.pdf"
    path.write_bytes(data)
    reader = LocalReader(limits=Limits(), reading=Reading(), open_path=open_path, sandbox=sandbox)
    (again,) = reader.read(str(path), filename="again.pdf").pages
    assert isinstance(again, Page)
    assert again.text.split() == page.text.split()
