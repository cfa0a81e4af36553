"""`redwell jobs`, and the half of `redwell ingest` that lets the service read the sources itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, reported, stderr, stdout

if TYPE_CHECKING:
    from rag.client import RedwellClient
    from rag.replies.jobs import Job, JobItem

jobs_app = typer.Typer(help="Loads of whole collections: list, look at, cancel.", no_args_is_help=True)
JobId = Annotated[str, typer.Argument(help="Id of the job.")]
SHOWN_FAILURES = 20


@jobs_app.command("list")
def list_jobs(url: Url = DEFAULT_URL, api_key: ApiKey = None, json: Json = False) -> None:
    """The jobs, newest first."""
    from rich.table import Table

    with reported(), client(url, api_key) as redwell:
        found = redwell.jobs()
    if json:
        typer.echo(as_json(found))
        return
    table = Table("id", "sources", "status", "files", "pages", "failed", box=None, header_style="bold")
    for job in found:
        progress = job.progress
        files = f"{progress.ended} of {progress.files}"
        table.add_row(job.id, _plain(_title(job)), job.status, files, str(progress.pages_read), str(progress.failed))
    stdout().print(table if found else "There are no jobs.")


@jobs_app.command()
def show(job_id: JobId, url: Url = DEFAULT_URL, api_key: ApiKey = None, json: Json = False) -> None:
    """One job: follow it to its end, then its summary and failures."""
    with reported(), client(url, api_key) as redwell:
        job = follow(redwell, job_id, json=json)
    if job.status != "done":
        raise typer.Exit(1)


@jobs_app.command()
def cancel(job_id: JobId, url: Url = DEFAULT_URL, api_key: ApiKey = None, json: Json = False) -> None:
    """Cancel a job under way; what it has loaded stays. A job that is over is forgotten."""
    with reported(), client(url, api_key) as redwell:
        job = redwell.cancel_job(job_id)
    typer.echo(as_json(job) if json else f"The job is {'being cancelled' if job.cancelling else job.status}.")


def follow(redwell: RedwellClient, job_id: str, *, json: bool) -> Job:
    """The job at its end, its progress told meanwhile. Raises ApiError."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    job = redwell.job(job_id)
    with Progress(*columns, TimeElapsedColumn(), console=stderr(), disable=json) as bars:
        files, pages = bars.add_task("files", total=None, note=""), bars.add_task("pages", total=None, note="")
        for job in redwell.job_events(job_id):
            if json:
                typer.echo(as_json(job, indent=None))
            progress = job.progress
            note = f"{job.status}, {progress.failed} failed" if progress.failed else job.status
            bars.update(files, total=progress.files or None, completed=progress.ended, note=note)
            stages = ", ".join(f"{name} {count}" for name, count in progress.stages.items())
            bars.update(pages, total=progress.pages or None, completed=progress.pages_read, note=stages)
    if not json:
        summarize(job, list(redwell.job_items(job_id, status=["failed", "partial"])) if job.progress.failed else [])
    return job


def summarize(job: Job, failures: Sequence[JobItem]) -> None:
    """The end of a job for people."""
    print_summary(job.summary or {}, [(item.uri, item.error) for item in failures])
    if job.error is not None:
        stdout().print(f"{job.error.detail} {job.error.remedy}", style="red", markup=False)


def print_summary(summary: Any, failures: Sequence[tuple[str, Any]]) -> None:
    """Types, causes of failures, slowest files. `failures` are (file, error with detail and remedy)."""
    from rich.table import Table

    console = stdout()
    if summary:
        seconds = summary.get("seconds", 0.0)
        line = f"{summary.get('done', 0)} of {summary.get('files', 0)} files in {seconds:.0f} s"
        console.print(f"{line}, {summary.get('pages', 0)} pages, {summary.get('pages_a_second', 0)} pages a second.")
    if types := summary.get("types"):
        table = Table("type", "files", box=None, header_style="bold")
        for name, count in types.items():
            table.add_row(_plain(str(name)), str(count))
        console.print(table)
    if slowest := summary.get("slowest"):
        table = Table("slowest files", "seconds", "pages", box=None, header_style="bold")
        for row in slowest:
            table.add_row(_plain(str(row["uri"])), f"{row['seconds']:.1f}", str(row["pages"]))
        console.print(table)
    if failures:
        table = Table("not loaded", "why", "what to do", box=None, header_style="bold")
        for name, error in failures[:SHOWN_FAILURES]:
            known = (
                error if isinstance(error, dict) else {"detail": error.detail, "remedy": error.remedy} if error else {}
            )
            table.add_row(_plain(name), _plain(str(known.get("detail", ""))), _plain(str(known.get("remedy", ""))))
        console.print(table)


def _title(job: Job) -> str:
    return ", ".join(job.sources[:3]) + (" ..." if len(job.sources) > 3 else "") or "what failed before"


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
