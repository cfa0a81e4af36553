"""The command: `python -m ingestion SOURCE...` on a cluster of its own or on the one at --address."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from ingestion.run import Outcome, Run, opened, runner_name, start, wanted_stages
from ingestion.show import shown
from rag.commands.common import ConfigFile, Json, reported
from rag.commands.documents import parse_metadata
from rag.ingestions import Request, RunStatus
from rag.names import collection_name
from rag.settings import Settings, load

app = typer.Typer(add_completion=False)

Sources = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders, globs, s3://, gs://, az://, https://; - reads them from stdin."),
]


@app.command()
def main(
    sources: Sources = None,
    manifest: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV or JSON lines: a file a row, with its metadata."),
    ] = None,
    collection: Annotated[str, typer.Option(help="Collection to put them in.")] = "default",
    language: Annotated[str | None, typer.Option(help="Languages for OCR: eng, deu+eng.")] = None,
    metadata: Annotated[list[str] | None, typer.Option("--metadata", "-m", metavar="KEY=VALUE")] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="Only names that match, e.g. '*.pdf'. May be given again.")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Not names that match. May be given again.")] = None,
    stages: Annotated[str, typer.Option(help="Only these: read,entities,classify,index,summary.")] = "",
    sync: Annotated[bool, typer.Option(help="Delete documents whose file is gone from the sources.")] = False,
    keep_versions: Annotated[bool, typer.Option(help="Keep the documents of earlier contents of a file.")] = False,
    retry_failed: Annotated[bool, typer.Option(help="Only what failed before.")] = False,
    max_failures: Annotated[int | None, typer.Option(min=0, help="Stop after more failures than this.")] = None,
    watch: Annotated[bool, typer.Option(help="Stay, and load what comes or changes.")] = False,
    export: Annotated[Path | None, typer.Option(help="Write what was found to this folder, as Parquet.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report with plots to this HTML file.")] = None,
    address: Annotated[
        str | None, typer.Option(envvar="RAY_ADDRESS", help="Ray cluster; none: one of its own.")
    ] = None,
    job: Annotated[str | None, typer.Option(help="Run this queued job of the service instead.", hidden=True)] = None,
    profile: Annotated[str, typer.Option(help="cpu, gpu or cluster.")] = "cpu",
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Load whole collections. What is loaded already is not loaded again; what broke off goes on."""
    with reported():
        settings = load(profile, file=config)
        names = [line.strip() for line in sys.stdin if line.strip()] if sources == ["-"] else sources or []
        if not names and manifest is None and not retry_failed and job is None:
            raise typer.BadParameter("Name a source, or give --manifest or --retry-failed.")
        request = Request(
            sources=tuple(name if "://" in name else str(Path(name).expanduser().absolute()) for name in names),
            manifest=str(manifest.resolve()) if manifest else "",
            collection=collection_name(collection),
            language=language,
            metadata=parse_metadata(metadata or []),
            include=tuple(include or ()),
            exclude=tuple(exclude or ()),
            stages=tuple(name.strip() for name in stages.split(",") if name.strip()),
            sync=sync,
            keep_versions=keep_versions,
            retry_failed=retry_failed,
            max_failures=max_failures,
        )
        outcome = perform(
            request, settings, address=address, json=json, job=job, watch=watch, report=report, export=export
        )
    if outcome.ingestion.status is not RunStatus.DONE:
        raise typer.Exit(130 if outcome.ingestion.status is RunStatus.CANCELLED else 1)
    if outcome.progress.failed:
        raise typer.Exit(1)


def perform(
    request: Request,
    settings: Settings,
    *,
    address: str | None = None,
    json: bool = False,
    job: str | None = None,
    watch: bool = False,
    report: Path | None = None,
    export: Path | None = None,
) -> Outcome:
    """One job on Ray, told as it goes. Raises RedwellError when it cannot begin."""
    from ingestion import batch

    logging.disable(logging.INFO)
    stages = wanted_stages(request.stages)
    with batch.cluster(settings, address=address), batch.language_model(settings, stages) as llm:
        pipeline = batch.RayPipeline(settings, llm=llm)
        return asyncio.run(
            _conduct(request, settings, pipeline, json=json, job=job, watch=watch, report=report, export=export)
        )


async def _conduct(
    request: Request,
    settings: Settings,
    pipeline: object,
    *,
    json: bool,
    job: str | None,
    watch: bool,
    report: Path | None,
    export: Path | None,
) -> Outcome:
    async with opened(settings) as services:
        owner = runner_name("cli")
        ingestion = await start(request, services, owner=owner)
        with shown(ingestion.id, json=json) as tell:
            run = Run(ingestion, settings, pipeline, owner=owner, tell=tell, services=services)  # type: ignore[arg-type]
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, run.stop.set)
            outcome = await run.run()
        return outcome
