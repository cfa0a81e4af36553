"""The reader on real files: the sandbox, every format, typed errors, pictures of pages."""

from __future__ import annotations

import email.message
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reportlab.pdfgen import canvas

from rag.errors import DamagedFile, EmptyFile, EncryptedFile, ParserLimit, RedwellError, UnsupportedType
from rag.model import Page, PageTask
from rag.ports import Outline
from rag.read.reader import LocalReader
from rag.settings import Limits, Reading

EVALDATA = Path(os.environ.get("REDWELL_EVALDATA", Path(__file__).parents[3] / "shared" / "evaldata"))
needs_evaldata = pytest.mark.skipif(
    not (EVALDATA / "pdfs").is_dir(), reason="the evaluation files are not here: set REDWELL_EVALDATA to their folder"
)


@contextmanager
def open_path(key: str) -> Iterator[Path]:
    yield Path(key)


@pytest.fixture(scope="module")
def reader() -> Iterator[LocalReader]:
    local = LocalReader(limits=Limits(), reading=Reading(), open_path=open_path)
    yield local
    local.close()


def read(reader: LocalReader, path: Path, data: bytes, **options: str) -> Outline:
    path.write_bytes(data)
    return reader.read(str(path), filename=path.name, **options)


def pdf(*lines: str) -> bytes:
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, pagesize=(612, 792))
    for line in lines:
        sheet.drawString(72, 700, line)
        sheet.showPage()
    sheet.save()
    return buffer.getvalue()


def test_a_pdf_is_read_page_by_page(reader: LocalReader, tmp_path: Path) -> None:
    found = read(reader, tmp_path / "a.pdf", pdf("Rent", "Deposit"))
    assert found.media_type == "application/pdf"
    assert [(page.number, page.text) for page in found.pages] == [(1, "Rent"), (2, "Deposit")]


def test_a_picture_is_a_task_with_the_language_that_was_asked_for(reader: LocalReader, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (30, 20)).save(buffer, "PNG")
    found = read(reader, tmp_path / "a.png", buffer.getvalue(), language="deu")
    assert found.pages == (PageTask(str(tmp_path / "a.png"), "image/png", 1, 30, 20, "deu"),)


def test_text_is_read_in_its_encoding(reader: LocalReader, tmp_path: Path) -> None:
    (page,) = read(reader, tmp_path / "a.txt", "Die Miete für März beträgt 2.450 €.".encode("cp1252")).pages
    assert page.text == "Die Miete für März beträgt 2.450 €."


def test_a_word_file_keeps_headings_and_tables_as_markdown(reader: LocalReader, tmp_path: Path) -> None:
    import docx

    document = docx.Document()
    document.add_heading("Lease", 1)
    document.add_paragraph("The rent is 2450 dollars.")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Item", "Price", "Rent", "2450"], strict=True):
        cell.text = text
    buffer = io.BytesIO()
    document.save(buffer)
    (page,) = read(reader, tmp_path / "a.docx", buffer.getvalue()).pages
    assert page.text.split("\n")[0] == "## Lease"
    assert "The rent is 2450 dollars." in page.text
    assert "| Rent | 2450 |" in page.text
    assert [page.text[w.start : w.end] for w in page.words][:2] == ["##", "Lease"]


def test_each_sheet_of_a_workbook_is_a_page(reader: LocalReader, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Rent", 2450])
    book.create_sheet("Second").append(["Deposit", 4900])
    buffer = io.BytesIO()
    book.save(buffer)
    first, second = read(reader, tmp_path / "a.xlsx", buffer.getvalue()).pages
    assert "2450" in first.text
    assert "4900" in second.text


def test_a_mail_lists_its_attachments(reader: LocalReader, tmp_path: Path) -> None:
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Rent"
    message.set_content("The rent is due.")
    message.add_attachment(b"1", maintype="text", subtype="csv", filename="rent.csv")
    found = read(reader, tmp_path / "a.eml", message.as_bytes())
    assert "The rent is due." in found.pages[0].text
    assert "- rent.csv" in found.pages[0].text
    assert [(member.name, member.media_type, member.size) for member in found.members] == [("rent.csv", "text/csv", 1)]


def test_an_archive_is_a_list_of_the_files_in_it(reader: LocalReader, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("2024/lease.txt", "The rent is due.")
        archive.writestr("tool.exe", b"MZ" + bytes(range(256)) * 4)
    found = read(reader, tmp_path / "a.zip", buffer.getvalue())
    assert found.pages[0].text == "# a.zip\n\n- 2024/lease.txt\n- tool.exe"
    assert [member.media_type for member in found.members] == ["text/plain", ""]
    assert found.members[0].sha256 == hashlib.sha256(b"The rent is due.").hexdigest()
    assert found.members[1].error is not None
    assert found.members[1].error["code"] == "unsupported_type"


def test_html_is_text_without_its_scripts(reader: LocalReader, tmp_path: Path) -> None:
    data = b"<!DOCTYPE html><html><body><h1>Lease</h1><script>steal()</script><p>Rent is due.</p></body></html>"
    (page,) = read(reader, tmp_path / "a.html", data).pages
    assert page.text == "# Lease\n\nRent is due."


def test_an_external_entity_is_refused(reader: LocalReader, tmp_path: Path) -> None:
    data = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    with pytest.raises(DamagedFile, match="entities"):
        read(reader, tmp_path / "a.xml", data)


def test_multiplying_entities_are_refused(reader: LocalReader, tmp_path: Path) -> None:
    data = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>'
    with pytest.raises(DamagedFile, match="entities"):
        read(reader, tmp_path / "a.xml", data)


def test_a_container_that_unpacks_to_gigabytes_is_refused(reader: LocalReader, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            for _ in range(520):
                part.write(bytes(2**20))
    with pytest.raises(ParserLimit) as caught:
        read(reader, tmp_path / "a.docx", buffer.getvalue())
    assert "`limits.text_bytes`" in caught.value.remedy


def test_typed_errors(reader: LocalReader, tmp_path: Path) -> None:
    with pytest.raises(EmptyFile):
        read(reader, tmp_path / "a.pdf", b"")
    with pytest.raises(DamagedFile):
        read(reader, tmp_path / "b.pdf", b"%PDF-1.4\nnothing")
    with pytest.raises(DamagedFile):
        read(reader, tmp_path / "c.docx", b"PK\x03\x04" + bytes(200))
    with pytest.raises(UnsupportedType):
        read(reader, tmp_path / "d.bin", b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20)


def picture(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png))).astype(int)


@pytest.mark.parametrize("suffix", ["pdf", "txt"])
def test_a_page_is_drawn_with_the_span_marked(reader: LocalReader, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    found = read(reader, path, pdf("Rent is due") if suffix == "pdf" else b"Rent is due")
    (page,) = found.pages
    assert isinstance(page, Page)
    plain = picture(reader.render(str(path), media_type=found.media_type, page=page, width=612))
    marked = picture(reader.render(str(path), media_type=found.media_type, page=page, highlights=[(8, 11)], width=612))
    rows, columns = np.nonzero(np.abs(marked - plain).sum(axis=2) > 60)
    x0, y0, x1, y1 = page.words.boxes(8, 11)[0]
    assert plain.shape == (792, 612, 3)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == pytest.approx((x0, y0, x1, y1), abs=4)


@needs_evaldata
def test_every_valid_pdf_is_read(reader: LocalReader) -> None:
    import json

    truth = json.loads((EVALDATA / "pdfs" / "manifest.json").read_text())
    for path in sorted((EVALDATA / "pdfs" / "valid").glob("*.pdf")):
        pages = reader.read(str(path), filename=path.name).pages
        assert len(pages) == truth[f"valid/{path.name}"]["pages"], path.name
        assert not [page.error for page in pages if isinstance(page, Page) and page.error], path.name


def outcome(reader: LocalReader, path: Path, password: str | None = None) -> RedwellError | int:
    """Number of pages, or why there are none."""
    try:
        return len(reader.read(str(path), filename=path.name, password=password).pages)
    except RedwellError as error:
        return error


@needs_evaldata
def test_every_odd_pdf_is_read_or_refused_with_a_type(reader: LocalReader) -> None:
    import json

    truth = json.loads((EVALDATA / "pdfs" / "manifest.json").read_text())
    hopeless = {"pdfium-fails", "qpdf-fails", "encrypted-pw"}
    for path in sorted((EVALDATA / "pdfs" / "odd").glob("*.pdf")):
        known = truth[f"odd/{path.name}"]
        found = outcome(reader, path, known.get("password"))
        if isinstance(found, RedwellError):
            assert isinstance(found, (DamagedFile, EncryptedFile)), path.name
            assert hopeless & set(known["tags"]), (path.name, found.detail)
        else:
            assert found > 0


@needs_evaldata
def test_every_office_file_is_read_or_refused_with_a_type(reader: LocalReader) -> None:
    files = sorted((EVALDATA / "office").glob("*/*"))
    outcomes = {path.name: outcome(reader, path) for path in files}
    refused = {name: found for name, found in outcomes.items() if isinstance(found, RedwellError)}
    assert all(error.status < 500 for error in refused.values())
    legacy = {path.name for path in files if path.suffix in (".doc", ".xls", ".ppt", ".rtf")}
    assert set(refused) - legacy == {
        "empty.ods",
        "fake-text-all-whitespace.txt",
        "password_protected.xlsx",
    }
