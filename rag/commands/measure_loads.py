"""`redwell bench ingest|growth|kills|searching|nodes`: batch ingestion, measured."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from rag.commands.common import reported
from rag.commands.measure import Output, console, show, stack, write

Samples = Annotated[Path, typer.Option(help="Folder of PDFs the pages are drawn from.")]
SAMPLES = Path("data/samples")


def ingest(
    pages: Annotated[int, typer.Option(help="Scanned pages.")] = 20,
    upload: Annotated[bool, typer.Option(help="Start a Redwell and send the same pages to it too.")] = False,
    ocrmypdf: Annotated[str, typer.Option(help="The program, where it is installed; '' leaves it out.")] = "ocrmypdf",
    samples: Samples = SAMPLES,
    output: Output = None,
) -> None:
    """Pages per CPU-second of batch reading, of the upload path, of bare tesseract and of ocrmypdf in the same run."""
    from rag.bench.ingest import bench_ingest
    from rag.client import RedwellClient

    with reported(), stack() if upload else nullcontext() as url:
        client = RedwellClient(url, timeout=600) if url else None
        result = bench_ingest(samples, pages=pages, client=client, ocrmypdf=ocrmypdf)
    show("Reading scanned pages", result.rows())
    write(result.as_dict(), output)


def growth(
    sizes: Annotated[str, typer.Option(help="Numbers of small text files, joined by commas.")] = "500,5000",
    stages: Annotated[str, typer.Option(help="Only these.")] = "read,entities,classify,index",
    output: Output = None,
    plot: Annotated[Path | None, typer.Option(help="Draw memory over time of the largest (svg, png, pdf).")] = None,
) -> None:
    """Cost of a document and memory over time in loads of several sizes."""
    from rag.bench import growth as bench

    with reported():
        result = bench.bench_growth([int(size) for size in sizes.split(",")], stages=stages, progress=console.print)
    show("Small text files", result.rows())
    write(result.as_dict(), output)
    if plot is not None:
        bench.plot(result.loads[-1].samples, plot)
        console.print(f"drawn: {plot}", markup=False)


def kills(
    files: Annotated[int, typer.Option(help="Documents: short texts, three of them scans.")] = 300,
    times: Annotated[int, typer.Option("--kills", help="How often the load is killed (SIGKILL).")] = 20,
    spread: Annotated[float, typer.Option(help="A kill comes so many seconds after the load began, at most.")] = 12.0,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 7,
    samples: Samples = SAMPLES,
    output: Output = None,
) -> None:
    """A load killed at random moments, beside one left alone: every document once, and equal. Exit code 1 when not."""
    from rag.bench.kills import bench_kills

    with reported():
        result = bench_kills(samples, files=files, kills=times, spread=spread, seed=seed, progress=console.print)
    show("Killed at random moments", result.as_dict())
    write(result.as_dict(), output)
    if not result.equal:
        raise typer.Exit(1)


def searching(
    texts: Annotated[int, typer.Option(help="Short texts of the bulk load.")] = 400,
    scans: Annotated[int, typer.Option(help="PDFs of five scanned pages in it.")] = 8,
    searches: Annotated[int, typer.Option(help="Searches before it.")] = 100,
    stages: Annotated[str, typer.Option(help="Stages of the load; all without it.")] = "",
    samples: Samples = SAMPLES,
    output: Output = None,
) -> None:
    """Milliseconds of a search while a bulk load runs on the same machine, beside those before it."""
    from rag.bench import searching as bench
    from rag.client import RedwellClient

    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder, reported():
        first, bulk = bench.sources(Path(folder), samples, texts=texts, scans=scans)
        with stack(ingestion={"allow": [folder]}) as url, RedwellClient(url, timeout=120) as client:
            named = [stage for stage in stages.split(",") if stage]
            result = bench.bench_searching(client, first, bulk, searches=searches, stages=named, progress=console.print)
    show("Searching while a load runs", result.rows())
    write(result.as_dict(), output)


def nodes(
    database: Annotated[str, typer.Option(help="URL of an empty PostgreSQL database: postgresql+asyncpg://...")],
    texts: Annotated[int, typer.Option(help="Short texts.")] = 120,
    scans: Annotated[int, typer.Option(help="PDFs of three scanned pages.")] = 6,
    samples: Samples = SAMPLES,
    output: Output = None,
) -> None:
    """A load over two Ray nodes, PostgreSQL and S3, one node killed half-way. Exit code 1 when something is not as it was."""
    from rag.bench.nodes import bench_nodes

    with reported():
        result = bench_nodes(samples, database=database, texts=texts, scans=scans, progress=console.print)
    show("Two nodes, one killed", result.as_dict())
    write(result.as_dict(), output)
    if not result.equal:
        raise typer.Exit(1)
