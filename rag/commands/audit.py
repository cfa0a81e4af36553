"""`redwell audit`: who did what."""

from __future__ import annotations

import json as jsons
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Url, client, reported, stderr

audit_app = typer.Typer(help="Who uploaded, read, asked and deleted what.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC.")]
Key = Annotated[str | None, typer.Option("--key", help="Id of a key.")]
Object = Annotated[str | None, typer.Option("--object", help="Id of a document, job or key.")]


@audit_app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="JSON lines; standard output without it.")] = None,
    since: Day = None,
    until: Day = None,
    key: Key = None,
    object: Object = None,
    action: Annotated[str | None, typer.Option(help="upload, read, ask, delete, key.create ...")] = None,
    tenant: Annotated[str | None, typer.Option(help="For operators, who see every tenant's.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Lines of the audit log, oldest first."""
    count = 0
    with reported(), client(url, api_key) as redwell, _target(file) as output:
        for line in redwell.audit(tenant=tenant, key_id=key, action=action, object=object, since=since, until=until):
            output.write(jsons.dumps({**asdict(line), "at": line.at.isoformat()}, ensure_ascii=False) + "\n")
            count += 1
    if file is not None:
        stderr().print(f"{count} lines in {file}", markup=False)


@audit_app.command()
def erase(
    before: Day = None,
    key: Key = None,
    object: Object = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Remove lines; that it was done stays in the log."""
    with reported(), client(url, api_key) as redwell:
        gone = redwell.erase_audit(key_id=key, object=object, until=before)
    typer.echo(f"{gone} lines are erased")


@contextmanager
def _target(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield typer.get_text_stream("stdout")
        return
    with file.open("w", encoding="utf-8") as opened:
        yield opened
