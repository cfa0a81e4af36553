"""`redwell bench library`."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from rag.commands.common import reported, stderr, stdout
from rag.commands.measure import Output, write


def library(
    documents: Annotated[int, typer.Option(min=30, help="Made documents.")] = 10_000,
    runs: Annotated[int, typer.Option(min=1, help="Times that each list is asked for.")] = 5,
    database: Annotated[
        str, typer.Option(help="URL of an empty PostgreSQL database, instead of SQLite in a scratch folder.")
    ] = "",
    output: Output = None,
) -> None:
    """Server time of the library's lists with every filter and order, over made documents."""
    import structlog

    from rag.bench.library import bench_library, table

    # A line for every request would be most of what is measured.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

    def progress(line: str) -> None:
        stderr().print(line, markup=False)

    with reported(), TemporaryDirectory(prefix="redwell-bench-") as folder:
        result = asyncio.run(
            bench_library(Path(folder), count=documents, runs=runs, database=database, progress=progress)
        )
    stdout().print(table(result), markup=False)
    write(result.as_dict(), output)
