"""`redwell ingest` and `redwell documents`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, report, reported, stderr, stdout
from rag.commands.jobs import follow
from rag.intake.names import left_out

if TYPE_CHECKING:
    from rag.client import RedwellClient
    from rag.replies.documents import Document, Problem
    from rag.replies.jobs import Job

IN_FLIGHT = 8
"""Documents that are sent and followed at a time: enough to keep the service busy."""


def ingest(
    sources: Annotated[
        list[str], typer.Argument(help="Files, folders, s3://, gs://, az://, https://.", show_default=False)
    ],
    collection: Annotated[str | None, typer.Option(help="Collection to put them in.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Languages for OCR, as tesseract calls them: eng, deu+eng.")
    ] = None,
    metadata: Annotated[
        list[str] | None, typer.Option("--metadata", "-m", metavar="KEY=VALUE", help="May be given again.")
    ] = None,
    include: Annotated[list[str] | None, typer.Option(help="Only names that match, e.g. '*.pdf'.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Not names that match.")] = None,
    stages: Annotated[str, typer.Option(help="Only these: read,entities,classify,index,summary.")] = "",
    sync: Annotated[bool, typer.Option(help="Delete documents whose file is gone from the sources.")] = False,
    retry_failed: Annotated[bool, typer.Option(help="Only what failed before in these collections.")] = False,
    max_failures: Annotated[int | None, typer.Option(min=0, help="Stop after more failures than this.")] = None,
    callback_url: Annotated[str | None, typer.Option(help="Is told, signed, when the job or a document ends.")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="REDWELL_FILE_PASSWORD", help="Opens encrypted files; used once and not kept.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow every document to its end.")] = True,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Load files into the service and follow them. Exit code 1 when any of them failed.

    What the service can read itself (its setting `ingestion.allow`) becomes a job there, which goes on where it was when
    it is run again; other files are uploaded. With --json each event or outcome is one line.
    """
    places = [place if "://" in place else str(Path(place).absolute()) for place in sources]
    for given, place in zip(sources, places, strict=True):
        if "://" not in place and not Path(place).exists() and not set("*?[") & set(place):
            raise typer.BadParameter(f"There is no file or folder '{given}'.", param_hint="SOURCES")
    shared = {"collection": collection, "language": language, "metadata": parse_metadata(metadata or [])}
    only_jobs = {
        "include": include,
        "exclude": exclude,
        "stages": [name.strip() for name in stages.split(",") if name.strip()],
        "sync": sync or None,
        "retry_failed": retry_failed or None,
        "max_failures": max_failures,
    }
    if password and (any("://" in place for place in places) or any(only_jobs.values())):
        raise typer.BadParameter("A password goes with files of this machine, and with none of a job's options.")
    must = any("://" in place or set("*?[") & set(place) for place in places) or any(only_jobs.values())
    if not must and not any(True for _ in walk(Path(place) for place in places)):
        report("There is no file in what was named.", "Name files, or folders that hold some.")
        raise typer.Exit(1)
    with reported(), client(url, api_key) as redwell:
        redwell.health()
        options = {**shared, **only_jobs, "callback_url": callback_url}
        # A password goes with an upload: a job is written down, a password never is.
        job = None if password else _start(redwell, [] if retry_failed else places, options, must=must)
        if job is not None:
            ended = follow(redwell, job.id, json=json) if wait else job
            if ended.status in ("failed", "cancelled") or ended.progress.failed:
                raise typer.Exit(1)
            return
        _upload(
            redwell,
            [Path(place) for place in places],
            {**shared, "callback_url": callback_url, "password": password},
            wait=wait,
            json=json,
        )


def _start(redwell: RedwellClient, places: list[str], options: dict[str, Any], *, must: bool) -> Job | None:
    """The job, or None where the service does not read these sources and they can be uploaded instead."""
    from rag.client import ApiError

    try:
        return redwell.start_job(places, **options)
    except ApiError as error:
        refused = error.code == "source_not_allowed" or error.status in (404, 405)  # an older service has no jobs
        if must or not refused:
            raise
        return None


def _upload(redwell: RedwellClient, files: list[Path], options: dict[str, Any], *, wait: bool, json: bool) -> None:
    paths = list(walk(files))
    failed = 0
    for outcome in _load(redwell, paths, options, follow=wait, quiet=json):
        failed += outcome.failed
        if json:
            typer.echo(as_json(outcome, indent=None))
    if not json:
        stdout().print(f"{len(paths) - failed} of {len(paths)} documents are in.", markup=False)
    if failed:
        raise typer.Exit(1)


def retry(
    document_id: Annotated[str, typer.Argument(help="Id of the document, as `redwell documents` lists it.")],
    password: Annotated[
        str | None, typer.Option(envvar="REDWELL_FILE_PASSWORD", help="Opens a file that failed for want of it.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow the document to its end.")] = True,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Run again what failed of a document. Exit code 1 when it fails once more."""
    with reported(), client(url, api_key) as redwell:
        record = redwell.retry(document_id, password=password)
        if wait:
            record = redwell.wait(document_id, timeout=24 * 3600)
    if json:
        typer.echo(as_json(record))
    elif record.error is not None:
        report(record.error.detail, record.error.remedy)
    else:
        stdout().print(f"{record.filename}: {record.status}", markup=False)
    if record.status == "failed":
        raise typer.Exit(1)


def list_documents(
    collection: Annotated[str | None, typer.Option(help="Only this collection.")] = None,
    parent: Annotated[str | None, typer.Option(help="Only what came in this mail or archive (its id).")] = None,
    status: Annotated[str | None, typer.Option(help="queued, reading, analyzing, ready, partial or failed.")] = None,
    type: Annotated[str | None, typer.Option(help="Only documents of this type.")] = None,
    entity: Annotated[str | None, typer.Option(help="Only documents that name this.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only documents with this tag.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """List the documents in the service."""
    from rich.table import Table

    with reported(), client(url, api_key) as redwell:
        found = list(
            redwell.documents(collection=collection, parent_id=parent, status=status, type=type, entity=entity, tag=tag)
        )
    if json:
        typer.echo(as_json(found))
        return
    table = Table("id", "file", "collection", "pages", "type", "status", box=None, header_style="bold")
    for document in found:
        label = document.classification.label if document.classification else ""
        pages = str(document.page_count or "")
        cells = (document.id, document.filename, document.collection, pages, label, document.status)
        table.add_row(*(_plain(cell) for cell in cells))
    stdout().print(table if found else "There are no documents.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    file: str
    status: str
    id: str | None = None
    duplicate: bool = False
    error: str = ""
    remedy: str = ""

    @property
    def failed(self) -> bool:
        return self.status in ("rejected", "failed")


def walk(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are named; folders recursively in order of name, hidden files left out."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for inner in sorted(path.rglob("*")):
            name = inner.relative_to(path).as_posix()
            if inner.is_file() and not left_out(name):
                yield inner


def parse_metadata(pairs: Iterable[str]) -> dict[str, str]:
    """['a=1', 'b=x=y'] -> {'a': '1', 'b': 'x=y'}. Raises BadParameter for a pair without a key."""
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"'{pair}' is not KEY=VALUE.", param_hint="--metadata")
        found[key.strip()] = value
    return found


def stage_of(document: Document) -> str:
    """What a document is doing now, in a few words: 'read 3 of 12', 'entities, summary'."""
    running = [(name, stage) for name, stage in document.stages.items() if stage.status == "running"]
    if document.final or not running:
        return document.status
    words = [f"{name} {stage.done} of {stage.total}" if stage.total else name for name, stage in running]
    return ", ".join(words)


def progress_of(document: Document) -> float:
    """0..1 over the stages, counting what a running stage says it has done."""
    if document.final:
        return 1.0
    stages = list(document.stages.values())
    parts = [
        1.0 if stage.status in ("done", "failed", "skipped") else _share(stage.done, stage.total) for stage in stages
    ]
    return sum(parts) / len(parts) if parts else 0.0


def _share(done: int, total: int) -> float:
    return min(done / total, 1.0) if total else 0.0


def _load(
    redwell: RedwellClient, paths: list[Path], options: dict[str, Any], *, follow: bool, quiet: bool
) -> Iterator[Outcome]:
    """Outcomes in the order of the paths; IN_FLIGHT threads send and follow them, each with a bar of its own."""
    from concurrent.futures import ThreadPoolExecutor

    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.fields[name]}"),
        BarColumn(24),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr(), disable=quiet) as bars, ThreadPoolExecutor(IN_FLIGHT) as threads:

        def one(path: Path) -> Outcome:
            bar = bars.add_task("", total=1.0, name=_plain(path.name), stage="sending")

            def show(stage: str, share: float) -> None:
                bars.update(bar, completed=share, stage=_plain(stage))

            outcome = _load_one(redwell, path, options, show, follow=follow)
            show(f"{outcome.status}: {outcome.error} {outcome.remedy}" if outcome.error else outcome.status, 1.0)
            return outcome

        yield from threads.map(one, paths)


def _load_one(redwell: RedwellClient, path: Path, options: dict[str, Any], show: Any, *, follow: bool) -> Outcome:
    from rag.client import ApiError

    try:
        (upload,) = redwell.upload([path], **options)
        if upload.id is None or not follow:
            return _outcome(path, upload.status, upload.id, upload.duplicate, upload.error)
        record = _follow(redwell, upload.id, show)
    except ApiError as error:
        if error.code == "unreachable":
            raise
        return Outcome(str(path), "failed", error=error.detail, remedy=error.remedy)
    return _outcome(path, record.status, record.id, upload.duplicate, record.error)


def _outcome(path: Path, status: str, id: str | None, duplicate: bool, problem: Problem | None) -> Outcome:
    if problem is None:
        return Outcome(str(path), status, id, duplicate)
    return Outcome(str(path), status, id, duplicate, problem.detail, problem.remedy)


def _follow(redwell: RedwellClient, document_id: str, show: Any) -> Document:
    """The final record. The stream of events is only for the bar: where it breaks off, asking goes on."""
    from rag.client import ApiError

    try:
        for record in redwell.events(document_id):
            show(stage_of(record), progress_of(record))
    except ApiError as error:
        show(error.code, 0.0)
    return redwell.wait(document_id, timeout=24 * 3600)


def _plain(text: str) -> str:
    """Text of others inside rich: its brackets are no markup."""
    from rich.markup import escape

    return escape(text)
