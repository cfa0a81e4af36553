"""`redwell bench pipeline`: pages per CPU-second of the whole way in, beside bare tesseract on the same pages.

The pages are drawn from `data/` anew in every run (other noise, so nothing is cached), written as one scanned PDF. The bare
side renders the same PDF and runs tesseract on each picture with one thread, two processes at a time; the other side uploads
it to a Redwell that runs here. CPU-seconds are user + system of all processes of a side, its finished children included.
"""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from rag.client import RedwellClient

DPI = 200
BARE_PROCESSES = 2
READING = ("Reader", "Ocr")
"""Deployments that turn files into pages."""


@dataclass(frozen=True, slots=True)
class PipelineResult:
    pages: int
    bare_cpu_seconds: float
    bare_wall_seconds: float
    redwell_cpu_seconds: float
    redwell_wall_seconds: float
    cpu_by_process: dict[str, float]
    stage_seconds: dict[str, float]

    @property
    def cpu_ratio(self) -> float:
        """Pages per CPU-second of the whole way in (summary and all) over bare tesseract's."""
        return self.bare_cpu_seconds / self.redwell_cpu_seconds

    @property
    def reading_ratio(self) -> float:
        """The same for the processes that read: Reader and Ocr."""
        reading = sum(self.cpu_by_process.get(name, 0.0) for name in READING)
        return self.bare_cpu_seconds / reading if reading else 0.0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "cpu_ratio": self.cpu_ratio, "reading_ratio": self.reading_ratio}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One document's way through the service."""

    wall_seconds: float
    cpu_by_process: dict[str, float]
    stage_seconds: dict[str, float]

    @property
    def cpu_seconds(self) -> float:
        return sum(self.cpu_by_process.values())

    @property
    def reading_seconds(self) -> float:
        """CPU-seconds of the processes that read."""
        return sum(self.cpu_by_process.get(name, 0.0) for name in READING)


def scanned_pdf(samples: Path, target: Path, *, pages: int, seed: int) -> None:
    """Pages of the born-digital samples as noisy grey pictures of `DPI`, one PDF without a text layer."""
    import pypdfium2 as pdfium
    from PIL import Image

    noise = np.random.default_rng(seed)
    pictures: list[Image.Image] = []
    while len(pictures) < pages:
        before = len(pictures)
        for path in sorted(samples.glob("*.pdf")):
            with pdfium.PdfDocument(path) as document:
                for page in document:
                    if len(page.get_textpage().get_text_range()) > 600 and len(pictures) < pages:
                        grey = np.asarray(page.render(scale=DPI / 72, grayscale=True).to_pil(), dtype=np.int16)
                        dirty = grey + noise.normal(0, 6, grey.shape).astype(np.int16)
                        pictures.append(Image.fromarray(np.clip(dirty, 0, 255).astype(np.uint8)))
        if len(pictures) == before:
            raise FileNotFoundError(f"no PDF with text in {samples}")
    pictures[0].save(target, save_all=True, append_images=pictures[1:], resolution=DPI, quality=85)


def bare_tesseract(pdf: Path) -> tuple[float, float]:
    """(CPU seconds, wall seconds) of rendering every page and reading it with plain tesseract."""
    import pypdfium2 as pdfium

    started, before = time.perf_counter(), os.times()
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:

        def read(path: Path) -> None:
            subprocess.run(
                ["tesseract", str(path), str(path.with_suffix("")), "-l", "eng", "tsv"],
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                check=True,
                capture_output=True,
            )

        with pdfium.PdfDocument(pdf) as document, ThreadPoolExecutor(BARE_PROCESSES) as pool:
            running = []
            for number, page in enumerate(document):
                path = Path(folder) / f"{number}.tif"
                page.render(scale=300 / 72, grayscale=True).to_pil().save(path)
                running.append(pool.submit(read, path))
            for one in running:
                one.result()
    after = os.times()
    cpu = sum(after[i] - before[i] for i in range(4))
    return cpu, time.perf_counter() - started


def bench_pipeline(client: RedwellClient, samples: Path, *, pages: int = 20, root: int | None = None) -> PipelineResult:
    """Both sides in one run. `root` is the pid whose descendants are the stack; this process if it started it."""
    seed = time.time_ns() % 2**32
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:
        pdf = Path(folder) / f"bench-{seed}.pdf"
        scanned_pdf(samples, pdf, pages=pages, seed=seed)
        ours = bench_upload(client, pdf, root=root or os.getpid())
        bare_cpu, bare_wall = bare_tesseract(pdf)
    return PipelineResult(
        pages, bare_cpu, bare_wall, ours.cpu_seconds, ours.wall_seconds, ours.cpu_by_process, ours.stage_seconds
    )


def bench_upload(client: RedwellClient, pdf: Path, *, root: int) -> Uploaded:
    """Upload one file and wait for it; `root` is the pid whose descendants are the stack. The document is deleted again."""
    before = _cpu_by_process(root)
    started = time.perf_counter()
    [receipt] = client.upload([pdf], collection="bench")
    assert receipt.id is not None, "a scanned PDF is accepted"
    document = client.wait(receipt.id, timeout=3600)
    wall = time.perf_counter() - started
    after = _cpu_by_process(root)
    client.delete(receipt.id)
    used = {name: round(after[name] - before.get(name, 0.0), 2) for name in sorted(after)}
    stages = {name: round(stage.seconds or 0.0, 2) for name, stage in document.stages.items()}
    return Uploaded(wall, {name: seconds for name, seconds in used.items() if seconds > 0.01}, stages)


def _cpu_by_process(root: int) -> dict[str, float]:
    """CPU seconds so far by deployment name, over the descendants of `root` and what they waited for."""
    used: dict[str, float] = {}
    try:
        family: Sequence[psutil.Process] = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    except psutil.NoSuchProcess:
        return used
    for process in family:
        try:
            times, title = process.cpu_times(), " ".join(process.cmdline())
        except psutil.Error:
            continue
        name = _name(title)
        used[name] = used.get(name, 0.0) + times.user + times.system + times.children_user + times.children_system
    return used


def _name(title: str) -> str:
    if "ServeReplica:" in title:
        return title.split(":")[-1].split(" ")[0] if "LLM" not in title else "Llm"
    if "VLLM" in title:
        return "Llm"
    if "multiprocessing.forkserver" in title or "multiprocessing.spawn" in title:
        return "Reader"
    return "Ray and the rest"


def table(result: PipelineResult) -> str:
    out = io.StringIO()
    print(f"{'':34}{'bare tesseract':>16}{'Redwell':>12}", file=out)
    print(f"{'pages':34}{result.pages:>16}{result.pages:>12}", file=out)
    print(f"{'CPU-seconds':34}{result.bare_cpu_seconds:>16.1f}{result.redwell_cpu_seconds:>12.1f}", file=out)
    print(f"{'wall seconds':34}{result.bare_wall_seconds:>16.1f}{result.redwell_wall_seconds:>12.1f}", file=out)
    print(f"{'pages per CPU-second, ratio':34}{'1.00':>16}{result.cpu_ratio:>12.2f}", file=out)
    print(f"{'  of the processes that read':34}{'1.00':>16}{result.reading_ratio:>12.2f}", file=out)
    print("CPU-seconds by process: " + ", ".join(f"{k} {v:.1f}" for k, v in result.cpu_by_process.items()), file=out)
    print("Seconds by stage:       " + ", ".join(f"{k} {v:.1f}" for k, v in result.stage_seconds.items()), file=out)
    return out.getvalue()
