"""The pictures inside office files: which there are, where they stand, and their bytes. Runs in the sandbox."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import DamagedFile
from rag.read import sniff

NARROW, SMALL = 24, 64 * 64
"""A picture that is narrower or lower than so many pixels, or has fewer in all, is an icon, a bullet or a line."""
MOST_BYTES = 200 * 2**20
_OOXML = {sniff.DOCX: "word/document.xml", sniff.PPTX: "ppt/presentation.xml", sniff.XLSX: "xl/workbook.xml"}
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_HREF = "{http://www.w3.org/1999/xlink}href"
KINDS = frozenset({*_OOXML, sniff.ODT, sniff.ODS, sniff.ODP})


@dataclass(frozen=True, slots=True)
class Picture:
    part: str
    """Name in the container."""
    slide: int
    """The slide that it stands on, from 1; 0 in other files."""
    width: int
    height: int


def pictures(path: Path, media_type: str) -> tuple[list[Picture], int]:
    """The pictures in the order of the file, each once, and how many are of a kind that cannot be read."""
    found: list[Picture] = []
    unread: set[str] = set()
    seen: set[str] = set()
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            for part, slide in _places(archive, names, media_type):
                if part in seen or part not in names:
                    continue
                seen.add(part)
                size = _size(archive, part)
                if size is None:
                    unread.add(part)
                elif min(size) >= NARROW and size[0] * size[1] >= SMALL:
                    found.append(Picture(part, slide, *size))
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, NotImplementedError):
        return found, len(unread)  # its text was read: a broken directory of pictures does not undo that
    return found, len(unread)


def extract(path: Path, part: str) -> io.BytesIO:
    """The picture's bytes. Raises DamagedFile."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(part).file_size > MOST_BYTES:
                raise DamagedFile("The picture is larger than 200 MiB.")
            return io.BytesIO(archive.read(part))
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, NotImplementedError, RuntimeError) as error:
        raise DamagedFile(f"The picture '{part[:100]}' cannot be taken out of the file.") from error


def _places(archive: zipfile.ZipFile, names: set[str], media_type: str) -> Iterator[tuple[str, int]]:
    """(part, slide) wherever a picture is referred to."""
    if media_type not in _OOXML:
        for element in _xml(archive, "content.xml").iter("{*}image", "{*}fill-image"):
            yield str(element.get(_HREF) or "").removeprefix("./"), 0
        return
    root = _OOXML[media_type]
    if media_type == sniff.DOCX:
        yield from ((part, 0) for part in _blips(archive, names, root))
    elif media_type == sniff.PPTX:
        targets = _targets(archive, names, root)
        for number, slide in enumerate(_xml(archive, root).iter("{*}sldId"), 1):
            part = targets.get(str(slide.get(f"{_REL}id")), "")
            if part in names:
                yield from ((picture, number) for picture in _blips(archive, names, part))
    else:
        for part in sorted(name for name in names if name.startswith("xl/drawings/") and name.endswith(".xml")):
            yield from ((picture, 0) for picture in _blips(archive, names, part))


def _blips(archive: zipfile.ZipFile, names: set[str], part: str) -> Iterator[str]:
    """Parts that are shown as pictures by this one, in its order; linked ones (outside the file) are left alone."""
    targets = _targets(archive, names, part)
    for element in _xml(archive, part).iter("{*}blip", "{*}imagedata"):
        target = targets.get(str(element.get(f"{_REL}embed") or element.get(f"{_REL}id")))
        if target:
            yield target


def _targets(archive: zipfile.ZipFile, names: set[str], part: str) -> dict[str, str]:
    """Relationship id -> part, of those inside the file."""
    folder, name = posixpath.split(part)
    rels = f"{folder}/_rels/{name}.rels"
    if rels not in names:
        return {}
    return {
        str(one.get("Id")): posixpath.normpath(posixpath.join("/", folder, str(one.get("Target")))).lstrip("/")
        for one in _xml(archive, rels)
        if one.get("TargetMode") != "External"
    }


def _xml(archive: zipfile.ZipFile, part: str):  # type: ignore[no-untyped-def]  # lxml has no types
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    root = etree.fromstring(archive.read(part), parser)
    if root is None:
        raise ValueError(part)
    return root


def _size(archive: zipfile.ZipFile, part: str) -> tuple[int, int] | None:
    """Width and height in pixels from the picture's head; None where Pillow does not know it (EMF, WMF, SVG)."""
    from PIL import Image

    from rag.read.image import FORMATS

    try:
        with archive.open(part) as file, Image.open(file, formats=FORMATS) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
