"""`redwell searchable-pdf`: documents in another form, written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Url, client, report, reported, stdout


def searchable_pdf(
    document: Annotated[str, typer.Argument(help="Id of the document; `redwell documents` lists them.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; otherwise its name with .searchable.pdf.")
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Write a scan as a PDF that can be searched: the original pages with their words as invisible text."""
    with reported(), client(url, api_key) as redwell:
        target = output
        if target is None:
            name = redwell.document(document).filename.replace("\\", "/").rpartition("/")[2]
            target = Path(f"{name.rpartition('.')[0] or name or document}.searchable.pdf")
        data = redwell.searchable_pdf(document)
        try:
            target.write_bytes(data)
        except OSError as error:
            report(f"{target} cannot be written: {error.strerror}.", "Name another file with --output.")
            raise typer.Exit(1) from None
    stdout().print(f"{target} ({len(data) / 1000:,.0f} kB)", markup=False)
