"""OCR with tesseract in process, through tesserocr: no program start and no files a page, the model stays loaded."""

from __future__ import annotations

import os
import threading
from typing import Any

from rag.adapters.ocr_tesseract import PAGE_SECONDS, Picture, TesseractOcr
from rag.errors import ConfigurationError, DamagedFile
from rag.read import ocr_layout
from rag.read.reader import OpenPath
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

_TESSDATA = ("/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata")


class TesserocrOcr(TesseractOcr):
    """Implements ports.Ocr like TesseractOcr, whose decisions it shares; one engine a thread and language."""

    def __init__(
        self, *, limits: Limits, reading: Reading, open_path: OpenPath, sandbox: Sandbox | None = None
    ) -> None:
        try:
            import tesserocr
        except ImportError as error:
            raise ConfigurationError(
                "tesserocr is not installed.", "Install it, or set `reading.engine: tesseract`."
            ) from error

        self._folder = next((f for f in (os.environ.get("TESSDATA_PREFIX", ""), *_TESSDATA) if os.path.isdir(f)), "")
        self._engines = threading.local()
        super().__init__(limits=limits, reading=reading, open_path=open_path, sandbox=sandbox)
        self._languages = frozenset(tesserocr.get_languages(self._folder)[1])
        self.version = self.version.replace("tesseract-", f"tesserocr-{tesserocr.__version__}-", 1)

    def _ocr(self, picture: Picture, language: str, *, psm: int = 3) -> ocr_layout.Reading:
        import tesserocr

        engine = self._engine(language)
        engine.SetPageSegMode(psm)
        engine.SetImageFile(str(picture.path))
        if picture.dpi:
            engine.SetSourceResolution(picture.dpi)
        try:
            if not engine.Recognize(PAGE_SECONDS * 1000):
                raise DamagedFile("Tesseract cannot read the page, or not in time.")
            iterator = engine.GetIterator()
            if iterator is None:
                return ocr_layout.Reading()
            return ocr_layout.assemble(self._words(tesserocr, iterator))
        except RuntimeError as error:
            raise DamagedFile(f"Tesseract cannot read the page ({error}).") from error
        finally:
            engine.Clear()

    def _words(self, tesserocr: Any, iterator: Any) -> list[ocr_layout.Found]:
        """Walks the result: tesserocr has no types, so its names are looked up here and nowhere else."""
        level = tesserocr.RIL
        found = []
        block = paragraph = line = 0
        for word in tesserocr.iterate_level(iterator, level.WORD):
            block += word.IsAtBeginningOf(level.BLOCK)
            paragraph += word.IsAtBeginningOf(level.PARA)
            line += word.IsAtBeginningOf(level.TEXTLINE)
            try:
                text = (word.GetUTF8Text(level.WORD) or "").strip()
            except RuntimeError:  # a block without text
                continue
            box = word.BoundingBox(level.WORD)
            if text and box:
                found.append(ocr_layout.Found((block, paragraph, line), box, word.Confidence(level.WORD) / 100, text))
        return found

    def _engine(self, language: str) -> Any:
        import tesserocr

        engines = self._engines.__dict__.setdefault("by_language", {})
        if language not in engines:
            engines[language] = tesserocr.PyTessBaseAPI(path=self._folder, lang=language)
        return engines[language]
