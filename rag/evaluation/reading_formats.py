"""How much of each format is read: share of files with text, with the right text, and how the others end.

The right text is that of an independent, much simpler look into the file (the text nodes of its XML, its cells, its bytes,
the text or the page count that comes with the set): a file is read right when at least RECALL of those words are in ours.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag.adapters.ocr_tesseract import TesseractOcr
from rag.errors import RedwellError
from rag.model import Page
from rag.ports import Outline
from rag.read import sniff, text
from rag.read.reader import LocalReader
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

RECALL = 0.9
_PARTS = {
    sniff.DOCX: ("word/document.xml", "{*}t"),
    sniff.PPTX: ("ppt/slides/", "{*}t"),
    sniff.XLSX: ("xl/sharedStrings.xml", "{*}t"),
    sniff.ODT: ("content.xml", "{*}p|{*}h"),
    sniff.ODS: ("content.xml", "{*}p|{*}h"),
    sniff.ODP: ("content.xml", "{*}p|{*}h"),
}


@dataclass
class Tally:
    """Of one format."""

    files: int = 0
    read: int = 0
    """With text, by layer or OCR."""
    checked: int = 0
    """Those of them whose right text is known."""
    right: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    """File -> code: detail of the typed error."""
    wrong: dict[str, float] = field(default_factory=dict)
    """File -> share of the words found, where it is under RECALL."""
    defects: dict[str, str] = field(default_factory=dict)
    """File -> an error that is none of ours: there must be none."""
    slowest_seconds: float = 0.0


def evaluate_formats(evaldata: Path, *, progress: Callable[[str], None] = lambda _: None) -> dict[str, dict[str, Any]]:
    """Every file of office/, pdfs/, contracts/ and invoices/, by format. Pages without text are read by OCR (the first two)."""
    limits, reading = Limits(), Reading()
    sandbox = Sandbox(limits)
    found: dict[str, Tally] = {}
    with TemporaryDirectory(prefix="redwell-eval-") as name:
        store = _Folder(Path(name))
        reader = LocalReader(
            limits=limits, reading=reading, open_path=store.open_path, save_path=store.save_path, sandbox=sandbox
        )
        ocr = TesseractOcr(limits=limits, reading=reading, open_path=store.open_path, sandbox=sandbox)
        try:
            for kind, path, password, truth in _files(evaldata):
                progress(path.name)
                _one(found.setdefault(kind, Tally()), path, password, truth, reader, ocr)
        finally:
            reader.close()
    return {kind: vars(tally) for kind, tally in sorted(found.items())}


def _one(
    tally: Tally,
    path: Path,
    password: str | None,
    truth: str | None,
    reader: LocalReader,
    ocr: TesseractOcr,
) -> None:
    tally.files += 1
    started = time.monotonic()
    try:
        outline = reader.read(str(path), filename=path.name, password=password)
        pages = [page if isinstance(page, Page) else None for page in outline.pages]
        scans = [task for task in outline.pages if not isinstance(task, Page)][:2]
        ours = " ".join(page.text for page in [*pages, *(ocr.recognize(task) for task in scans)] if page)
        wanted = truth if truth is not None else _truth(path, outline)
    except RedwellError as error:
        tally.refused[path.name] = f"{error.code}: {error.detail}"
        return
    except Exception as error:  # noqa: BLE001  what is none of ours is what this looks for
        tally.defects[path.name] = f"{type(error).__name__}: {error}"
        return
    finally:
        tally.slowest_seconds = max(tally.slowest_seconds, round(time.monotonic() - started, 1))
    tally.read += bool(ours.strip())
    if wanted is not None and _words(wanted):
        tally.checked += 1
        share = recall(ours, wanted)
        tally.right += share >= RECALL
        if share < RECALL:
            tally.wrong[path.name] = round(share, 3)


def recall(ours: str, truth: str) -> float:
    """Share of the truth's words, repeated ones counted, that are in our text."""
    wanted, found = Counter(_words(truth)), Counter(_words(ours))
    return sum((wanted & found).values()) / max(1, sum(wanted.values()))


def _words(content: str) -> list[str]:
    return re.findall(r"\w+", content.casefold())


def _files(evaldata: Path) -> Iterator[tuple[str, Path, str | None, str | None]]:
    """(format, file, password, right text where the set has it)."""
    for path in sorted((evaldata / "office").glob("*/*")):
        yield path.suffix[1:].lower(), path, None, None
    for path in sorted((evaldata / "contracts").glob("*.pdf")):
        yield "pdf (contracts)", path, None, path.with_suffix(".txt").read_text(errors="replace")
    for path in sorted((evaldata / "invoices").glob("*.pdf")):
        yield "pdf (invoices)", path, None, None
    manifest = evaldata / "pdfs" / "manifest.json"
    known = json.loads(manifest.read_text()) if manifest.exists() else {}
    for folder in ("valid", "odd"):
        for path in sorted((evaldata / "pdfs" / folder).glob("*.pdf")):
            yield f"pdf ({folder})", path, known.get(f"{folder}/{path.name}", {}).get("password"), None


def _truth(path: Path, outline: Outline) -> str | None:
    """The words of the file by a look that shares no code with the reader's; None where there is no simple one."""
    kind = outline.media_type
    if kind in _PARTS:
        part, tags = _PARTS[kind]
        return "\n".join(_nodes(path, part, tags.split("|")))
    if kind in sniff.TEXTS:
        return text.decode(path.read_bytes())
    if kind == sniff.EML:
        body = email.message_from_bytes(path.read_bytes(), policy=email.policy.default).get_body(("plain",))
        return None if body is None else str(body.get_content())
    return None


def _nodes(path: Path, part: str, tags: list[str]) -> Iterator[str]:
    from lxml import etree

    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith(part) and name.endswith(".xml"):
                root = etree.fromstring(archive.read(name))
                for node in root.iter(*tags):
                    if not any(parent.tag == node.tag for parent in node.iterancestors()):
                        yield "".join(node.itertext())


class _Folder:
    """Blobs: what is evaluated where it lies, copies in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open_path(self, key: str) -> Iterator[Path]:
        inside = self._folder / key.replace("/", "_")
        yield inside if inside.exists() else Path(key)

    def save_path(self, key: str, path: Path) -> None:
        (self._folder / key.replace("/", "_")).write_bytes(path.read_bytes())
