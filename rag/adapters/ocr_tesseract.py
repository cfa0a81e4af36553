"""OCR with tesseract through pytesseract: one pass for a clean page, more only for pages that ask for it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag.errors import ConfigurationError, DamagedFile, RedwellError
from rag.model import Page, PageTask, Source
from rag.read import ocr_layout, parse, prepare
from rag.read.reader import OpenPath
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

POOR = 0.60
"""Mean confidence under which another attempt is made."""
GOOD = 0.85
"""Mean confidence from which a lying page is not read again upright."""
PAGE_SECONDS = 90
SMALL = 14.0
"""Median word height in pixels under which the picture is enlarged and read again."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A gray file, how it differs from the page as stored, and its pixels a unit of the page."""

    path: Path
    width: int
    height: int
    scale: float
    rotation: int = 0
    angle: float = 0.0
    enlarged: float = 1.0


class TesseractOcr:
    """Implements ports.Ocr. Each call works in its own temporary folder; tesseract uses one thread a call."""

    def __init__(
        self, *, limits: Limits, reading: Reading, open_path: OpenPath, sandbox: Sandbox | None = None
    ) -> None:
        import pytesseract

        # Threads inside a page cost 2.5 times the processor time; pages run side by side instead.
        os.environ["OMP_THREAD_LIMIT"] = "1"
        self._limits = limits
        self._reading = reading
        self._open_path = open_path
        self._sandbox = sandbox or Sandbox(limits)
        try:
            engine = str(pytesseract.get_tesseract_version()).splitlines()[0]
            self._languages = frozenset(pytesseract.get_languages())
        except pytesseract.TesseractNotFoundError as error:
            raise ConfigurationError(
                "Tesseract is not installed.",
                "Install the system package `tesseract-ocr` (with tesseract-ocr-eng, -osd).",
            ) from error
        self.version = f"tesseract-{engine}-dpi{reading.dpi}-1"

    def recognize(self, task: PageTask) -> Page:
        """The page with its words; boxes are those of the page turned upright. `error` is set when it cannot be read."""
        try:
            missing = [code for code in task.language.split("+") if code not in self._languages]
            if missing:
                raise missing_language(missing, self._languages)
            with self._open_path(task.key) as path, tempfile.TemporaryDirectory(prefix="redwell-ocr-") as folder:
                return self._read(task, path, Path(folder))
        except RedwellError as error:
            message = f"{error.detail} {error.remedy}"
            return Page(task.number, task.width, task.height, "", Source.OCR, confidence=0.0, error=message)

    def _read(self, task: PageTask, path: Path, folder: Path) -> Page:
        first = folder / "page.pgm"
        gray = self._sandbox.run(
            parse.gray,
            path,
            first,
            media_type=task.media_type,
            number=task.number,
            password=task.password,
            dpi=self._reading.dpi,
            pixels=self._limits.pixels,
        )
        if gray.blank:
            return Page(task.number, task.width, task.height, "", Source.OCR, confidence=0.0)
        picture = Picture(first, gray.width, gray.height, gray.scale)
        if gray.angle:
            picture = self._changed(picture, "level", angle=gray.angle)
        best = self._ocr(picture, task.language)
        if lying := best.lying:
            turned = best.turned(lying, picture.width, picture.height)
            if best.confidence < GOOD or gray.lying_angle or turned.median_height < SMALL:
                picture = self._changed(picture, "lying", rotation=lying, angle=gray.lying_angle)
                best = self._ocr(picture, task.language)
            else:  # read as well as if it stood: only its words have to be turned
                best = turned
                picture = replace(picture, width=picture.height, height=picture.width, rotation=lying)
        if best.confidence < POOR or best.median_height < SMALL:
            picture, best = self._better(picture, best, task)
        return self._page(picture, best, task)

    def _better(self, picture: Picture, best: ocr_layout.Reading, task: PageTask) -> tuple[Picture, ocr_layout.Reading]:
        """Further attempts on a page that read badly, and the best of all."""
        attempts: list[dict[str, Any]] = []
        if best.confidence < POOR and (rotation := self._upright(picture, task)):
            picture, best = self._attempt(picture, best, task, name="turned", rotation=rotation)
        if best.median_height < SMALL and picture.width * picture.height < self._limits.pixels / 9:
            attempts.append({"name": "larger", "enlarge": 3.0 if best.median_height < 8 else 2.0})
        if best.confidence < POOR:
            attempts.append({"name": "cleaned", "clean": True})
        for attempt in attempts:
            picture, best = self._attempt(picture, best, task, **attempt)
        return picture, best

    def _attempt(
        self, picture: Picture, best: ocr_layout.Reading, task: PageTask, **change: Any
    ) -> tuple[Picture, ocr_layout.Reading]:
        changed = self._changed(picture, **change)
        other = self._ocr(changed, task.language)
        return (changed, other) if other.quality > best.quality else (picture, best)

    def _changed(
        self,
        picture: Picture,
        name: str,
        *,
        rotation: int = 0,
        angle: float = 0.0,
        enlarge: float = 1.0,
        clean: bool = False,
    ) -> Picture:
        target = picture.path.with_name(f"{name}.pgm")
        self._sandbox.run(
            parse.change, picture.path, target, rotation=rotation, angle=angle, scale=enlarge, clean=clean
        )
        width, height = (picture.width, picture.height) if rotation % 180 == 0 else (picture.height, picture.width)
        return Picture(
            target,
            round(width * enlarge),
            round(height * enlarge),
            picture.scale * enlarge,
            (picture.rotation + rotation) % 360,
            picture.angle + angle,
            picture.enlarged * enlarge,
        )

    def _upright(self, picture: Picture, task: PageTask) -> int | None:
        """Degrees clockwise that turn the page upright, from tesseract's orientation detection; None when it cannot say."""
        import pytesseract

        if "osd" not in self._languages:
            raise missing_language(["osd"], self._languages)
        try:
            found = pytesseract.image_to_osd(
                str(picture.path),
                config=f"--dpi {self._reading.dpi}",
                output_type=pytesseract.Output.DICT,
                timeout=PAGE_SECONDS,
            )
        except (pytesseract.TesseractError, RuntimeError):  # too few characters to tell
            return None
        return int(found["rotate"]) if float(found["orientation_conf"]) > 0.5 else None

    def _ocr(self, picture: Picture, language: str, *, psm: int = 3) -> ocr_layout.Reading:
        import pytesseract

        config = f"--psm {psm} --dpi {self._dpi(picture)} -c tessedit_create_tsv=1"
        try:
            table = pytesseract.run_and_get_output(
                str(picture.path), extension="tsv", lang=language, config=config, timeout=PAGE_SECONDS
            )
        except RuntimeError as error:  # TesseractError is one; pytesseract raises the bare one at its timeout
            if isinstance(error, pytesseract.TesseractError):
                raise DamagedFile(f"Tesseract cannot read the page ({str(error.message)[:200]}).") from error
            raise DamagedFile(f"The page took longer than {PAGE_SECONDS} s to read.", "Lower `reading.dpi`.") from error
        return ocr_layout.from_tsv(table)

    def _dpi(self, picture: Picture) -> int:
        return round(self._reading.dpi * picture.enlarged)

    def _page(self, picture: Picture, reading: ocr_layout.Reading, task: PageTask) -> Page:
        sideways = picture.rotation in (90, 270)
        width, height = (task.height, task.width) if sideways else (task.width, task.height)
        boxes = reading.boxes
        if picture.angle and len(boxes):
            boxes = prepare.unrotate_boxes(boxes, picture.angle, picture.width, picture.height)
        boxes = boxes / picture.scale
        boxes[:, 0::2] = boxes[:, 0::2].clip(0, width)
        boxes[:, 1::2] = boxes[:, 1::2].clip(0, height)
        return Page(
            task.number,
            width,
            height,
            reading.text,
            Source.OCR,
            reading.words(boxes),
            confidence=reading.confidence,
            rotation=picture.rotation,
        )


def missing_language(codes: list[str], installed: frozenset[str]) -> ConfigurationError:
    """The error that names the packs to install."""
    packs = " ".join(f"tesseract-ocr-{code.replace('_', '-')}" for code in codes)
    have = ", ".join(sorted(installed - {"osd"})) or "none"
    return ConfigurationError(
        f"Tesseract has no data for: {', '.join(codes)} (installed: {have}).",
        f"Install {packs}, or choose another language.",
    )
