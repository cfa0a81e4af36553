"""Batch reading beside the upload path, a bare pool of tesseract processes and ocrmypdf, on the same pages in the same run.

CPU-seconds are user + system of all processes that work. Starting costs the same for ten pages and ten thousand, so it is
taken out: a load of a few pages is measured too, and the ratio is that of the difference.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.bench.loads import load
from rag.bench.pipeline import bare_tesseract, bench_upload, scanned_pdf
from rag.client import RedwellClient
from rag.errors import StageFailed

FEW = 2


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one way to read the pages."""

    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True, slots=True)
class IngestResult:
    pages: int
    bare: Cost
    """A pool of two tesseract processes; of `pages` pages."""
    batch: Cost
    """`python -m ingestion --stages read`; without what its start costs."""
    batch_start: Cost
    """Of a load of FEW pages, less what those pages cost the bare pool."""
    batch_by_process: Mapping[str, float]
    """CPU-seconds of `batch` by process."""
    upload: Cost | None = None
    """The running service, all stages; of `pages` and FEW pages."""
    upload_reading: float = 0.0
    """CPU-seconds of its processes that read."""
    ocrmypdf: Cost | None = None
    """Where it is installed; it writes a searchable PDF and is told to do nothing else."""

    @property
    def ratio(self) -> float:
        """Pages per CPU-second of batch reading over those of the bare pool."""
        return self.bare.cpu_seconds / max(self.batch.cpu_seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), **self.rows()}

    def rows(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"pages": self.pages}
        ways = (("bare pool", self.bare), ("batch", self.batch), ("upload, all stages", self.upload))
        for name, cost in (*ways, ("ocrmypdf", self.ocrmypdf)):
            if cost is not None:
                shown[f"{name}: pages a CPU-second"] = self.pages / cost.cpu_seconds
                shown[f"{name}: over the bare pool"] = self.bare.cpu_seconds / cost.cpu_seconds
                shown[f"{name}: wall seconds"] = cost.wall_seconds
        if self.upload_reading:
            shown["upload, Reader and Ocr: over the bare pool"] = self.bare.cpu_seconds / self.upload_reading
        shown["batch: CPU-seconds by process"] = ", ".join(
            f"{name} {seconds:.1f}" for name, seconds in self.batch_by_process.items() if seconds >= 0.2
        )
        shown["batch: CPU-seconds of the start"] = self.batch_start.cpu_seconds
        return shown


def bench_ingest(
    samples: Path, *, pages: int = 20, client: RedwellClient | None = None, ocrmypdf: str = "ocrmypdf"
) -> IngestResult:
    """`client`: of a Redwell that this process started, for the upload path. Raises StageFailed when a load ends badly."""
    seed = time.time_ns() % 2**32
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:
        many, few = Path(folder) / "many.pdf", Path(folder) / "few.pdf"
        scanned_pdf(samples, many, pages=FEW + pages, seed=seed)
        scanned_pdf(samples, few, pages=FEW, seed=seed)
        few_bare, many_bare = Cost(*bare_tesseract(few)), Cost(*bare_tesseract(many))
        upload = bench_upload(client, many, root=os.getpid()) if client else None
        peer = _ocrmypdf(ocrmypdf, few, many, Path(folder))
        few_load = load(few, Path(folder) / "few", stages="read")
        many_load = load(many, Path(folder) / "many", stages="read")
    few_batch = Cost(few_load.cpu_seconds, few_load.wall_seconds)
    many_batch = Cost(many_load.cpu_seconds, many_load.wall_seconds)
    return IngestResult(
        pages=pages,
        bare=_less(many_bare, few_bare),
        batch=_less(many_batch, few_batch),
        batch_start=_less(few_batch, few_bare),
        batch_by_process={
            name: round(seconds - few_load.cpu_by_process.get(name, 0.0), 1)
            for name, seconds in many_load.cpu_by_process.items()
        },
        upload=Cost(upload.cpu_seconds * pages / (FEW + pages), upload.wall_seconds) if upload else None,
        upload_reading=upload.reading_seconds * pages / (FEW + pages) if upload else 0.0,
        ocrmypdf=peer,
    )


def _ocrmypdf(program: str, few: Path, many: Path, folder: Path) -> Cost | None:
    """None where it is not installed; it is a program of its own, under another licence, and never a dependency."""
    found = shutil.which(program)
    return _less(_searchable(found, many, folder), _searchable(found, few, folder)) if found else None


def _searchable(program: str, pdf: Path, folder: Path) -> Cost:
    started, before = time.perf_counter(), os.times()
    options = ["--output-type", "pdf", "--optimize", "0", "--force-ocr", "--jobs", "2", "--quiet"]
    done = subprocess.run([program, *options, str(pdf), str(folder / "searchable.pdf")], capture_output=True, text=True)
    if done.returncode:
        raise StageFailed(
            f"ocrmypdf ended with {done.returncode}: {done.stderr[-300:]}", "Leave it out: --ocrmypdf ''."
        )
    after = os.times()
    return Cost(sum(after[i] - before[i] for i in range(4)), time.perf_counter() - started)


def _less(one: Cost, other: Cost) -> Cost:
    return Cost(one.cpu_seconds - other.cpu_seconds, one.wall_seconds - other.wall_seconds)
