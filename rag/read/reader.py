"""The reader: a stored file to pages and page tasks, and pages to pictures. Synchronous; safe to call from any thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from rag.errors import PageNotFound
from rag.model import Page
from rag.ports import Outline
from rag.read import image, office, parse, searchable, sniff
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

OpenPath = Callable[[str], AbstractContextManager[Path]]
"""Turns a blob key into the path of a local file, for as long as the context lasts. Raises NotFound."""


class LocalReader:
    """Implements ports.Reader. Parsers run in `sandbox`, which may be shared with the OCR of the same process."""

    def __init__(
        self, *, limits: Limits, reading: Reading, open_path: OpenPath, sandbox: Sandbox | None = None
    ) -> None:
        self._limits = limits
        self._reading = reading
        self._open_path = open_path
        self._sandbox = sandbox or Sandbox(limits)
        self._office = Sandbox(limits, preload=office.LIBRARIES, processes=True)

    def read(self, key: str, *, filename: str, language: str | None = None, password: str | None = None) -> Outline:
        """Raises UnsupportedType, DamagedFile, EncryptedFile, EmptyFile, ParserLimit, NotFound."""
        with self._open_path(key) as path:
            media_type = self._sandbox.run(sniff.sniff, path, filename, processes=True)
            if media_type in sniff.OFFICE or media_type in sniff.LEGACY:
                return self._office.run(office.outline, path, media_type=media_type, limits=self._limits)
            return self._sandbox.run(
                parse.outline,
                path,
                key=key,
                media_type=media_type,
                limits=self._limits,
                language=language or self._reading.languages,
                password=password,
            )

    def render(
        self, key: str, *, media_type: str, page: Page, highlights: Sequence[tuple[int, int]] = (), width: int = 1000
    ) -> bytes:
        """PNG, `width` pixels wide, upright as it was read, the spans of `highlights` (offsets into the text) marked."""
        if page.number < 1:
            raise PageNotFound()
        boxes = [box for start, end in highlights for box in page.words.boxes(start, end)]
        if media_type != sniff.PDF and media_type not in sniff.IMAGES:
            return image.draw_sheet(page, boxes, width=width)
        with self._open_path(key) as path:
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

    def close(self) -> None:
        """Ends the parser processes; the next call starts them again."""
        self._sandbox.close()
        self._office.close()
