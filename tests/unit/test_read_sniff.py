"""What a file is, by its content."""

import io
import zipfile

import pytest

from rag.errors import DamagedFile, EmptyFile, UnsupportedType
from rag.read import sniff


def zipped(*names: str, mimetype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


MAIL = b"From: a@example.com\nTo: b@example.com\nSubject: Rent\n\nHello"


@pytest.mark.parametrize(
    ("data", "filename", "expected"),
    [
        (b"%PDF-1.7\n...", "a.txt", sniff.PDF),
        (b"junk\n%PDF-1.4", "", sniff.PDF),
        (b"no mark at all", "broken.pdf", sniff.PDF),
        (b"\x89PNG\r\n\x1a\n....", "a.jpg", sniff.PNG),
        (b"\xff\xd8\xff\xe0....", "", sniff.JPEG),
        (b"II*\x00....", "", sniff.TIFF),
        (b"RIFF....WEBPVP8 ", "", sniff.WEBP),
        (b"{\\rtf1 hello}", "", sniff.RTF),
        (zipped("[Content_Types].xml", "word/document.xml"), "a.zip", sniff.DOCX),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "", sniff.XLSX),
        (zipped("[Content_Types].xml", "ppt/presentation.xml"), "", sniff.PPTX),
        (zipped("content.xml", mimetype=sniff.ODT), "", sniff.ODT),
        (b"<!DOCTYPE html><html><body>x</body></html>", "a.txt", sniff.HTML),
        (b"<?xml version='1.0'?><a/>", "", sniff.XML),
        (MAIL, "mail.txt", sniff.EML),
        (b"# Title\n\nText", "a.md", sniff.MARKDOWN),
        (b"a,b\n1,2\n", "a.csv", sniff.CSV),
        ("Grüße".encode("latin-1"), "a.txt", sniff.PLAIN),
        ("Grüße".encode("utf-16"), "a.txt", sniff.PLAIN),
    ],
)
def test_content_decides(data: bytes, filename: str, expected: str) -> None:
    assert sniff.sniff(data, filename) == expected


def test_a_file_is_sniffed_like_its_bytes(tmp_path) -> None:
    path = tmp_path / "a"
    path.write_bytes(zipped("[Content_Types].xml", "word/document.xml"))
    assert sniff.sniff(path) == sniff.DOCX


@pytest.mark.parametrize("data", [b"", b" \n\t ", b"\xef\xbb\xbf\n"])
def test_nothing_is_an_empty_file(data: bytes) -> None:
    with pytest.raises(EmptyFile):
        sniff.sniff(data, "a.txt")


def test_an_archive_is_told_from_an_office_file_by_its_content() -> None:
    assert sniff.sniff(zipped("a.txt"), "a.docx") == sniff.ZIP


def test_a_broken_container_is_damaged() -> None:
    with pytest.raises(DamagedFile):
        sniff.sniff(b"PK\x03\x04" + b"\x00" * 100, "a.docx")


def test_an_executable_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedType) as caught:
        sniff.sniff(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20, "letter.txt")
    assert "which is not read" in caught.value.detail
