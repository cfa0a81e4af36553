"""`redwell serve`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from rag.commands.common import ConfigFile, ProfileName, reported, stderr


def serve(
    profile: ProfileName = "cpu",
    config: ConfigFile = None,
    host: Annotated[str | None, typer.Option(help="Address of the API and the page.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API (8000).", show_default=False)] = None,
    ui_port: Annotated[int | None, typer.Option(help="Port of the page (8501).", show_default=False)] = None,
    ui: Annotated[bool, typer.Option(help="Start the page too.")] = True,
    samples: Annotated[bool, typer.Option(help="Load the sample documents, where they are not there yet.")] = False,
) -> None:
    """Start the service on this machine, and the page beside it; Ctrl-C stops everything."""
    from rag.launch import run, with_addresses
    from rag.settings import load

    console, started = stderr(), time.monotonic()

    def progress(line: str) -> None:
        console.print(f"[{time.monotonic() - started:6.1f} s] {line}", markup=False)

    with reported():
        settings = with_addresses(load(profile, file=config), host=host, port=port, ui_port=ui_port)
        run(settings, ui=ui, samples=samples, progress=progress)


def upgrade(profile: ProfileName = "cpu", config: ConfigFile = None) -> None:
    """Replace the code and the settings of the service that runs on this machine, replica by replica, while it serves.

    Host, ports and what the page is told change with a new start only.
    """
    with reported():
        from rag.launch import prepare_weights
        from rag.runtime.loopback import join_ray_here
        from rag.settings import load

        settings = load(profile, file=config)
        prepare_weights(settings, progress=lambda line: stderr().print(line, markup=False))
        join_ray_here(settings.server.ray_address)
        from rag import deploy

        deploy.upgrade(settings)
        stderr().print("upgraded")
