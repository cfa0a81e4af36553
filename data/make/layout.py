"""What pages are made of: type styles, tables, clauses, letterheads, signatures and stamps."""

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    KeepTogether,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)  # fmt: skip

from .world import Company

Family = Literal["serif", "sans", "mono"]
Look = Literal["grid", "lines", "zebra", "plain"]
Furniture = Callable[[Canvas, SimpleDocTemplate], None]

FONTS: dict[Family, tuple[str, str, str]] = {
    "serif": ("Times-Roman", "Times-Bold", "Times-Italic"),
    "sans": ("Helvetica", "Helvetica-Bold", "Helvetica-Oblique"),
    "mono": ("Courier", "Courier-Bold", "Courier-Oblique"),
}
INK = HexColor("#1d1d1f")
GREY = HexColor("#6b6f76")
PALE = HexColor("#eef1f5")
PEN = HexColor("#1b2f7a")


class Signature(Flowable):
    """A line with a scribble above it and name and office below."""

    def __init__(self, name: str, office: str, *, signed: bool = True, width: float = 68 * mm) -> None:
        super().__init__()
        self.name, self.office, self.signed = name, office, signed
        self.width, self.height = width, 25 * mm

    def draw(self) -> None:
        if self.signed:
            scribble(self.canv, self.name, x=4 * mm, y=12 * mm)
        self.canv.setStrokeColor(GREY)
        self.canv.setLineWidth(0.6)
        self.canv.line(0, 9 * mm, self.width - 6 * mm, 9 * mm)
        self.canv.setFillColor(INK)
        self.canv.setFont("Helvetica", 8.5)
        self.canv.drawString(0, 5 * mm, self.name)
        self.canv.setFillColor(GREY)
        self.canv.drawString(0, 1.2 * mm, self.office)


def scribble(canvas: Canvas, name: str, *, x: float, y: float) -> None:
    """A signature that only its owner can read: the same name always gives the same strokes."""
    pick = random.Random(name)
    canvas.saveState()
    canvas.setStrokeColor(PEN)
    canvas.setLineWidth(1.1)
    canvas.setLineCap(1)
    path = canvas.beginPath()
    path.moveTo(x, y)
    small, wide = pick.uniform(3, 10), pick.uniform(5, 12)
    for index, letter in enumerate(name.replace(" ", "")[: pick.randint(6, 12)]):
        tall = index == 0 or letter in "bdfhklt" or letter.isupper()
        rise = (27 if index == 0 else 20 if tall else small) + pick.uniform(-3, 3)
        if letter in "gjpy":
            rise = -rise - 4
        step = wide * pick.uniform(0.5, 1.3)
        path.curveTo(x + step * 0.2, y + rise, x + step * 1.5, y + rise * 1.1, x + step * 0.7, y + rise * 0.2)
        path.curveTo(x + step * 0.5, y - 3, x + step, y - 2, x + step, y + pick.uniform(0, 3))
        x += step
    path.curveTo(x + 12, y + pick.uniform(-9, 12), x + 22, y - pick.uniform(-4, 9), x + pick.uniform(18, 46), y + 3)
    canvas.drawPath(path)
    canvas.restoreState()


def stamp(canvas: Canvas, lines: Sequence[str], *, x: float, y: float, angle: float = 7) -> None:
    """A rubber stamp, slightly turned."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.rotate(angle)
    colour = Color(0.45, 0.1, 0.15)
    canvas.setStrokeColor(colour)
    canvas.setFillColor(colour)
    canvas.setLineWidth(1.4)
    canvas.roundRect(0, 0, 46 * mm, (len(lines) * 5 + 4) * mm, 2 * mm)
    for index, line in enumerate(reversed(lines)):
        canvas.setFont("Helvetica-Bold", 10)
        canvas.drawCentredString(23 * mm, (index * 5 + 3.2) * mm, line)
    canvas.restoreState()


class Sheet:
    """Gathers the flowing content of one document in one type family, then sets it as a PDF."""

    def __init__(self, family: Family = "serif", size: float = 10.5, accent: str = "#1f3a5f") -> None:
        plain, bold, italic = FONTS[family]
        self.accent = HexColor(accent)
        self.story: list[Flowable] = []
        self.bold = bold
        lead = size * 1.36
        self.body = ParagraphStyle("body", fontName=plain, fontSize=size, leading=lead, textColor=INK, spaceAfter=6)
        self.just = ParagraphStyle("just", parent=self.body, alignment=TA_JUSTIFY)
        self.note = ParagraphStyle(
            "note", parent=self.body, fontName=italic, fontSize=size - 1.5, leading=lead - 2, textColor=GREY
        )
        self.big = ParagraphStyle(
            "big", parent=self.body, fontName=bold, fontSize=size + 7, leading=size + 11,
            textColor=self.accent, spaceAfter=8,
        )  # fmt: skip
        self.head = ParagraphStyle(
            "head", parent=self.body, fontName=bold, fontSize=size + 1, leading=lead + 1,
            textColor=self.accent, spaceBefore=7, spaceAfter=3, keepWithNext=1,
        )  # fmt: skip
        self.cells = {
            side: ParagraphStyle(
                f"cell{side}", parent=self.body, fontSize=size - 1, leading=size * 1.2, alignment=side, spaceAfter=0
            )
            for side in (TA_LEFT, TA_RIGHT)
        }

    def title(self, text: str, *, centre: bool = False) -> None:
        style = ParagraphStyle("big2", parent=self.big, alignment=TA_CENTER) if centre else self.big
        self.story.append(Paragraph(text, style))

    def heading(self, text: str) -> None:
        self.story.append(Paragraph(text, self.head))

    def text(self, *paragraphs: str, justify: bool = False) -> None:
        self.story += [Paragraph(text, self.just if justify else self.body) for text in paragraphs]

    def notes(self, *paragraphs: str) -> None:
        self.story += [Paragraph(text, self.note) for text in paragraphs]

    def right(self, *paragraphs: str) -> None:
        style = ParagraphStyle("right", parent=self.body, alignment=TA_RIGHT)
        self.story += [Paragraph(text, style) for text in paragraphs]

    def clauses(self, number: int | str, name: str, *paragraphs: str) -> None:
        """A numbered heading and its numbered paragraphs: 4., 4.1, 4.2."""
        style = ParagraphStyle(
            "clause",
            parent=self.just,
            leftIndent=11 * mm,
            bulletFontName=self.body.fontName,
            bulletFontSize=self.body.fontSize,
        )
        self.heading(f"{number}. {name}")
        for index, text in enumerate(paragraphs, start=1):
            self.story.append(Paragraph(text, style, bulletText=f"{number}.{index}"))

    def bullets(self, *items: str) -> None:
        style = ParagraphStyle("bullet", parent=self.body, leftIndent=6 * mm, bulletIndent=1.5 * mm, spaceAfter=3)
        self.story += [Paragraph(item, style, bulletText="\u2022") for item in items]

    def gap(self, height: float) -> None:
        """White space, in millimetres."""
        self.story.append(Spacer(1, height * mm))

    def rule(self) -> None:
        self.story.append(HRFlowable(width="100%", thickness=0.7, color=self.accent, spaceBefore=3, spaceAfter=5))

    def page_break(self) -> None:
        self.story.append(PageBreak())

    def table(
        self,
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        *,
        look: Look = "lines",
        right: Sequence[int] = (),
        header: bool = True,
        bold_rows: Sequence[int] = (),
    ) -> None:
        """Rows of text; widths in millimetres; `right` names the columns set flush right."""
        strong = {index % len(rows) for index in bold_rows} | ({0} if header else set())
        dark = header and look in ("grid", "zebra")
        cells = []
        for row_number, row in enumerate(rows):
            tags = ("<b>", "</b>") if row_number in strong else ("", "")
            if dark and row_number == 0:
                tags = ("<b><font color='white'>", "</font></b>")
            cells.append(
                [
                    Paragraph(f"{tags[0]}{cell}{tags[1]}", self.cells[TA_RIGHT if column in right else TA_LEFT])
                    for column, cell in enumerate(row)
                ]
            )
        commands: list[tuple[object, ...]] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
        ]
        if look == "grid":
            commands.append(("GRID", (0, 0), (-1, -1), 0.5, GREY))
        if look == "lines":
            commands += [("LINEBELOW", (0, 0), (-1, -1), 0.3, GREY), ("LINEBELOW", (0, 0), (-1, 0), 1, self.accent)]
        if look == "zebra":
            commands.append(("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, PALE]))
        if dark:
            commands.append(("BACKGROUND", (0, 0), (-1, 0), self.accent))
        self.story.append(
            Table(cells, [width * mm for width in widths], style=commands, hAlign="LEFT", repeatRows=int(header))
        )
        self.gap(3)

    def columns(self, left: str, right: str, widths: tuple[float, float] = (90, 80)) -> None:
        """Two blocks of text side by side."""
        cells = [[Paragraph(left, self.body), Paragraph(right, self.body)]]
        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
        self.story.append(Table(cells, [width * mm for width in widths], style=style, hAlign="LEFT"))
        self.gap(3)

    def signatures(self, *people: tuple[str, str], signed: bool = True) -> None:
        """Signature lines in pairs, kept on one page."""
        boxes: list[Flowable] = [Signature(name, office, signed=signed) for name, office in people]
        boxes += [Spacer(1, 1)] * (len(boxes) % 2)
        pairs = [boxes[start : start + 2] for start in range(0, len(boxes), 2)]
        self.story.append(KeepTogether([Spacer(1, 4 * mm), Table(pairs, [82 * mm, 82 * mm], hAlign="LEFT")]))

    def pdf(
        self,
        title: str,
        *,
        first: Furniture | None = None,
        later: Furniture | None = None,
        top: float = 22,
        side: float = 22,
        bottom: float = 22,
        size: tuple[float, float] = A4,
    ) -> bytes:
        """The document, its bytes the same at every run. Margins in millimetres."""
        file = io.BytesIO()
        document = SimpleDocTemplate(
            file, pagesize=size, title=title, author="Redwell sample data", invariant=1,
            topMargin=top * mm, bottomMargin=bottom * mm, leftMargin=side * mm, rightMargin=side * mm,
        )  # fmt: skip
        document.build(self.story, onFirstPage=first or _bare, onLaterPages=later or first or _bare)
        return file.getvalue()


def _bare(canvas: Canvas, document: SimpleDocTemplate) -> None:
    """No furniture at all."""


@dataclass(frozen=True)
class Letterhead:
    """A company's paper: mark and name on top, particulars at the foot. Called by the page layout."""

    company: Company
    colour: str
    look: Literal["left", "centre", "band"] = "left"
    numbered: bool = True

    def __call__(self, canvas: Canvas, document: SimpleDocTemplate) -> None:
        width, height = document.pagesize
        name = self.company.name.replace("&amp;", "&")
        line = f"{self.company.address}  |  {self.company.phone}  |  office@{self.company.domain}"
        canvas.saveState()
        canvas.setFillColor(HexColor(self.colour))
        if self.look == "band":
            canvas.rect(0, height - 24 * mm, width, 24 * mm, stroke=0, fill=1)
            canvas.setFillColor(white)
            canvas.setFont("Helvetica-Bold", 17)
            canvas.drawString(22 * mm, height - 13 * mm, name)
            canvas.setFont("Helvetica", 8.5)
            canvas.drawString(22 * mm, height - 19 * mm, line)
        elif self.look == "centre":
            canvas.setFont("Times-Bold", 18)
            canvas.drawCentredString(width / 2, height - 17 * mm, name)
            canvas.setFont("Times-Italic", 9.5)
            canvas.drawCentredString(width / 2, height - 22.5 * mm, line)
            canvas.setStrokeColor(HexColor(self.colour))
            canvas.line(22 * mm, height - 26 * mm, width - 22 * mm, height - 26 * mm)
        else:
            self._mark(canvas, 22 * mm, height - 24 * mm)
            canvas.setFont("Helvetica-Bold", 15)
            canvas.drawString(37 * mm, height - 16.5 * mm, name)
            canvas.setFillColor(GREY)
            canvas.setFont("Helvetica", 8.5)
            canvas.drawString(37 * mm, height - 22 * mm, line)
        self._foot(canvas, document, width)
        canvas.restoreState()

    def _mark(self, canvas: Canvas, x: float, y: float) -> None:
        canvas.roundRect(x, y, 12 * mm, 12 * mm, 2.5 * mm, stroke=0, fill=1)
        canvas.setFillColor(white)
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawCentredString(x + 6 * mm, y + 3.4 * mm, self.company.name.removeprefix("The ")[0])
        canvas.setFillColor(HexColor(self.colour))

    def _foot(self, canvas: Canvas, document: SimpleDocTemplate, width: float) -> None:
        canvas.setStrokeColor(GREY)
        canvas.setLineWidth(0.4)
        canvas.line(22 * mm, 17 * mm, width - 22 * mm, 17 * mm)
        canvas.setFillColor(GREY)
        canvas.setFont("Helvetica", 7.5)
        canvas.drawString(
            22 * mm, 13 * mm, f"{self.company.register}  |  VAT {self.company.vat}  |  IBAN {self.company.iban}"
        )
        if self.numbered:
            canvas.drawRightString(width - 22 * mm, 9 * mm, f"Page {document.page}")


def running_head(left: str, right: str) -> Furniture:
    """Plain furniture for contracts and reports: a line of small type above, the page number below."""

    def draw(canvas: Canvas, document: SimpleDocTemplate) -> None:
        width, height = document.pagesize
        canvas.saveState()
        canvas.setFillColor(GREY)
        canvas.setFont("Helvetica", 8)
        canvas.drawString(22 * mm, height - 13 * mm, left)
        canvas.drawRightString(width - 22 * mm, height - 13 * mm, right)
        canvas.drawCentredString(width / 2, 12 * mm, f"- {document.page} -")
        canvas.restoreState()

    return draw
