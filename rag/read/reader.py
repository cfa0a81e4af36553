"""The reader: a stored file to pages and page tasks, and pages to pictures. Synchronous; safe to call from any thread."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag.errors import DamagedFile, EmptyFile, EncryptedFile, PageNotFound
from rag.intake.originals import converted, original
from rag.model import Box, Page, PageTask
from rag.ports import Member, Outline
from rag.read import image, libreoffice, members, office, parse, redact, searchable, sniff, text, unlock
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

CONVERTED = "The file is of an old format and was read through LibreOffice."
OpenPath = Callable[[str], AbstractContextManager[Path]]
"""Turns a blob key into the path of a local file, for as long as the context lasts. Raises NotFound."""

SavePath = Callable[[str, Path], None]
"""Puts a local file into the blob store under a key, unless it is there."""


class LocalReader:
    """Implements ports.Reader. Parsers run in `sandbox`, which may be shared with the OCR of the same process."""

    def __init__(
        self,
        *,
        limits: Limits,
        reading: Reading,
        open_path: OpenPath,
        save_path: SavePath | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        self._limits = limits
        self._reading = reading
        self._open_path = open_path
        self._save_path = save_path
        self._sandbox = sandbox or Sandbox(limits)
        self._office = Sandbox(limits, preload=office.LIBRARIES, processes=True)

    def read(
        self,
        key: str,
        *,
        filename: str,
        language: str | None = None,
        password: str | None = None,
        keep_members: bool = False,
    ) -> Outline:
        """Raises UnsupportedType, DamagedFile, EncryptedFile, EmptyFile, ParserLimit, NotFound."""
        with self._open_path(key) as path:
            media_type = self._sandbox.run(sniff.sniff, path, filename, processes=True)
            inside = self._members(path, media_type, keep=keep_members) if media_type in sniff.CONTAINERS else ()
            if media_type == sniff.LOCKED:
                raise EncryptedFile("The Office file is protected with a password.")
            if media_type == sniff.ZIP:
                return contents(filename, inside, self._limits)
            languages = language or self._reading.languages
            if media_type in sniff.LEGACY:
                return self._legacy(key, path, media_type, languages)
            if media_type in sniff.OFFICE:
                names = tuple(member.name for member in inside)
                found = self._outline(path, media_type=media_type, key=key, language=languages, attached=names)
                return replace(found, members=inside)
            return self._sandbox.run(
                parse.outline,
                path,
                key=key,
                media_type=media_type,
                limits=self._limits,
                language=languages,
                password=password,
            )

    def unlock(self, key: str, *, filename: str, password: str, target: str) -> str | None:
        """Store a copy without encryption as `target`; its media type, or None where no password is needed.

        Raises EncryptedFile for a wrong password, and what `read` raises.
        """
        with self._open_path(key) as path, TemporaryDirectory(prefix="redwell-unlock-") as folder:
            plain = Path(folder) / "plain"
            media_type = self._sandbox.run(sniff.sniff, path, filename, processes=True)
            changed = self._sandbox.run(unlock.unlock, path, plain, media_type=media_type, password=password)
            if not changed or plain.is_symlink() or self._save_path is None:
                return None
            media_type = self._sandbox.run(sniff.sniff, plain, filename, processes=True)
            self._save_path(target, plain)
            return media_type

    def render(
        self, key: str, *, media_type: str, page: Page, highlights: Sequence[tuple[int, int]] = (), width: int = 1000
    ) -> bytes:
        """PNG, `width` pixels wide, upright as it was read, the spans of `highlights` (offsets into the text) marked."""
        if page.number < 1:
            raise PageNotFound()
        boxes = [box for start, end in highlights for box in page.words.boxes(start, end)]
        if page.part is None and media_type != sniff.PDF and media_type not in sniff.IMAGES:
            return image.draw_sheet(page, boxes, width=width)
        with self._open_path(converted(key) if media_type in sniff.LEGACY else key) as path:
            return self._sandbox.run(
                parse.marked,
                path,
                media_type=media_type,
                page=page,
                boxes=boxes,
                width=width,
                pixels=self._limits.pixels,
            )

    def searchable(self, key: str, *, media_type: str, pages: Sequence[Page]) -> bytes:
        """Searchable PDF of a PDF or picture. Raises UnsupportedType, DamagedFile, EncryptedFile, ParserLimit, NotFound."""
        with self._open_path(key) as path:
            return self._sandbox.run(
                searchable.searchable, path, media_type=media_type, pages=tuple(pages), pixels=self._limits.pixels
            )

    def _outline(self, path: Path, **options: Any) -> Outline:
        return self._office.run(office.outline, path, limits=self._limits, **options)

    def _legacy(self, key: str, path: Path, media_type: str, languages: str) -> Outline:
        """Through a copy in a current format, which is kept where pictures in it wait for OCR."""
        with TemporaryDirectory(prefix="redwell-legacy-") as folder:
            copy = Path(folder) / "copy"
            wall = self._limits.parser_seconds
            kind = self._sandbox.run(libreoffice.convert, path, copy, media_type=media_type, wall=wall, processes=True)
            found = self._outline(copy, media_type=kind, key=converted(key), language=languages)
            if self._save_path is None:
                found = replace(found, pages=tuple(page for page in found.pages if isinstance(page, Page)))
            elif any(isinstance(page, PageTask) for page in found.pages):
                self._save_path(converted(key), copy)
            return replace(found, media_type=media_type, warnings=(CONVERTED, *found.warnings))

    def _members(self, path: Path, media_type: str, *, keep: bool) -> tuple[Member, ...]:
        """What the file holds, stored as originals where `keep` says so. The hashes are taken here, of plain files: a
        parser that was taken over must not choose under which name its bytes are kept."""
        with TemporaryDirectory(prefix="redwell-members-") as name:
            folder = Path(name)
            found = self._sandbox.run(
                members.unpack, path, folder, media_type=media_type, limits=self._limits, processes=True
            )
            inside = []
            for number, one in enumerate(found):
                file = folder / str(number)
                if one.error is not None or file.is_symlink() or not file.is_file():
                    error = one.error or DamagedFile("The file could not be taken out.").as_dict()
                    inside.append(Member(one.name, error=error))
                    continue
                with file.open("rb") as source:
                    sha256 = hashlib.file_digest(source, "sha256").hexdigest()
                inside.append(Member(one.name, one.media_type, sha256, file.stat().st_size))
                if keep and self._save_path is not None:
                    self._save_path(original(sha256), file)
            return tuple(inside)

    def redact(
        self, key: str, *, media_type: str, pages: Sequence[Page], removed: Mapping[int, Sequence[Box]], dpi: int
    ) -> bytes:
        """Redacted PDF. Raises DamagedFile, EncryptedFile, ParserLimit, NotFound."""
        make = partial(
            redact.redacted,
            media_type=media_type,
            pages=tuple(pages),
            removed=dict(removed),
            dpi=dpi,
            pixels=self._limits.pixels,
        )
        if media_type != sniff.PDF and media_type not in sniff.IMAGES:
            return self._sandbox.run(make, None)
        with self._open_path(key) as path:
            return self._sandbox.run(make, path)

    def close(self) -> None:
        """Ends the parser processes; the next call starts them again."""
        self._sandbox.close()
        self._office.close()


def contents(filename: str, inside: Sequence[Member], limits: Limits) -> Outline:
    """An archive as a document: the list of what it holds. Raises EmptyFile."""
    if not inside:
        raise EmptyFile("The archive holds no files.")
    lines = [f"# {filename}", "", *(f"- {member.name}" for member in inside)]
    pages = text.pages("\n".join(lines), max_bytes=limits.text_bytes, max_pages=limits.pages)
    return Outline(sniff.ZIP, pages, members=tuple(inside))
