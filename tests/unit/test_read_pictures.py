"""Which pictures of office files are read, and old formats without LibreOffice."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from rag.errors import DamagedFile, UnsupportedType
from rag.read import libreoffice, sniff
from rag.read.pictures import extract, pictures


def png(width: int, height: int, shade: int = 0) -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new("L", (width, height), shade).save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def deck(path: Path, *slides: list[io.BytesIO]) -> Path:
    import pptx

    presentation = pptx.Presentation()
    for images in slides:
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        for image in images:
            slide.shapes.add_picture(image, 0, 0)
    presentation.save(path)
    return path


def test_pictures_are_found_on_their_slides(tmp_path: Path) -> None:
    path = deck(tmp_path / "a.pptx", [], [png(300, 200)], [png(400, 100, 9), png(500, 90, 8)])
    found, unread = pictures(path, sniff.PPTX)
    assert [(one.slide, one.width, one.height) for one in found] == [(2, 300, 200), (3, 400, 100), (3, 500, 90)]
    assert unread == 0


def test_a_logo_on_every_slide_is_read_once_and_icons_never(tmp_path: Path) -> None:
    path = deck(tmp_path / "a.pptx", [png(300, 200), png(20, 400, 1), png(40, 40, 2)], [png(300, 200)])
    assert [(one.slide, one.width) for one in pictures(path, sniff.PPTX)[0]] == [(1, 300)]


def test_pictures_of_a_letter_in_their_order(tmp_path: Path) -> None:
    import docx

    document = docx.Document()
    for width in (300, 200):
        document.add_picture(png(width, 100))
    document.save(tmp_path / "a.docx")
    assert [(one.slide, one.width) for one in pictures(tmp_path / "a.docx", sniff.DOCX)[0]] == [(0, 300), (0, 200)]


def test_a_picture_is_taken_out_as_it_is(tmp_path: Path) -> None:
    path = deck(tmp_path / "a.pptx", [png(300, 200)])
    [one] = pictures(path, sniff.PPTX)[0]
    assert extract(path, one.part).getvalue() == png(300, 200).getvalue()
    with pytest.raises(DamagedFile):
        extract(path, "ppt/media/none.png")


def test_old_formats_name_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.rtf").write_text("{\\rtf1 Rent}")
    with pytest.raises(UnsupportedType) as caught:
        libreoffice.convert(tmp_path / "a.rtf", tmp_path / "copy", media_type=sniff.RTF, wall=5)
    assert "LibreOffice, which is not installed" in caught.value.detail
    assert libreoffice.PACKAGES in caught.value.remedy
