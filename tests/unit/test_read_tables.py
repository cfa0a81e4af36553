"""Tables, form fields and headings of born-digital PDFs."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from rag.markdown import document_markdown, page_markdown
from rag.model import Page, Source
from rag.read import pdf
from rag.read.forms import open_forms

ROWS = [["Item", "Unit price", "Amount"], ["Desk lamp", "40,00", "80,00"], ["Büroklammern", "", "2,50"]]
GRID = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)])
BOXES = TableStyle([("BACKGROUND", (0, 0), (-1, -1), colors.whitesmoke), ("BOX", (0, 0), (-1, -1), 1, colors.black)])


def built(*parts: object) -> pdfium.PdfDocument:
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, pagesize=A4).build(list(parts))
    return pdfium.PdfDocument(buffer.getvalue())


def drawn(draw, size=(612, 792)) -> pdfium.PdfDocument:  # type: ignore[no-untyped-def]
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, pagesize=size)
    draw(sheet)
    sheet.save()
    return pdfium.PdfDocument(buffer.getvalue())


def read(document: pdfium.PdfDocument, number: int = 1) -> Page:
    page = pdf.read_page(document, number, filled=open_forms(document))
    assert isinstance(page, Page)
    return page


def said(text: str) -> Paragraph:
    return Paragraph(text, getSampleStyleSheet()["BodyText"])


def test_a_ruled_table_is_a_table_between_its_neighbours() -> None:
    page = read(built(said("The order of May:"), Table(ROWS, style=GRID), said("Thank you for the order.")))
    assert page.text == (
        "The order of May:\n\n"
        "| Item | Unit price | Amount |\n| --- | --- | --- |\n"
        "| Desk lamp | 40,00 | 80,00 |\n| Büroklammern | | 2,50 |\n\n"
        "Thank you for the order."
    )


def test_words_of_a_table_keep_their_boxes() -> None:
    page = read(built(said("The order of May:"), Table(ROWS, style=GRID)))
    words = {page.text[word.start : word.end]: word.box for word in page.words}
    assert set(words) == {
        "The",
        "order",
        "of",
        "May:",
        *["Item", "Unit", "price", "Amount", "Desk", "lamp", "40,00", "80,00"],
        "Büroklammern",
        "2,50",
    }
    assert words["Item"][3] < words["Desk"][1] < words["Büroklammern"][1]
    assert words["Desk"][2] < words["40,00"][0] < words["80,00"][0]
    assert words["40,00"][1] == pytest.approx(words["80,00"][1], abs=1)


def test_a_cell_of_several_lines_is_one_cell() -> None:
    rows = [["Name", "Role"], ["Helena\nVarga", "Managing\ndirector"]]
    page = read(built(Table(rows, style=GRID)))
    assert page.text.split("\n")[-1] == "| Helena Varga | Managing director |"


def test_a_box_around_text_is_no_table() -> None:
    def draw(sheet: canvas.Canvas) -> None:
        sheet.rect(50, 600, 500, 120)
        sheet.drawString(72, 690, "Important notice to all tenants of the house.")
        sheet.drawString(72, 670, "The heating is off on Monday.")

    assert "|" not in read(drawn(draw)).text


def test_frames_under_each_other_are_no_table() -> None:
    def draw(sheet: canvas.Canvas) -> None:
        for row in range(4):
            sheet.rect(50, 600 - 30 * row, 500, 30)
            sheet.drawString(60, 610 - 30 * row, f"Question {row} of the form")

    assert "|" not in read(drawn(draw)).text


def test_boxes_of_colour_make_a_table_too() -> None:
    style = TableStyle(
        [("BACKGROUND", (0, 0), (-1, -1), colors.whitesmoke), ("INNERGRID", (0, 0), (-1, -1), 0.3, colors.grey)]
    )
    page = read(built(Table(ROWS, style=TableStyle([*style.getCommands(), *BOXES.getCommands()]))))
    assert "| Desk lamp | 40,00 | 80,00 |" in page.text


def test_a_table_on_a_turned_page_is_found() -> None:
    document = built(Table(ROWS, style=GRID))
    document[0].set_rotation(90)
    buffer = io.BytesIO()
    document.save(buffer)
    page = read(pdfium.PdfDocument(buffer.getvalue()))
    assert page.width > page.height
    assert "Desk lamp" in page.text


def test_values_of_form_fields_stand_behind_their_labels() -> None:
    def draw(sheet: canvas.Canvas) -> None:
        form = sheet.acroForm
        sheet.drawString(72, 700, "Name of the tenant:")
        form.textfield(name="name", x=200, y=690, width=200, height=20, value="Jürgen Groß")
        sheet.drawString(72, 650, "Monthly rent")
        form.textfield(name="rent", x=72, y=620, width=120, height=20, value="EUR 1.320")
        sheet.drawString(72, 580, "Pets allowed")
        form.checkbox(name="pets", x=160, y=576, checked=True, size=14)
        sheet.drawString(72, 550, "Smoking")
        form.checkbox(name="smoking", x=160, y=546, checked=False, size=14)
        sheet.drawString(72, 500, "Signed in the town of")
        form.choice(name="town", x=220, y=496, width=80, height=20, options=["Berlin", "Wien"], value="Wien")

    page = read(drawn(draw))
    assert [line for line in page.text.split("\n") if line] == [
        "Name of the tenant: Jürgen Groß",
        "Monthly rent EUR 1.320",
        "Pets allowed [x]",
        "Smoking",
        "Signed in the town of Wien",
    ]
    (box,) = (word.box for word in page.words if page.text[word.start : word.end] == "1.320")
    assert (box[0] >= 72, box[2] <= 193, box[1] >= 792 - 641, box[3] <= 792 - 619) == (True,) * 4


def test_a_form_without_text_beside_it_is_its_values(tmp_path: Path) -> None:
    def draw(sheet: canvas.Canvas) -> None:
        sheet.drawString(72, 100, "Form 17")
        sheet.acroForm.textfield(name="name", x=200, y=690, width=200, height=20, value="Anna Keller")

    assert read(drawn(draw)).text == "Form 17\nAnna Keller"


def test_larger_lines_and_bullets_become_headings_and_lists() -> None:
    def draw(sheet: canvas.Canvas) -> None:
        prose = "The lease begins in spring and ends after ten years unless it is renewed."
        for size, y, text in (
            (22, 700, "Lease agreement"),
            (11, 660, prose),
            (11, 645, prose),
            (15, 610, "Duties of the tenant"),
            (11, 585, "• pay the rent by the third working day of each month of the year"),
            (11, 570, "• keep the rooms clean and report damage without delay"),
            (11, 540, "2. Term"),
            (11, 525, prose),
        ):
            sheet.setFont("Helvetica", size)
            sheet.drawString(72, y, text)

    lines = [line for line in page_markdown(read(drawn(draw))).split("\n") if line]
    assert lines[0] == "# Lease agreement"
    assert lines[3] in ("## Duties of the tenant", "### Duties of the tenant")
    assert lines[4] == "- pay the rent by the third working day of each month of the year"
    assert lines[6] == "### 2. Term"
    assert lines[1] == lines[2] == lines[7]


def test_files_with_a_structure_of_their_own_stay_as_they_are() -> None:
    pages = [Page(1, 612, 792, "# Title\n\n* one", Source.TEXT_LAYER), Page(2, 612, 792, "", Source.TEXT_LAYER)]
    assert document_markdown(pages, "text/markdown") == "# Title\n\n* one\n"


def test_a_hash_in_a_letter_is_no_heading() -> None:
    page = Page(1, 612, 792, "# 17 is the number", Source.TEXT_LAYER)
    assert page_markdown(page) == "\\# 17 is the number"
