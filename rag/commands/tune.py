"""`redwell tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rag.commands.common import ConfigFile, Json, ProfileName, as_json, reported, stderr, stdout


def tune(
    stages: Annotated[list[str] | None, typer.Argument(help="embedder, entities, classifier; usually all.")] = None,
    goal: Annotated[
        float, typer.Option(min=0.001, help="Seconds that the slowest twentieth of the calls may take.")
    ] = 0.5,
    profile: ProfileName = "cpu",
    config: ConfigFile = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the curves into this file (svg, png, pdf).")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the settings to this YAML file: --config of the service.")
    ] = None,
    json: Json = False,
) -> None:
    """Find the batch size and wait that bear most calls within a latency goal on this machine."""
    import yaml

    from rag.settings import load
    from rag.tuning.measure import STAGES
    from rag.tuning.tune import draw
    from rag.tuning.tune import tune as find

    with reported():
        settings = load(profile, file=config)
        progress = stderr()
        results = find(stages or STAGES, settings, goal=goal, progress=lambda line: progress.print(line, markup=False))
    tree = {key: value for one in results for key, value in one.settings().items()}
    if picture:
        draw(results, picture)
    if output:
        output.write_text(yaml.safe_dump(tree), encoding="utf-8")
    if json:
        typer.echo(as_json(results))
        return
    console = stdout()
    for one in results:
        for name, tried in one.named().items():
            console.print(
                f"{one.stage}, {name}: {tried.size} calls, {tried.wait * 1000:g} ms: {tried.rate:.1f} calls a second within {goal:g} s, "
                f"{one.throughput(tried.size):.1f} with full batches",
                markup=False,
            )
        console.print(
            f"{one.stage}, best, played at {one.played_rate:.1f} calls a second: slowest 5% over {one.played:.3f} s",
            markup=False,
        )
    console.print(yaml.safe_dump(tree, default_flow_style=None).rstrip(), markup=False)
