"""`redwell plan` and `redwell bench packing`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from rag.commands.common import ApiKey, ConfigFile, Json, ProfileName, as_json, client, reported, stdout

Output = Annotated[Path | None, typer.Option(help="Write the whole result as JSON to this file.")]


def plan(
    profile: ProfileName = "cluster",
    config: ConfigFile = None,
    documents: Annotated[float, typer.Option(help="Documents an hour.")] = 1000,
    questions: Annotated[float, typer.Option(help="Questions a second.")] = 0.0,
    gpus: Annotated[int, typer.Option(help="Cards at hand; 0 for machines without.")] = 8,
    gpu_memory: Annotated[float, typer.Option(help="GiB of one card.")] = 80,
    gpus_per_node: Annotated[int, typer.Option(help="Cards of one machine.")] = 8,
    times: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON: stage -> seconds of one call.")
    ] = None,
    measured: Annotated[
        str | None, typer.Option(help="Take the stage times of the documents in the Redwell at this address.")
    ] = None,
    api_key: ApiKey = None,
    field_case: Annotated[bool, typer.Option(help="Plan the case of docs/cluster.md instead of a profile.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Draw the cards into this SVG file.")] = None,
    json: Json = False,
) -> None:
    """How many replicas a load needs, which share of which card each one gets, and where the limit is."""
    from rag.planning.measure import stage_seconds
    from rag.planning.pack import Cards
    from rag.planning.picture import lines, svg
    from rag.planning.plan import fewest_cards, make_plan
    from rag.planning.stages import FIELD_CASE, Load, profile_stages, read_times, with_memory, with_times
    from rag.settings import load

    with reported():
        settings = load(profile, file=config)
        stages = FIELD_CASE if field_case else with_memory(profile_stages(settings), settings, gpu_memory)
        if measured:
            with client(measured, api_key) as api:
                stages = with_times(stages, stage_seconds(api, {stage.name for stage in stages}))
        if times:
            stages = with_times(stages, read_times(times))
        wanted = Load(documents / 3600, questions)
        on_cards = any(stage.on_gpu for stage in stages)
        cards = Cards(gpus, gpu_memory, gpus_per_node) if gpus else None
        found = fewest_cards(stages, wanted, cards) if cards and on_cards else make_plan(stages, wanted, None)
    if picture:
        picture.write_text(svg(found), encoding="utf-8")
    if json:
        typer.echo(as_json(found.as_dict()))
        return
    from rich.table import Table

    table = Table(
        "stage", "replicas", "cards of a worker", "workers", "CPUs", "use", "wait", "call", title_justify="left"
    )
    for stage in found.stages:
        share = f"{stage.gpus:g}" if stage.gpus else "-"
        wait = "full" if math.isinf(stage.wait) else f"{stage.wait:.2f} s"
        table.add_row(
            stage.name,
            str(stage.replicas),
            share,
            str(stage.workers),
            f"{stage.cpus * stage.replicas:g}",
            f"{stage.use:.0%}",
            wait,
            f"{stage.seconds:g} s",
        )
    console = stdout()
    console.print(table)
    for line in lines(found):
        console.print(line, markup=False)
    if found.cards_used:
        console.print(f"{found.cards_used} of {gpus} cards, {found.use:.0%} used on average.")
    console.print(
        f"A document takes {found.document_seconds:.1f} s, one stage after another it would take {found.in_turn_seconds:.1f} s."
    )
    console.print(
        f"{found.bottleneck} is full first, at {found.most_documents_per_second * 3600:,.0f} documents an hour."
    )


def scaling(output: Output = None) -> None:
    """Load that rises and falls on deployments that scale: how many replicas there were, and what failed."""
    from rag.bench.scaling import bench_scaling

    with reported():
        result = bench_scaling()
    for name, value in result.rows().items():
        stdout().print(f"{name:36}{value}", markup=False)
    if output is not None:
        output.write_text(as_json(result), encoding="utf-8")


def packing(
    rate: Annotated[float, typer.Option(help="Documents a second.")] = 1.1,
    documents: Annotated[int, typer.Option(help="Documents each way.")] = 100,
    output: Output = None,
) -> None:
    """Twelve cards with a pod a model against everything packed: Ray's real scheduling, with the work itself played."""
    from rag.bench.packing import bench_packing

    with reported():
        result = bench_packing(rate=rate, documents=documents)
    console = stdout()
    for name, value in result.rows().items():
        console.print(f"{name:44}{value}", markup=False)
    if output is not None:
        output.write_text(as_json(result), encoding="utf-8")
