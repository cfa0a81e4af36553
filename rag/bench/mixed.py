"""A document of mixed pages through a running Redwell: upload to searchable and to complete, beside what its stages took.

The critical path is reading, then the longest of what runs side by side; what a document takes beyond it was lost between stages:
the upload, the queue, leases, rows. Stages share the cores, so their own seconds are what they took in this run, side by side.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.bench.line import Line
from rag.bench.pipeline import bare_tesseract, scanned_pdf
from rag.client import RedwellClient
from rag.errors import StageFailed

GOAL = 1 / 1.1
PAGES = 20


@dataclass(frozen=True, slots=True)
class MixedDocument:
    """Seconds."""

    searchable: float
    complete: float
    stages: Mapping[str, float]

    @property
    def to_index(self) -> float:
        """What the stages up to the index took."""
        return self.stages["read"] + self.stages["index"]

    @property
    def critical_path(self) -> float:
        own = self.stages
        fields_follow = own["classify"] + own.get("fields", 0.0)
        return own["read"] + max(own["entities"], own["index"], own["summary"], fields_follow)

    @property
    def in_turn(self) -> float:
        return sum(self.stages.values())


def mixed_pdf(samples: Path, target: Path, *, pages: int, seed: int) -> None:
    """Pages with a text layer and scans of such pages, by turns."""
    import pypdfium2 as pdfium

    scans = target.with_suffix(".scans.pdf")
    scanned_pdf(samples, scans, pages=pages // 2, seed=seed)
    made, written = pdfium.PdfDocument.new(), 0
    sources = [pdfium.PdfDocument(path) for path in sorted(samples.glob("*.pdf"))]
    scanned = pdfium.PdfDocument(scans)
    with_text = [
        (source, number)
        for source in sources
        for number in range(len(source))
        if len(source[number].get_textpage().get_text_range()) > 600
    ]
    for number in range(pages // 2):
        source, page = with_text[number % len(with_text)]
        made.import_pages(source, [page])
        made.import_pages(scanned, [number])
        written += 2
    buffer = io.BytesIO()
    made.save(buffer)
    target.write_bytes(buffer.getvalue())
    for document in (made, scanned, *sources):
        document.close()


def follow(client: RedwellClient, pdf: Path) -> MixedDocument:
    """Upload it and read its events until it is final. Raises StageFailed when it did not become ready."""
    started = time.perf_counter()
    [receipt] = client.upload([pdf], collection="bench")
    assert receipt.id is not None, "a PDF is accepted"
    searchable = complete = 0.0
    record = None
    for record in client.events(receipt.id):
        complete = time.perf_counter() - started
        index = record.stages.get("index")
        if not searchable and index is not None and index.status == "done":
            searchable = complete
    client.delete(receipt.id)
    if record is None or record.status != "ready":
        raise StageFailed(f"The document became {record.status if record else 'nothing'}.", "Look at its record.")
    return MixedDocument(searchable, complete, {name: one.seconds or 0.0 for name, one in record.stages.items()})


def bench_mixed(client: RedwellClient, samples: Path, *, pages: int = PAGES, runs: int = 2) -> list[Line]:
    """Each run has other noise on its scans."""
    found, bare = [], []
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:
        for run in range(runs):
            pdf = Path(folder) / f"mixed-{run}.pdf"
            mixed_pdf(samples, pdf, pages=pages, seed=time.time_ns() % 2**32)
            bare.append(bare_tesseract(pdf.with_suffix(".scans.pdf"))[1])
            found.append(follow(client, pdf))
    more = {
        "stages, s": [{name: round(seconds, 2) for name, seconds in one.stages.items()} for one in found],
        "stages in turn, s": [round(one.in_turn, 1) for one in found],
        "bare tesseract on its scans, s": [round(seconds, 1) for seconds in bare],
    }

    def line(name: str, beside: str, ours: list[float], own: list[float]) -> Line:
        rate, ideal = (tuple(60 / seconds for seconds in one) for one in (ours, own))
        return Line(name, beside, "documents/min", rate, ideal, goal=GOAL, more=more)

    return [
        line(
            f"{pages} mixed pages to searchable",
            "its reading and indexing",
            [one.searchable for one in found],
            [one.to_index for one in found],
        ),
        line(
            f"{pages} mixed pages to complete",
            "its critical path",
            [one.complete for one in found],
            [one.critical_path for one in found],
        ),
    ]
