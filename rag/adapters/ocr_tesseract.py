"""OCR with tesseract through pytesseract: one pass for a clean page, more only for pages that ask for it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from rag.errors import ConfigurationError, DamagedFile, RedwellError
from rag.model import Page, PageTask, Source
from rag.read import ocr_layout, parse, prepare, sniff
from rag.read.reader import OpenPath
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

POOR = 0.60
"""Mean confidence under which the page may be upside down, or need cleaning."""
GOOD = 0.85
"""Mean confidence from which a page is not read a second time."""
PAGE_SECONDS = 90
SMALL = 20.0
"""Median word height in pixels under which a second attempt enlarges the picture."""
NARROW = 1.6
"""Height over width from which a second attempt takes the page for a single column: receipts and tickets."""
OSD_SIDE = 1800
"""Pixels of the longer side of the picture whose orientation is detected: a quarter of the time for the same answer."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A gray file, how it differs from the page as stored, and its pixels a unit of the page.

    `dpi` is what tesseract is told; it decides what it takes for a column. None: unknown, let it guess.
    """

    path: Path
    width: int
    height: int
    scale: float
    rotation: int = 0
    angle: float = 0.0
    dpi: int | None = None


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
            if error.retryable:  # the machine failed, not the page
                raise
            message = f"{error.detail} {error.remedy}"
            return Page(task.number, task.width, task.height, "", Source.OCR, confidence=0.0, error=message)

    def _read(self, task: PageTask, path: Path, folder: Path) -> Page:
        first = folder / "page.tif"
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
        dpi = round(gray.scale * 72) if task.media_type == sniff.PDF else None
        picture = Picture(first, gray.width, gray.height, gray.scale, dpi=dpi)
        if gray.angle:
            picture = self._changed(picture, "level", angle=gray.angle)
        best = self._ocr(picture, task.language)
        if lying := best.lying:
            if best.confidence < POOR:  # the engine took it for lying on its other side
                lying = (lying + 180) % 360
            turned = best.turned(lying, picture.width, picture.height)
            if best.confidence < GOOD or gray.lying_angle:
                picture = self._changed(picture, "lying", rotation=lying, angle=gray.lying_angle)
                best = self._ocr(picture, task.language)
            else:  # read as well as if it stood: only its words have to be turned
                best = turned
                picture = replace(picture, width=picture.height, height=picture.width, rotation=lying)
        if best.confidence < GOOD:
            picture, best = self._better(picture, best, task)
        return self._page(picture, best, task)

    def _better(self, picture: Picture, best: ocr_layout.Reading, task: PageTask) -> tuple[Picture, ocr_layout.Reading]:
        """Further attempts on a page that read badly, and the best of all."""
        if best.confidence < POOR and (rotation := self._upright(picture)):
            turned = self._changed(picture, "turned", rotation=rotation)
            picture, best = self._best(picture, best, turned, self._ocr(turned, task.language))
        if best.confidence < GOOD:
            enlarge = (
                2.0 if best.median_height < SMALL and picture.width * picture.height < self._limits.pixels / 4 else 1.0
            )
            again = self._changed(picture, "again", enlarge=enlarge) if enlarge > 1 else picture
            again = replace(again, dpi=round(self._reading.dpi * enlarge))
            psm = 4 if picture.height > NARROW * picture.width else 3
            if (again.path, again.dpi, psm) != (picture.path, picture.dpi, 3):
                picture, best = self._best(picture, best, again, self._ocr(again, task.language, psm=psm))
        if best.confidence < POOR:
            cleaned = self._changed(picture, "cleaned", clean=True)
            picture, best = self._best(picture, best, cleaned, self._ocr(cleaned, task.language))
        return picture, best

    @staticmethod
    def _best(
        picture: Picture, best: ocr_layout.Reading, other_picture: Picture, other: ocr_layout.Reading
    ) -> tuple[Picture, ocr_layout.Reading]:
        return (other_picture, other) if other.quality > best.quality else (picture, best)

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
        target = picture.path.with_name(f"{name}.tif")
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
            round(picture.dpi * enlarge) if picture.dpi else None,
        )

    def _upright(self, picture: Picture) -> int | None:
        """Degrees clockwise that turn the page upright, from tesseract's orientation detection; None when it cannot say."""
        import pytesseract

        if "osd" not in self._languages:
            raise missing_language(["osd"], self._languages)
        shrink = OSD_SIDE / max(picture.width, picture.height)
        small = self._changed(picture, "osd", enlarge=shrink) if shrink < 0.75 else picture
        try:
            found = pytesseract.image_to_osd(
                str(small.path), config="--dpi 150", output_type=pytesseract.Output.DICT, timeout=PAGE_SECONDS
            )
        except (pytesseract.TesseractError, RuntimeError):  # too few characters to tell
            return None
        return int(found["rotate"]) if float(found["orientation_conf"]) > 0.5 else None

    def _ocr(self, picture: Picture, language: str, *, psm: int = 3) -> ocr_layout.Reading:
        import pytesseract

        dpi = f" --dpi {picture.dpi}" if picture.dpi else ""
        config = f"--psm {psm}{dpi} -c tessedit_create_tsv=1"
        try:
            table = pytesseract.run_and_get_output(
                str(picture.path), extension="tsv", lang=language, config=config, timeout=PAGE_SECONDS
            )
        except RuntimeError as error:  # TesseractError is one; pytesseract raises the bare one at its timeout
            if isinstance(error, pytesseract.TesseractError):
                raise DamagedFile(f"Tesseract cannot read the page ({str(error.message)[:200]}).") from error
            raise DamagedFile(f"The page took longer than {PAGE_SECONDS} s to read.", "Lower `reading.dpi`.") from error
        return ocr_layout.from_tsv(table)

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
