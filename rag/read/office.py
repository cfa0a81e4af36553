"""Office files, HTML, e-mail and e-books through docling: Markdown on virtual sheets, a sheet or more a slide or table.

Runs in a sandbox of its own, whose zygote has docling imported (4 s, once); nothing else imports it.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.errors import DamagedFile, EmptyFile, ParserLimit
from rag.model import Page, PageTask
from rag.ports import Outline
from rag.read import pictures, sniff, text
from rag.settings import Limits

LIBRARIES = ("rag.read.office", "docling.document_converter")
_SUFFIXES = {
    sniff.DOCX: ".docx",
    sniff.PPTX: ".pptx",
    sniff.XLSX: ".xlsx",
    sniff.ODT: ".odt",
    sniff.ODS: ".ods",
    sniff.ODP: ".odp",
    sniff.EPUB: ".epub",
    sniff.HTML: ".html",
    sniff.XML: ".xml",
    sniff.EML: ".eml",
    sniff.MSG: ".msg",
}
_EXTERNAL = re.compile(rb"<!ENTITY\s+[^>]*\b(?:SYSTEM|PUBLIC)\b(?![^>]*\bNDATA\b)[^>]*>", re.IGNORECASE)
_ENTITY_OF_ENTITIES = re.compile(rb"<!ENTITY\s+[\w.-]+\s+[\"'](?:[^\"'<>]*&\w+;){3}", re.IGNORECASE)
_UNPACKED = 10
"""Times `limits.text_bytes` that the parts of a container may unpack to."""


def outline(
    path: Path, *, media_type: str, limits: Limits, key: str, language: str, attached: tuple[str, ...] = ()
) -> Outline:
    """Pages as Markdown, cut into sheets; a slide or a sheet of a workbook begins a page of its own. Pictures wait for OCR
    as pages of their own, in the blob `key`: behind their slide, or behind the text. `attached` are the names of a mail's
    attachments, listed below its text.

    Raises EmptyFile, DamagedFile, ParserLimit.
    """
    _refuse_bombs(path, media_type, limits)
    parts = _markdown(path, media_type)
    if attached:
        parts[-1] += "\n\nAttachments:\n\n" + "\n".join(f"- {name}" for name in attached)
    if sum(map(len, parts)) > limits.text_bytes:
        raise ParserLimit("The file holds more text than allowed.", "Split the file, or raise `limits.text_bytes`.")
    seen, unread = pictures.pictures(path, media_type) if media_type in pictures.KINDS else ([], 0)
    pages: list[Page | PageTask] = []
    silent: list[str] = []
    for number, part in enumerate(parts, 1):
        sheets = text.cut(part)
        here = [one for one in seen if one.slide == number]
        pages += [text.page(sheet, len(pages) + index) for index, sheet in enumerate(sheets, 1)]
        if media_type == sniff.PPTX and not sheets and not here:
            silent.append(str(number))
            pages.append(text.page("", len(pages) + 1))
        pages += _waiting(here, len(pages), key, media_type, language)
    pages += _waiting([one for one in seen if not 1 <= one.slide <= len(parts)], len(pages), key, media_type, language)
    if len(pages) > limits.pages:
        raise ParserLimit(f"The file fills more than {limits.pages} pages.", "Split it, or raise `limits.pages`.")
    if len(silent) == len(pages):
        raise EmptyFile("The file holds no text.", "If its content is drawings, save it as PDF and send that.")
    notes = []
    if silent:
        notes.append(f"No text and no picture that can be read on slide {', '.join(silent)}.")
    if unread:
        notes.append(
            f"{unread} of the pictures in the file are drawings (EMF, WMF, SVG), whose text is not read: "
            "save the file as PDF to have them."
        )
    return Outline(media_type, tuple(pages), tuple(notes))


def _waiting(
    found: Sequence[pictures.Picture], before: int, key: str, media_type: str, language: str
) -> list[PageTask]:
    return [
        PageTask(key, media_type, before + index, one.width, one.height, language, part=one.part)
        for index, one in enumerate(found, 1)
    ]


def _markdown(path: Path, media_type: str) -> list[str]:
    """Markdown of each slide or workbook sheet, or of the whole document."""
    from docling.datamodel.base_models import DocumentStream
    from docling.document_converter import DocumentConverter
    from docling.exceptions import ConversionError

    logging.getLogger("docling").setLevel(logging.CRITICAL)  # what matters comes back as an error
    stream = DocumentStream(name="document" + _SUFFIXES[media_type], stream=io.BytesIO(path.read_bytes()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # docling warns of each shape that it repairs
        try:
            document = DocumentConverter().convert(stream).document
        except ConversionError as error:
            if media_type == sniff.XML:
                return [_bare_xml(path)]
            raise DamagedFile("The file is damaged, or is not what its content says.") from error
        options: dict[str, Any] = {
            "escape_html": False,
            "escape_underscores": False,
            "image_placeholder": "",
            "compact_tables": True,
        }
        if media_type in (sniff.PPTX, sniff.XLSX, sniff.ODS, sniff.ODP) and document.pages:
            return [_tidy(document.export_to_markdown(page_no=number, **options)) for number in sorted(document.pages)]
        return [_tidy(document.export_to_markdown(**options))]


def _tidy(markdown: str) -> str:
    """Without the holes that pictures leave."""
    return re.sub(r"\n{3,}", "\n\n", markdown).strip()


def _bare_xml(path: Path) -> str:
    """The text of XML of an unknown kind, an element a line."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    root = etree.parse(path, parser).getroot()
    if root is None:
        raise DamagedFile("The XML cannot be parsed.")
    return "\n".join(piece for piece in (" ".join(t.split()) for t in root.itertext()) if piece)


def _refuse_bombs(path: Path, media_type: str, limits: Limits) -> None:
    """Entities that name files or multiply, and containers that unpack to more than is sane, never reach a parser."""
    if media_type == sniff.XML:
        _refuse_entities(path.read_bytes())
    if not zipfile.is_zipfile(path) or media_type in (sniff.EML, sniff.HTML, sniff.XML):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(item.file_size for item in archive.infolist())
        if unpacked > _UNPACKED * limits.text_bytes:
            raise ParserLimit(
                f"The file unpacks to {unpacked / 2**20:.0f} MiB.", "Split the file, or raise `limits.text_bytes`."
            )
        for item in archive.infolist():
            if item.filename.endswith((".xml", ".rels")):
                with archive.open(item) as part:
                    _refuse_entities(part.read(8192))


def _refuse_entities(head: bytes) -> None:
    if _EXTERNAL.search(head) or _ENTITY_OF_ENTITIES.search(head):
        raise DamagedFile(
            "The XML declares entities that name other files or multiply, which is refused.", "Remove the declarations."
        )
