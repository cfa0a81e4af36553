"""What a file is, by its content. A name only decides between kinds of text, where content cannot."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path, PurePath

from rag.errors import DamagedFile, EmptyFile, UnsupportedType

PDF, PNG, JPEG, TIFF = "application/pdf", "image/png", "image/jpeg", "image/tiff"
WEBP, BMP, GIF = "image/webp", "image/bmp", "image/gif"
PLAIN, MARKDOWN, CSV, TSV = "text/plain", "text/markdown", "text/csv", "text/tab-separated-values"
HTML, XML, EML, RTF = "text/html", "application/xml", "message/rfc822", "application/rtf"
_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX, PPTX = _OOXML + "wordprocessingml.document", _OOXML + "presentationml.presentation"
XLSX = _OOXML + "spreadsheetml.sheet"
_ODF = "application/vnd.oasis.opendocument."
ODT, ODS, ODP = _ODF + "text", _ODF + "spreadsheet", _ODF + "presentation"
EPUB, ZIP, MSG = "application/epub+zip", "application/zip", "application/vnd.ms-outlook"
LOCKED = "application/encrypted"
"""An Office file of a current format that opens with its password only: what it is shows when it is unlocked."""
DOC, XLS, PPT = "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"

IMAGES = frozenset({PNG, JPEG, TIFF, WEBP, BMP, GIF})
TEXTS = frozenset({PLAIN, MARKDOWN, CSV, TSV})
OFFICE = frozenset({DOCX, PPTX, XLSX, ODT, ODS, ODP, EPUB, HTML, XML, EML, MSG})
LEGACY = frozenset({DOC, XLS, PPT, RTF})
MAILS = frozenset({EML, MSG})
CONTAINERS = MAILS | {ZIP}
"""Types that hold other documents."""
ALLOWED = frozenset({PDF, ZIP, LOCKED}) | IMAGES | TEXTS | OFFICE | LEGACY

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"{\\rtf", RTF),
)
_BY_NAME = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".eml": EML,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
}
_MAIL = re.compile(rb"(?im)^(from|to|subject|date|received|return-path|message-id|mime-version|delivered-to|x-[\w-]+):")
_HTML = re.compile(rb"(?i)<(!doctype\s+html|html[\s>]|head[\s>]|body[\s>])")
_HEAD = 8192


def sniff(source: bytes | Path, filename: str = "") -> str:
    """Media type, one of ALLOWED. Raises EmptyFile, UnsupportedType, DamagedFile."""
    if isinstance(source, bytes):
        size, head = len(source), source[:_HEAD]
    else:
        size = source.stat().st_size
        with source.open("rb") as file:
            head = file.read(_HEAD)
    if not size:
        raise EmptyFile("The file is empty (0 bytes).")
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:2] == b"BM" and head[6:10] == b"\x00\x00\x00\x00":
        return BMP
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _in_zip(source)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _in_ole(source)
    if b"%PDF-" in head[:1024] or PurePath(filename).suffix.lower() == ".pdf":
        return PDF  # without its mark it is broken, and the parser may still mend it
    if not head.strip(b" \t\r\n\x0b\x0c\x00\xef\xbb\xbf") and size <= _HEAD:
        raise EmptyFile("The file holds nothing but white space.")
    if _is_text(head):
        return _kind_of_text(head, filename)
    return _ask_magika(source)


def _file(source: bytes | Path) -> io.BytesIO | Path:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _in_zip(source: bytes | Path) -> str:
    try:
        with zipfile.ZipFile(_file(source)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names:
                with archive.open("mimetype") as file:
                    found = file.read(200).decode("ascii", "replace").strip()
                found = found.removesuffix("-template")
                if found in ALLOWED:
                    return found
            for part, media_type in (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX)):
                if "[Content_Types].xml" in names and any(name.startswith(part) for name in names):
                    return media_type
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DamagedFile(f"The file is a broken ZIP container ({error}).") from error
    return ZIP


def _in_ole(source: bytes | Path) -> str:
    import olefile

    try:
        with olefile.OleFileIO(_file(source)) as ole:
            names = {"/".join(entry).lower() for entry in ole.listdir()}
    except (OSError, ValueError, IndexError, TypeError) as error:
        raise DamagedFile(f"The file is a broken Office container ({error}).") from error
    if "encryptedpackage" in names:
        return LOCKED
    for name, media_type in (
        ("worddocument", DOC),
        ("workbook", XLS),
        ("book", XLS),
        ("powerpoint document", PPT),
        ("__properties_version1.0", MSG),
    ):
        if name in names:
            return media_type
    raise UnsupportedType("The file is an OLE container of an unknown program.")


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    control = sum(head.count(bytes([c])) for c in (*range(9), *range(14, 27), *range(28, 32)))
    return control <= len(head) // 500


def _kind_of_text(head: bytes, filename: str) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    suffix = PurePath(filename).suffix.lower()
    if _HTML.search(start[:2048]) and start.startswith(b"<"):
        return HTML
    if start.startswith(b"<?xml") or (suffix == ".xml" and start.startswith(b"<")):
        return XML
    fields = {match.group(1).lower() for match in _MAIL.finditer(start.split(b"\n\n")[0].split(b"\r\n\r\n")[0])}
    known = fields & {b"from", b"to", b"subject", b"date", b"received", b"return-path", b"message-id", b"mime-version"}
    if len(known) >= 3 or (len(known) >= 2 and suffix == ".eml"):
        return EML
    by_name = _BY_NAME.get(suffix, PLAIN)
    if by_name == HTML and b"<" not in start:
        return PLAIN
    return PLAIN if by_name == EML else by_name


def _ask_magika(source: bytes | Path) -> str:
    """A small network names what the cheap checks do not: PDFs behind junk, and the kind of what is refused."""
    from magika import Magika

    magika = Magika()
    result = magika.identify_bytes(source) if isinstance(source, bytes) else magika.identify_path(source)
    found = result.output.mime_type
    if found in (PDF, HTML, RTF):
        return found
    if found.startswith("text/") and result.output.is_text:
        return PLAIN
    raise UnsupportedType(f"The content looks like {result.output.description or found}, which is not read.")
