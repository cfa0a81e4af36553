"""Office files, HTML, e-mail and e-books through docling: Markdown on virtual sheets, a sheet or more a slide or table.

Runs in a sandbox of its own, whose zygote has docling imported (4 s, once); nothing else imports it.
"""

from __future__ import annotations

import io
import logging
import re
import shutil
import warnings
import zipfile
from pathlib import Path
from typing import Any

from rag.errors import DamagedFile, EmptyFile, ParserLimit, UnsupportedType
from rag.model import Page
from rag.ports import Outline
from rag.read import sniff, text
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
    sniff.DOC: ".doc",
    sniff.XLS: ".xls",
    sniff.PPT: ".ppt",
    sniff.RTF: ".rtf",
}
_LEGACY_PROGRAM = "LibreOffice"
_EXTERNAL = re.compile(rb"<!ENTITY\s+[^>]*\b(?:SYSTEM|PUBLIC)\b(?![^>]*\bNDATA\b)[^>]*>", re.IGNORECASE)
_ENTITY_OF_ENTITIES = re.compile(rb"<!ENTITY\s+[\w.-]+\s+[\"'](?:[^\"'<>]*&\w+;){3}", re.IGNORECASE)
_UNPACKED = 10
"""Times `limits.text_bytes` that the parts of a container may unpack to."""


def outline(
    path: Path, *, media_type: str, limits: Limits, language: str | None = None, attached: tuple[str, ...] = ()
) -> Outline:
    """Pages as Markdown, cut into sheets; a slide or a sheet of a workbook begins a page of its own. `attached` are the
    names of a mail's attachments, listed below its text.

    Raises EmptyFile, DamagedFile, ParserLimit, and UnsupportedType where LibreOffice is needed and missing.
    """
    if media_type in sniff.LEGACY and not (shutil.which("soffice") or shutil.which("libreoffice")):
        raise UnsupportedType(
            f"Files of type {media_type} are read through {_LEGACY_PROGRAM}, which is not installed.",
            "Install the system package `libreoffice`, or save the file as DOCX, XLSX, PPTX or PDF.",
        )
    _refuse_bombs(path, media_type, limits)
    parts = _markdown(path, media_type)
    if attached:
        parts[-1] += "\n\nAttachments:\n\n" + "\n".join(f"- {name}" for name in attached)
    pages: list[Page] = []
    size = 0
    for part in parts:
        size += len(part)
        if size > limits.text_bytes:
            raise ParserLimit("The file holds more text than allowed.", "Split the file, or raise `limits.text_bytes`.")
        for sheet in text.cut(part):
            pages.append(text.page(sheet, len(pages) + 1, language=language))
            if len(pages) > limits.pages:
                raise ParserLimit(
                    f"The file fills more than {limits.pages} pages.", "Split it, or raise `limits.pages`."
                )
    if not pages:
        raise EmptyFile("The file holds no text.", "If its content is pictures, save it as PDF and send that.")
    return Outline(media_type, tuple(pages))


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
        if (
            media_type in (sniff.PPTX, sniff.XLSX, sniff.ODS, sniff.ODP, sniff.PPT, sniff.XLS)
            and len(document.pages) > 1
        ):
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
