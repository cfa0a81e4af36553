"""Pages a second beside the bare tools in the same run: OCR of clean scans, and the text of born-digital PDFs."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rag.adapters.ocr_tesseract import TesseractOcr
from rag.model import PageTask
from rag.read.sandbox import Sandbox

DPI = 300
ROUNDS = 9


def plain_scans(
    engine: TesseractOcr, sandbox: Sandbox, pdfs: list[Path], folder: Path, processor: Callable[[Sandbox], float]
) -> dict[str, float]:
    """A page of each PDF, printed to a gray picture of 300 dpi: read by us (words, boxes, confidences), by `tesseract FILE - tsv`
    (the same detail) and by `tesseract FILE - txt` (text alone), each with one thread. Ratios are pages per CPU-second over bare.
    """
    seconds = {"redwell": 0.0, "tsv": 0.0, "txt": 0.0}
    for number, pdf in enumerate(pdfs):
        path = folder / f"plain-{number}.png"
        width, height = _print(pdf, path)
        marks = [processor(sandbox)]
        engine.recognize(PageTask(str(path), "image/png", 1, width, height))
        marks.append(processor(sandbox))
        for form in ("tsv", "txt"):
            subprocess.run(["tesseract", str(path), "-", form], capture_output=True, check=True)
            marks.append(processor(sandbox))
        for name, start, end in zip(seconds, marks[:-1], marks[1:], strict=True):
            seconds[name] += end - start
    ours = max(seconds["redwell"], 1e-9)
    return {
        "pages": len(pdfs),
        **{f"{name}_cpu_seconds": value for name, value in seconds.items()},
        "ratio_to_tsv": seconds["tsv"] / ours,
        "ratio_to_txt": seconds["txt"] / ours,
    }


def _print(pdf: Path, target: Path) -> tuple[int, int]:
    """The second page, or the first of one, as a gray PNG."""
    import pypdfium2 as pdfium

    with pdfium.PdfDocument(pdf) as document:
        picture = document[min(1, len(document) - 1)].render(scale=DPI / 72, grayscale=True).to_pil()
    picture.save(target, dpi=(DPI, DPI))
    return picture.width, picture.height


def text_layers(pdfs: list[Path]) -> dict[str, Any]:
    """Pages a CPU-second of text with a box for each word, by us and by bare pypdfium2; medians of rounds that take turns.

    `ratio` compares like with like; `ratio_with_tables` also has us find forms and ruled tables, as every upload does.
    """
    sides: dict[str, Callable[[Path], int]] = {"bare": _bare, "ours": partial(_ours, structured=False), "tables": _ours}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS + 1):
        for name, read in sides.items():
            rates[name].append(_rate(read, pdfs))
    # The first round loads libraries.
    bare, ours, tables = (statistics.median(rates[name][1:]) for name in ("bare", "ours", "tables"))
    return {
        "files": len(pdfs),
        "redwell_pages_a_second": ours,
        "redwell_with_tables_pages_a_second": tables,
        "pypdfium2_pages_a_second": bare,
        "ratio": ours / bare,
        "ratio_with_tables": tables / bare,
    }


def _rate(read: Callable[[Path], int], pdfs: list[Path]) -> float:
    started = time.process_time()
    pages = sum(read(pdf) for pdf in pdfs)
    return pages / (time.process_time() - started)


def _ours(path: Path, *, structured: bool = True) -> int:
    from rag.read import forms, pdf

    document, _ = pdf.open_pdf(path)
    filled = structured and forms.open_forms(document)
    pages = range(1, len(document) + 1)
    return sum(1 for number in pages if pdf.read_page(document, number, filled=filled, structured=structured))


def _bare(path: Path) -> int:
    import pypdfium2 as pdfium

    pages = 0
    with pdfium.PdfDocument(path) as document:
        for page in document:
            layer = page.get_textpage()
            for word in re.finditer(r"\S+", layer.get_text_range()):
                for index in range(layer.count_rects(word.start(), word.end() - word.start())):
                    layer.get_rect(index)
            pages += 1
    return pages
