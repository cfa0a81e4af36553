"""`redwell fields`: the fields of a collection's documents as a table."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Url, client, report, reported


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


def fields(
    collection: Annotated[str | None, typer.Argument(help="Only this collection.", show_default=False)] = None,
    format: Annotated[Format, typer.Option(help="csv, xlsx or json.")] = Format.CSV,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    schema: Annotated[str | None, typer.Option(help="Only documents with this schema.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Write the fields of documents as a table, one row a document."""
    if format is Format.XLSX and output is None and sys.stdout.isatty():
        report("A spreadsheet is no text for a terminal.", "Name a file: --output fields.xlsx.")
        raise typer.Exit(1)
    with reported(), client(url, api_key) as redwell:
        pieces = redwell.export_fields(collection, format=format.value, schema=schema)
        if output is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        with output.open("wb") as file:
            file.writelines(pieces)
