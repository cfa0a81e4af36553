"""The command: `python -m ingestion SOURCE...` on a cluster of its own or on the one at --address."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import psutil
import typer

from ingestion.export import export
from ingestion.inline import InlinePipeline, SmallInline
from ingestion.report import Recorder, html
from ingestion.run import Outcome, Pipeline, Run, asks_language_model, opened, runner_name, start, wanted_stages
from ingestion.show import shown
from rag.commands.common import ConfigFile, Json, reported
from rag.commands.documents import parse_metadata
from rag.commands.jobs import print_summary
from rag.errors import InvalidInput
from rag.intake.ingestions import Progress, Request, RunStatus
from rag.intake.names import collection_name
from rag.model import Stage
from rag.runtime.loopback import keep_ray_here
from rag.services import Services
from rag.settings import Settings, load

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Options:
    """How a job is run and shown; what it loads is its Request."""

    address: str | None = None
    ray: bool = True
    json: bool = False
    watch: bool = False
    report: Path | None = None
    export: Path | None = None


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
    target: Annotated[
        Path | None, typer.Option("--export", help="Write what was found: a folder of Parquet files, or x.jsonl.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report with plots to this HTML file.")] = None,
    address: Annotated[
        str | None, typer.Option(envvar="RAY_ADDRESS", help="Ray cluster; none: one of its own.")
    ] = None,
    ray: Annotated[bool, typer.Option(help="--no-ray: in this process alone, for a few files.")] = True,
    profile: Annotated[str, typer.Option(help="cpu, gpu or cluster.")] = "cpu",
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Load whole collections. What is loaded already is not loaded again; what broke off goes on."""
    with reported():
        settings = load(profile, file=config)
        names = [line.strip() for line in sys.stdin if line.strip()] if sources == ["-"] else sources or []
        if not names and manifest is None and not retry_failed:
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
        options = Options(address=address, ray=ray, json=json, watch=watch, report=report, export=target)
        outcome = perform(request, settings, options)
    if outcome.ingestion.status is not RunStatus.DONE:
        raise typer.Exit(130 if outcome.ingestion.status is RunStatus.CANCELLED else 1)
    if outcome.progress.failed:
        raise typer.Exit(1)


def bring_token() -> None:
    """A cluster asks for the token of the user who started it; a process that joins it has to be told to send that."""
    if (Path.home() / ".ray" / "auth_token").exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def perform(request: Request, settings: Settings, options: Options) -> Outcome:
    """One job, told as it goes. Raises RedwellError when it cannot begin."""
    logging.disable(logging.INFO)
    stages = wanted_stages(request.stages)
    if not options.ray:
        if Stage.SUMMARY in stages and not settings.llm.base_url:
            raise InvalidInput(
                "Without Ray there is no language model for summaries.",
                "Name the other stages (--stages read,entities,classify,index), or set llm.base_url.",
            )
        return asyncio.run(_conduct(request, settings, options, lambda services: InlinePipeline(services)))
    keep_ray_here(options.address or settings.server.ray_address)
    if options.address or settings.server.ray_address:
        bring_token()  # before Ray is imported
    from ingestion import batch

    asked = asyncio.run(asks_language_model(stages, settings))
    with batch.cluster(settings, address=options.address), batch.language_model(settings, asked=asked) as llm:
        large = batch.RayPipeline(settings, llm=llm)
        small = InlinePipeline(batch.services_here(settings, llm=llm))
        return asyncio.run(_conduct(request, settings, options, lambda services: SmallInline(small, large)))


async def _conduct(
    request: Request, settings: Settings, options: Options, pipeline: Callable[[Services], Pipeline]
) -> Outcome:
    async with opened(settings) as services:
        owner = runner_name("cli")
        ingestion = await start(request, services, owner=owner)
        recorder = Recorder(lambda: psutil.virtual_memory().used / 2**20)
        with shown(ingestion.id, json=options.json) as tell:

            def told(doing: str, progress: Progress) -> None:
                recorder.take(doing, progress)
                tell(doing, progress)

            run = Run(
                ingestion,
                settings,
                pipeline(services),
                owner=owner,
                tell=told,
                services=services,
                watch=options.watch,
            )
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, run.stop.set)
            outcome = await run.run()
        failures = await services.state.items.items(ingestion.id, status=["failed", "partial"], limit=500)
        if not options.json:
            print_summary(outcome.ingestion.summary, [(item.uri, item.error) for item in failures])
        if options.report is not None:
            await asyncio.to_thread(options.report.write_text, html(outcome.ingestion, recorder.rows, failures))
        if options.export is not None:
            await export(services.state, ingestion.id, options.export)
        return outcome
