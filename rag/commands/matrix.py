"""`redwell bench all`: every line beside its bare engine, with a history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rag.commands.common import reported, stderr, stdout

HISTORY = Path("var/bench/history.jsonl")


def everything(
    only: Annotated[list[str] | None, typer.Option(help="One part; may be given again. All without it.")] = None,
    pages: Annotated[int, typer.Option(help="Scanned pages.")] = 20,
    sizes: Annotated[str, typer.Option(help="Sizes of the searched library, joined by commas.")] = "1000,100000",
    documents: Annotated[str, typer.Option(help="Sizes of the growing library, from small to large.")] = "1000,10000",
    peer: Annotated[
        str,
        typer.Option(
            envvar="REDWELL_PEER_PYTHON", help="Interpreter that has txtai; without it that part is left out."
        ),
    ] = "",
    evaldata: Annotated[Path | None, typer.Option(help="Folder that holds scifact/, for the part `peer`.")] = None,
    texts: Annotated[
        int | None, typer.Option(help="So many of its texts, the judged ones first; all without it.")
    ] = None,
    samples: Annotated[Path, typer.Option(help="Folder of PDFs the pages are drawn from.")] = Path("data/samples"),
    history: Annotated[Path, typer.Option(help="Where runs are kept, a line of JSON each.")] = HISTORY,
    plot: Annotated[Path | None, typer.Option(help="Draw the ratios into this file (svg, png, pdf).")] = None,
) -> None:
    """Everything that is measured here, each beside its bare engine in the same run, and the figures of the run before."""
    import logging

    import structlog

    from rag.bench import history as runs
    from rag.bench.matrix import PARTS, Matrix
    from rag.commands.measure import stack
    from rag.settings import load

    if unknown := sorted(set(only or ()) - set(PARTS)):
        raise typer.BadParameter(f"No part {', '.join(unknown)}: {', '.join(PARTS)}.", param_hint="--only")
    # A line for every request would be most of what the application costs in this process.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with reported():
        matrix = Matrix(
            load("cpu"),
            samples,
            parts=tuple(only or (part for part in PARTS if part != "peer" or peer)),
            pages=pages,
            sizes=tuple(int(size) for size in sizes.split(",")),
            documents=tuple(int(size) for size in documents.split(",")),
            peer=peer,
            evaldata=evaldata,
            texts=texts,
            say=lambda text: stderr().print(text, style="dim", markup=False),
        )
        matrix.run(stack)
        typer.echo(runs.table(matrix.lines, runs.before(runs.read(history))))
        for part, why in matrix.failures.items():
            stderr().print(f"{part} was not measured: {why}", markup=False)
        runs.append(runs.record(matrix.lines, matrix.failures), history)
        stdout().print(f"kept: {history}", markup=False)
        if plot is not None:
            runs.plot(matrix.lines, plot)
            stdout().print(f"drawn: {plot}", markup=False)
    if matrix.failures:
        raise typer.Exit(1)
