"""Redacted PDFs through the real reader and the real OCR: no removed word is in the text, the pictures or the objects."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageDraw, ImageFont

from rag.errors import NotReady, ParserLimit
from rag.fakes import FakeBlobs, FakeClassifier, FakeEmbedder, FakeEntityRecognizer, FakeGenerator, FakeRetriever
from rag.model import Document, PageTask
from rag.read.reader import LocalReader
from rag.read.sandbox import Sandbox
from rag.redaction.make import pdf_without, text_without
from rag.redaction.plan import PERSONAL
from rag.services import Services, open_state
from rag.settings import Limits, Reading, Redaction, Settings
from rag.worker import run_job

SECRETS = (
    "Anna",
    "Keller",
    "anna.keller",
    "example.org",
    "7946",
    "0958",
    "3704",
    "0532",
    "4111",
    "021000021",
    "44051401359",
    "A12345678",
)
KEPT = ("monthly", "rent", "payable", "Dublin")
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


class Threads:
    """The plain reader and engine behind the async ports."""

    def __init__(self, blobs: FakeBlobs) -> None:
        pytest.importorskip("pytesseract")
        from rag.adapters.ocr_tesseract import TesseractOcr

        sandbox = Sandbox(Limits())
        options = {"limits": Limits(), "reading": Reading(), "open_path": blobs.open_path, "sandbox": sandbox}
        self._reader, self._ocr = LocalReader(**options), TesseractOcr(**options)
        self.version = self._ocr.version

    async def read(self, key, *, filename, language=None, password=None, keep_members=False):
        return await asyncio.to_thread(self._reader.read, key, filename=filename, language=language)

    async def redact(self, key, *, media_type, pages, removed, dpi):
        work = self._reader.redact
        return await asyncio.to_thread(work, key, media_type=media_type, pages=pages, removed=removed, dpi=dpi)

    async def recognize(self, task: PageTask):
        return await asyncio.to_thread(self._ocr.recognize, task)

    def close(self) -> None:
        self._reader.close()


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    blobs = FakeBlobs()
    state = open_state(Settings(data_dir=tmp_path), blobs)
    await state.database.connect()
    both = Threads(blobs)
    yield Services(
        settings=Settings(data_dir=tmp_path),
        state=state,
        reader=both,
        ocr=both,
        entities=FakeEntityRecognizer(),
        classifier=FakeClassifier(),
        embedder=FakeEmbedder(),
        retriever=FakeRetriever(),
        generator=FakeGenerator(),
    )
    both.close()
    await state.database.close()


async def stored(services: Services, data: bytes, media_type: str, name: str) -> Document:
    document, _ = await services.state.documents.add(
        filename=name, media_type=media_type, sha256=name.encode().hex().ljust(64, "0")[:64], size=len(data)
    )
    await services.state.blobs.put(document.blob, data)
    job = await services.state.jobs.claim("test", lease_seconds=60)
    assert job is not None
    await run_job(job, services)
    return await services.state.documents.get(document.id)


def logo(text: str) -> Image.Image:
    picture = Image.new("RGB", (900, 120), "white")
    ImageDraw.Draw(picture).text((20, 30), text, fill="black", font=ImageFont.truetype(FONT, 48))
    return picture


def born_digital() -> bytes:
    """Text, a drawn logo, hidden text, a note, a form value, an attachment and metadata that all hold the secrets."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(595, 842))
    canvas.setAuthor("Anna Keller")
    canvas.setTitle("Letter to Anna Keller")
    canvas.drawImage(ImageReader(logo("Office of Anna Keller")), 60, 760, 300, 40)
    canvas.setFont("Helvetica", 12)
    lines = (
        "This agreement is made in Dublin with Anna Keller, the tenant.",
        "The monthly rent is payable in advance on the third working day.",
        "Write to anna.keller@example.org or call (020) 7946 0958 at any time.",
        "Account: DE89 3704 0044 0532 0130 00, card 4111 1111 1111 1111.",
        "PESEL: 44051401359, US passport A12345678, routing number 021000021.",
        "Signed by Keller in the presence of a witness.",
    )
    for at, line in enumerate(lines):
        canvas.drawString(60, 700 - 24 * at, line)
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(60, 400, "hidden whisper of Anna Keller")
    canvas.acroForm.textfield(name="tenant", value="Anna Keller", x=60, y=300, width=200, height=20)
    canvas.showPage()
    canvas.save()
    with pikepdf.open(io.BytesIO(buffer.getvalue())) as pdf:
        pdf.attachments["anna.txt"] = pikepdf.AttachedFileSpec(pdf, b"Anna Keller", filename="anna-keller.txt")
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[400, 400, 420, 420], Contents="Ask Anna Keller"
        )
        pdf.pages[0].Annots.append(pdf.make_indirect(note))
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def scan() -> bytes:
    picture = Image.new("RGB", (1654, 1100), "white")
    draw = ImageDraw.Draw(picture)
    lines = (
        "This agreement is made in Dublin with Anna Keller.",
        "The monthly rent is payable in advance.",
        "Write to anna.keller@example.org or call (020) 7946 0958.",
        "Account: DE89 3704 0044 0532 0130 00",
        "PESEL: 44051401359, US passport A12345678",
    )
    for at, line in enumerate(lines):
        draw.text((120, 150 + 90 * at), line, fill="black", font=ImageFont.truetype(FONT, 40))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", dpi=(200, 200))
    return buffer.getvalue()


def every_byte(data: bytes) -> str:
    """The raw file, and every object of it as text with its streams unpacked."""
    parts = [data.decode("latin-1")]
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for thing in pdf.objects:
            parts.append(repr(thing))
            if isinstance(thing, pikepdf.Stream):
                parts.append(thing.read_raw_bytes().decode("latin-1"))
                if thing.get("/Subtype") != "/Image":
                    parts.append(thing.read_bytes().decode("latin-1"))
        parts += [repr(pdf.docinfo), repr(pdf.Root)]
        assert "/AcroForm" not in pdf.Root
        assert len(pdf.attachments) == 0
        assert all("/Annots" not in page for page in pdf.pages)
    return "\n".join(parts)


def seen(data: bytes) -> str:
    """What tesseract reads in the pictures of the pages, at twice the resolution that they have."""
    import pytesseract

    with pdfium.PdfDocument(data) as pdf:
        return "\n".join(pytesseract.image_to_string(page.render(scale=300 / 72).to_pil()) for page in pdf)


def text_of(data: bytes) -> str:
    with pdfium.PdfDocument(data) as pdf:
        return "\n".join(page.get_textpage().get_text_range() for page in pdf)


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("data", "media_type", "name"),
    [(born_digital, "application/pdf", "a.pdf"), (scan, "image/png", "a.png")],
    ids=["born digital", "scan"],
)
async def test_no_removed_word_is_left(services: Services, data, media_type: str, name: str) -> None:
    document = await stored(services, data(), media_type, name)
    made = await pdf_without(document, PERSONAL, services)
    words, pictured = text_of(made), seen(made)
    assert (leaks(words), leaks(pictured), leaks(every_byte(made))) == ([], [], [])
    assert [word for word in KEPT if word not in words] == []
    assert [word for word in KEPT if word not in pictured] == []
    assert "whisper" not in words
    assert await services.state.blobs.keys("redacted/") == []


async def test_a_text_becomes_a_drawn_page(services: Services) -> None:
    body = b"This agreement is made in Dublin.\nThe monthly rent is payable to Anna Keller, anna.keller@example.org.\n"
    document = await stored(services, body, "text/plain", "a.txt")
    made = await pdf_without(document, PERSONAL, services)
    assert (leaks(text_of(made)), leaks(seen(made)), leaks(every_byte(made))) == ([], [], [])
    assert [word for word in KEPT if word not in text_of(made)] == []


async def test_the_redacted_text_names_what_was_there(services: Services) -> None:
    document = await stored(services, scan(), "image/png", "b.png")
    text = await text_without(document, ["EMAIL"], services)
    assert "[EMAIL]" in text
    assert "Anna Keller" in text


async def test_a_document_whose_names_are_not_known_is_not_redacted(services: Services) -> None:
    document, _ = await services.state.documents.add(filename="x", media_type="text/plain", sha256="0" * 64, size=1)
    with pytest.raises(NotReady):
        await text_without(document, PERSONAL, services)


async def test_long_documents_are_refused(services: Services) -> None:
    document = await stored(services, b"one\ftwo", "text/plain", "c.txt")
    short = services.settings.model_copy(update={"redaction": Redaction(pages=1)})
    with pytest.raises(ParserLimit):
        await pdf_without(document, PERSONAL, replace(services, settings=short))
