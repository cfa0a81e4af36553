"""OCR with tesseract through pytesseract: one pass for a clean page, more only for pages that ask for it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from rag.analysis.language import detect_language
from rag.errors import ConfigurationError, DamagedFile, RedwellError
from rag.model import Page, PageTask, Source
from rag.read import ocr_layout, ocr_merge, parse, prepare, scripts, sniff
from rag.read.reader import OpenPath
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

POOR = 0.60
"""Mean confidence under which the page may be upside down, or need cleaning."""
GOOD = 0.85
"""Mean confidence from which a page is not read a second time."""
PAGE_SECONDS = 90
FAIR = 0.65
"""Mean confidence under which a page of letters that are large enough is read again with the resolution told."""
WHOLE = 6
"""Tesseract's page segmentation mode that takes a page for one block of text and reads every row from side to side."""
NEARLY = 0.9
"""Share of the first reading's quality from which the whole rows are taken, with its better lines: they leave nothing out."""
SMALL, TINY = 16.0, 12.0
"""Median word heights in pixels under which a second attempt enlarges the picture by a half, or to double size."""
LIKELY_SCRIPT, SURE_SCRIPT = 1.0, 5.0
"""Tesseract's confidences in a script (right ones have 2 to 40): from which its pack is tried where it is installed, and from
which a page is better refused than read with the wrong one."""
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
        self.version = f"tesseract-{engine}-dpi{reading.dpi}-3"

    def recognize(self, task: PageTask) -> Page:
        """The page with its words; boxes are those of the page turned upright. `error` is set when it cannot be read."""
        try:
            missing = [code for code in task.language.split("+") if code not in self._languages]
            if missing:
                raise missing_language(missing, self._languages)
            with self._open_path(task.key) as path, tempfile.TemporaryDirectory(prefix="redwell-ocr-") as folder:
                return replace(self._read(task, path, Path(folder)), part=task.part)
        except RedwellError as error:
            if error.retryable:  # the machine failed, not the page
                raise
            message = f"{error.detail} {error.remedy}"
            return Page(
                task.number, task.width, task.height, "", Source.OCR, confidence=0.0, error=message, part=task.part
            )

    def _read(self, task: PageTask, path: Path, folder: Path) -> Page:
        first = folder / "page.tif"
        gray = self._sandbox.run(
            parse.gray,
            path,
            first,
            media_type=task.media_type,
            number=task.number,
            password=task.password,
            part=task.part,
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
        """Further attempts on a page that read badly, and the best of all.

        Each costs as much as the first, so only those are made that have helped on pages like it.
        """
        language = task.language
        if best.confidence < POOR:
            rotation, script, sure = self._detected(picture)
            if scripts.foreign(script, language):
                language = self._pack(script, sure=sure) or language
            if rotation or language != task.language:
                turned = self._changed(picture, "turned", rotation=rotation) if rotation else picture
                picture, best = self._best(picture, best, turned, self._ocr(turned, language))
        elif (code := self._written_in(best.text, language)) is not None:
            language = f"{code}+{language}"
            picture, best = self._best(picture, best, picture, self._ocr(picture, language))
        if best.confidence < GOOD and not best.columns:
            # Layout analysis takes narrow columns of a poor page, such as a receipt's amounts, for dirt and leaves them out.
            whole = self._ocr(picture, language, psm=WHOLE)
            if whole.quality >= NEARLY * best.quality:
                best = ocr_merge.merged(whole, best)
        if best.confidence < GOOD:
            small = best.median_height < SMALL and picture.width * picture.height < self._limits.pixels / 4
            enlarge = 1.0 if not small else 1.5 if best.median_height >= TINY else 2.0
            again = self._changed(picture, "again", enlarge=enlarge) if small else picture
            again = replace(again, dpi=self._reading.dpi)
            if small or (best.confidence < FAIR and picture.dpi != again.dpi):
                picture, best = self._best(picture, best, again, self._ocr(again, language))
        if best.confidence < POOR:
            cleaned = self._changed(picture, "cleaned", clean=True)
            picture, best = self._best(picture, best, cleaned, self._ocr(cleaned, language))
        return picture, best

    def _pack(self, script: str, *, sure: bool) -> str | None:
        """What reads a script that none of the asked languages is written in; None when it is not installed.

        Raises ConfigurationError naming the package when the script is `sure`: a reading would be nonsense.
        """
        found = scripts.reader_of(script, self._languages)
        if found is None and sure:
            code = scripts.SCRIPTS[script][0]
            raise ConfigurationError(
                f"The page seems to be in {script} script, which tesseract has no data for.",
                f"Install {scripts.package(code)}, or the package of its language, and retry.",
            )
        return found

    def _written_in(self, text: str, asked: str) -> str | None:
        """An installed language that the text is in and that was not asked for."""
        code = scripts.LANGUAGES.get(detect_language(text) or "", "")
        return code if code in self._languages and code not in asked.split("+") else None

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

    def _detected(self, picture: Picture) -> tuple[int, str, bool]:
        """Degrees clockwise that turn the page upright, its script, 0 and '' when tesseract cannot tell; is it sure?"""
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
            return 0, "", False
        rotation = int(found["rotate"]) if float(found["orientation_conf"]) > 0.5 else 0
        sure = float(found["script_conf"])
        return rotation, str(found["script"]) if sure >= LIKELY_SCRIPT else "", sure >= SURE_SCRIPT

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
    packs = " ".join(map(scripts.package, codes))
    have = ", ".join(sorted(installed - {"osd"})) or "none"
    return ConfigurationError(
        f"Tesseract has no data for: {', '.join(codes)} (installed: {have}).",
        f"Install {packs}, or choose another language.",
    )
