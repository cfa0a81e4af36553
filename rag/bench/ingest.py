"""Batch reading beside a bare pool of tesseract processes, on the same pages in the same run.

CPU-seconds are user + system of all processes that work. Starting costs the same for ten pages and ten thousand, so it is
taken out: a load of a few pages is measured too, and the ratio is that of the difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from rag.bench.pipeline import bare_tesseract, scanned_pdf
from rag.errors import StageFailed

SAMPLE_SECONDS = 0.25
FEW = 2


@dataclass(frozen=True, slots=True)
class IngestResult:
    pages: int
    bare_cpu_seconds: float
    """Of `pages` pages."""
    batch_cpu_seconds: float
    """Of `pages` pages, start included."""
    start_cpu_seconds: float
    """Of FEW pages, less what they cost: what a run costs before its first page."""
    bare_wall_seconds: float
    batch_wall_seconds: float

    @property
    def ratio(self) -> float:
        """Pages per CPU-second of batch reading without its start, over those of the bare pool."""
        return self.bare_cpu_seconds / max(self.batch_cpu_seconds - self.start_cpu_seconds, 1e-9)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


def bench_ingest(samples: Path, *, pages: int = 20) -> IngestResult:
    """Raises StageFailed when a load does not end well."""
    seed = time.time_ns() % 2**32
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:
        many, few = Path(folder) / "many.pdf", Path(folder) / "few.pdf"
        scanned_pdf(samples, many, pages=FEW + pages, seed=seed)
        scanned_pdf(samples, few, pages=FEW, seed=seed)
        few_cpu, _ = _load(few, Path(folder) / "few")
        many_cpu, wall = _load(many, Path(folder) / "many")
        bare_cpu, bare_wall = bare_tesseract(many)
        few_bare, _ = bare_tesseract(few)
    return IngestResult(pages, bare_cpu - few_bare, many_cpu, few_cpu, bare_wall, wall)


def _load(pdf: Path, data_dir: Path) -> tuple[float, float]:
    """(CPU-seconds, wall seconds) of reading one file on a Ray of its own."""
    command = [sys.executable, "-m", "ingestion", str(pdf), "--stages", "read", "--json"]
    environment = {**os.environ, "REDWELL_DATA_DIR": str(data_dir)}
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    used = 0.0
    while process.poll() is None:
        used = max(used, _cpu(process.pid))
        time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise StageFailed(f"The load ended with exit code {process.returncode}.", "Run `python -m ingestion` by hand.")
    return used, time.perf_counter() - started


def _cpu(root: int) -> float:
    """Of a process, its descendants, and what they have waited for."""
    total = 0.0
    try:
        family = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
