"""How well files are read: OCR against bare tesseract on the same pictures in the same run, and the share of files read."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any, Literal

import numpy as np

from rag.adapters.ocr_tesseract import TesseractOcr
from rag.adapters.ocr_tesserocr import TesserocrOcr
from rag.errors import RedwellError
from rag.evaluation.files import in_place
from rag.evaluation.speed import plain_scans, text_layers
from rag.model import Page, PageTask
from rag.read.reader import LocalReader
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

TIE = 0.005
"""Character error rates that are nearer count as equal."""
PLAIN = 8
"""PDFs of which a page is printed for the speed of OCR, and which are read for that of text layers."""
VARIANTS = ("as is", "turned 90", "turned 180", "turned 270", "skewed 4", "skewed -7", "half size")


@dataclass(frozen=True, slots=True)
class Score:
    """Of one reading against the truth: both texts with white space joined."""

    cer: float
    """Edit distance over the characters of the truth, at most 1."""
    wer: float
    """The same over words."""
    f1: float
    """Of the bags of words: no matter in which order they were read."""


def score(text: str, truth: str) -> Score:
    """Compares case-sensitively."""
    ours, theirs = text.split(), truth.split()
    cer = distance(" ".join(ours), " ".join(theirs)) / max(1, len(" ".join(theirs)))
    wer = distance(ours, theirs) / max(1, len(theirs))
    common = sum((Counter(ours) & Counter(theirs)).values())
    return Score(min(1.0, cer), min(1.0, wer), 2 * common / max(1, len(ours) + len(theirs)))


def distance(left: Sequence[Any], right: Sequence[Any]) -> int:
    """Levenshtein distance, a row at a time."""
    codes: dict[Any, int] = {}
    a = np.array([codes.setdefault(x, len(codes)) for x in left], np.int32)
    b = np.array([codes.setdefault(x, len(codes)) for x in right], np.int32)
    steps = np.arange(len(b) + 1)
    row = steps.copy()
    for index, symbol in enumerate(a, 1):
        best = np.empty_like(row)
        best[0] = index
        best[1:] = np.minimum(row[1:] + 1, row[:-1] + (b != symbol))
        row = np.minimum.accumulate(best - steps) + steps  # insertions along the row
    return int(row[-1])


def evaluate_reading(
    evaldata: Path,
    *,
    receipts: int | None = None,
    engine: Literal["tesseract", "tesserocr"] = "tesserocr",
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Figures of OCR (receipts; pages as they are, turned, skewed and small) and the share of files read by format.

    `receipts` bounds how many are read. Bare tesseract is `tesseract FILE` with its defaults and one thread.
    """
    limits, reading = Limits(), Reading(engine=engine)
    sandbox = Sandbox(limits)
    reader = LocalReader(limits=limits, reading=reading, open_path=in_place, sandbox=sandbox)
    adapter = {"tesseract": TesseractOcr, "tesserocr": TesserocrOcr}[reading.engine]
    reader_of_scans = adapter(limits=limits, reading=reading, open_path=in_place, sandbox=sandbox)
    contracts = sorted((evaldata / "contracts").glob("*.pdf"))
    try:
        with tempfile.TemporaryDirectory(prefix="redwell-eval-") as folder:
            return {
                "engine": reader_of_scans.version,
                "plain scans": plain_scans(reader_of_scans, sandbox, contracts[:PLAIN], Path(folder), _processor),
                "text layers": {
                    "contracts": text_layers(contracts[:PLAIN]),
                    "pdfs/valid and invoices": text_layers(
                        sorted((evaldata / "pdfs" / "valid").glob("*.pdf"))
                        + sorted((evaldata / "invoices").glob("*.pdf"))
                    ),
                },
                "receipts": _ocr(reader_of_scans, sandbox, _receipts(evaldata)[:receipts], progress),
                "pages": {
                    variant: _ocr(reader_of_scans, sandbox, _pages(evaldata, variant, Path(folder)), progress)
                    for variant in VARIANTS
                },
                "files": _coverage(reader, evaldata, progress),
            }
    finally:
        reader.close()


def _receipts(evaldata: Path) -> list[tuple[Path, str]]:
    found = []
    for picture in sorted((evaldata / "receipts").glob("*.jpg")):
        lines = picture.with_suffix(".csv").read_text(errors="replace").splitlines()
        found.append((picture, "\n".join(line.split(",", 8)[8] for line in lines if line.count(",") >= 8)))
    return found


def _pages(evaldata: Path, variant: str, folder: Path) -> list[tuple[Path, str]]:
    """Pages that have a truth, changed as `variant` says."""
    from PIL import Image

    found = []
    for truth in sorted((evaldata / "pages").glob("*.txt")):
        source = truth.with_name(truth.name.removesuffix(".txt").removesuffix(".gold") + ".tif")
        kind, _, amount = variant.partition(" ")
        target = folder / f"{source.stem}-{variant.replace(' ', '_')}.png"
        with Image.open(source) as image:
            gray = image.convert("L")
        if kind == "turned":
            gray = gray.rotate(-int(amount), expand=True)
        elif kind == "skewed":
            gray = gray.rotate(int(amount), expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
        elif kind == "half":
            gray = gray.resize((gray.width // 2, gray.height // 2), Image.Resampling.LANCZOS)
        gray.save(target)
        found.append((target, truth.read_text(errors="replace")))
    return found


def _ocr(
    engine: TesseractOcr, sandbox: Sandbox, pictures: list[tuple[Path, str]], progress: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Mean scores of the product and of bare tesseract, and their processor seconds."""
    import pytesseract
    from PIL import Image

    ours, bare = [], []
    sandbox.run(abs, 1)  # starts it: its libraries are loaded once for all pages
    seconds = {"redwell": 0.0, "tesseract": 0.0}
    for path, truth in pictures:
        with Image.open(path) as image:
            size = image.size
        media_type = "image/jpeg" if path.suffix == ".jpg" else "image/png"
        before = _processor(sandbox)
        page = engine.recognize(PageTask(str(path), media_type, 1, *size))
        between = _processor(sandbox)
        text = pytesseract.image_to_string(str(path))
        seconds["redwell"] += between - before
        seconds["tesseract"] += _processor(sandbox) - between
        ours.append(score(page.text, truth))
        bare.append(score(text, truth))
        progress(f"{path.name}: {ours[-1].cer:.3f} against {bare[-1].cer:.3f}")
    return {
        name: {
            "cer": statistics.mean(s.cer for s in scores),
            "wer": statistics.mean(s.wer for s in scores),
            "word_f1": statistics.mean(s.f1 for s in scores),
            "cpu_seconds": seconds[name],
            "worse_files": sum(one.cer > other.cer + TIE for one, other in zip(scores, others, strict=True)),
            "pictures": len(scores),
        }
        for name, scores, others in (("redwell", ours, bare), ("tesseract", bare, ours))
        if scores
    }


def _processor(sandbox: Sandbox) -> float:
    """Seconds of this process, of the children that have ended, and of the sandbox."""
    own = sum(use.ru_utime + use.ru_stime for use in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))
    return own + sandbox.cpu_seconds


def _coverage(reader: LocalReader, evaldata: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """By format: files, how many were read (pages with text, or waiting for OCR), and why the others were not."""
    files = sorted((evaldata / "office").glob("*/*")) + sorted((evaldata / "pdfs" / "valid").glob("*.pdf"))
    odd = sorted((evaldata / "pdfs" / "odd").glob("*.pdf"))
    manifest = evaldata / "pdfs" / "manifest.json"
    known = json.loads(manifest.read_text()) if manifest.exists() else {}
    found: dict[str, Any] = {}
    for path in files + odd:
        name = "pdf (odd)" if path in odd else path.suffix[1:].lower()
        entry = found.setdefault(name, {"files": 0, "read": 0, "refused": {}})
        entry["files"] += 1
        password = known.get(f"odd/{path.name}", {}).get("password")
        try:
            pages = reader.read(str(path), filename=path.name, password=password).pages
            entry["read"] += any(not isinstance(page, Page) or page.error is None for page in pages)
        except RedwellError as error:
            entry["refused"][path.name] = f"{error.code}: {error.detail}"
        progress(path.name)
    return found
