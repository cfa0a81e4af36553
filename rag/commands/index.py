"""`redwell reindex`: the library moves to another embedding model while searches go on."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, ConfigFile, ProfileName, Url, client, report, reported, stderr

POLL_SECONDS = 1.0


def reindex(
    model: Annotated[
        str | None, typer.Option(help="Hub name, folder or package:NAME; the settings' embedding.model otherwise.")
    ] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Stop, and delete what was made.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Without a running service: on this machine, with these settings.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Show the progress and wait for the end.")] = True,
    profile: ProfileName = "cpu",
    config: ConfigFile = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Make the embeddings of another model beside the old ones, then swap: no search is without results meanwhile.

    It may be stopped and started again: what was made is kept. Afterwards set embedding.model to the new model.
    """
    with reported():
        if offline:
            _offline(model, profile, config)
            return
        with client(url, api_key) as redwell:
            if cancel:
                redwell.cancel_reindex()
                stderr().print("stopped; searches go on with the old model", markup=False)
                return
            running = redwell.index().reindex
            if not (running and running.state == "building" and model is None):
                redwell.reindex(model)
            while wait:
                state = redwell.index()
                if state.reindex is not None and state.reindex.error is not None:
                    report(state.reindex.error.detail, state.reindex.error.remedy)
                    raise typer.Exit(1)
                if state.reindex is not None:
                    _show(state.reindex.done, state.reindex.total)
                elif state.switched:
                    stderr().print(f"\nevery index searches {state.model}", markup=False)
                    return
                time.sleep(POLL_SECONDS)


def _offline(model: str | None, profile: str, config: ConfigFile) -> None:
    import asyncio

    from rag.retrieval.reindex import reindex_here
    from rag.settings import load

    made = 0

    def progress(count: int, total: int) -> None:
        nonlocal made
        made += count
        _show(made, total)

    version = asyncio.run(reindex_here(load(profile, file=config), model, progress=progress))
    stderr().print(f"\nthe library is embedded with {version}", markup=False)


def _show(done: int, total: int) -> None:
    stderr().print(f"\r{done:,} of {total:,} chunks embedded", end="", markup=False)
