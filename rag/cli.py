"""`redwell`: the command line. Each command lives in rag/commands; this is the list of them."""

from __future__ import annotations

from typing import Annotated

import typer

from rag import __version__
from rag.commands import (
    audit,
    bench_library,
    counting,
    documents,
    evaluate,
    evaluations,
    exports,
    fields,
    jobs,
    keys,
    labels,
    machine,
    matrix,
    measure,
    measure_loads,
    plan,
    questions,
    reruns,
    rollouts,
    safety,
    server,
    tags,
    transfer,
    tune,
)
from rag.commands.chaos import chaos
from rag.commands.index import reindex

app = typer.Typer(
    name="redwell",
    help="Documents in, answers that can be checked out.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"redwell {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Documents in, answers that can be checked out."""


app.command(rich_help_panel="On this machine")(server.serve)
app.command(rich_help_panel="On this machine")(server.upgrade)
app.command(rich_help_panel="On this machine")(machine.doctor)
app.command(rich_help_panel="On this machine")(machine.prepare)
app.command(rich_help_panel="On this machine")(reindex)
app.command(rich_help_panel="On this machine")(plan.plan)
app.command(rich_help_panel="On this machine")(tune.tune)
measure.bench_app.command()(plan.packing)
measure.bench_app.command("all")(matrix.everything)
measure.bench_app.command()(bench_library.library)
measure.bench_app.command()(plan.scaling)
app.command(rich_help_panel="With a running service")(documents.ingest)
app.command(rich_help_panel="With a running service")(documents.retry)
app.command("documents", rich_help_panel="With a running service")(documents.list_documents)
app.command("searchable-pdf", rich_help_panel="With a running service")(exports.searchable_pdf)
app.command(rich_help_panel="With a running service")(questions.ask)
app.command(rich_help_panel="With a running service")(questions.search)
app.command(rich_help_panel="With a running service")(fields.fields)
app.command(rich_help_panel="With a running service")(tags.tags)
app.command(rich_help_panel="With a running service")(tags.tag)
app.add_typer(jobs.jobs_app, name="jobs", rich_help_panel="With a running service")
app.command(rich_help_panel="With a running service")(reruns.reanalyse)
app.command(rich_help_panel="With a running service")(reruns.candidate)
app.add_typer(rollouts.rollout_app, name="rollout", rich_help_panel="With a running service")
app.add_typer(labels.labels_app, name="labels", rich_help_panel="With a running service")
app.add_typer(audit.audit_app, name="audit", rich_help_panel="With a running service")
app.add_typer(keys.keys_app, name="keys", rich_help_panel="With a running service")
app.command(rich_help_panel="With a running service")(counting.count)
measure.bench_app.command()(measure_loads.ingest)
measure.bench_app.command()(measure_loads.growth)
measure.bench_app.command()(measure_loads.kills)
measure.bench_app.command()(measure_loads.searching)
measure.bench_app.command()(measure_loads.nodes)
measure.eval_app.command("corpus")(counting.evaluate)
measure.eval_app.command("fields")(evaluate.fields)
measure.eval_app.command("summaries")(evaluate.summaries)
measure.eval_app.command()(evaluations.record)
measure.eval_app.command()(evaluations.runs)
measure.eval_app.command()(evaluations.forget)
measure.eval_app.command("poisoned")(evaluate.poisoned)
app.command(rich_help_panel="Moving house")(transfer.export)
app.command("import", rich_help_panel="Moving house")(transfer.import_)
app.command(rich_help_panel="Moving house")(transfer.migrate)
app.command(rich_help_panel="Keeping it safe")(safety.backup)
app.command(rich_help_panel="Keeping it safe")(safety.restore)
app.command(rich_help_panel="Keeping it safe")(safety.verify)
app.command(rich_help_panel="Keeping it safe")(chaos)
app.add_typer(measure.eval_app, name="eval", rich_help_panel="Measuring")
app.add_typer(measure.bench_app, name="bench", rich_help_panel="Measuring")


if __name__ == "__main__":
    app()
