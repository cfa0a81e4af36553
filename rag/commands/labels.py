"""`redwell labels`: label sets, corrections, training and rollback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, report, reported, stdout

if TYPE_CHECKING:
    from rag.replies.labels import LabelSet

labels_app = typer.Typer(
    help="What documents are sorted into, and what was learned from corrections.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Label set, `type` for the document types.")]
Id = Annotated[str, typer.Argument(help="Document id.")]


@labels_app.command("list")
def list_sets(url: Url = DEFAULT_URL, api_key: ApiKey = None, json: Json = False) -> None:
    """The label sets: who decides, and how well."""
    from rich.markup import escape
    from rich.table import Table

    with reported(), client(url, api_key) as redwell:
        found = redwell.label_sets()
    if json:
        typer.echo(as_json(found))
        return
    table = Table("set", "labels", "corrections", "decides", "accuracy", box=None, header_style="bold")
    for one in found:
        active = next((model for model in one.models if model.active), None)
        table.add_row(
            escape(one.name),
            str(len(one.labels)),
            str(sum(one.corrections.values())),
            f"version {active.version}" if active else "descriptions",
            f"{active.accuracy:.2f} (descriptions {active.baseline:.2f})" if active else "",
        )
    stdout().print(table)


@labels_app.command()
def show(name: Name, url: Url = DEFAULT_URL, api_key: ApiKey = None, json: Json = False) -> None:
    """One set: its labels, corrections and versions."""
    with reported(), client(url, api_key) as redwell:
        _show(redwell.label_set(name), json)


@labels_app.command()
def define(
    name: Annotated[str, typer.Argument(help="Small letters, digits, dots and dashes.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML: label: description.")],
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Define a label set of your own, or replace its labels."""
    import yaml

    try:
        labels = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        report(f"{file} is no YAML: {error}", "Write one `label: description` a line.")
        raise typer.Exit(1) from None
    if not isinstance(labels, dict):
        report(f"{file} holds no labels.", "Write one `label: description` a line.")
        raise typer.Exit(1)
    with reported(), client(url, api_key) as redwell:
        _show(redwell.define_labels(name, {str(label): str(text) for label, text in labels.items()}), json)


@labels_app.command()
def drop(name: Name, url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """Forget a label set of your own, its corrections and its versions."""
    with reported(), client(url, api_key) as redwell:
        redwell.drop_labels(name)


@labels_app.command()
def correct(
    document_id: Id,
    label: Annotated[str, typer.Argument(help="The right label.")],
    name: Annotated[str, typer.Option("--set", help="Label set.")] = "type",
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Correct (or confirm) a document's label; it is kept over every later analysis."""
    with reported(), client(url, api_key) as redwell:
        found = redwell.correct_label(document_id, name, label)
    typer.echo(as_json(found) if json else "\n".join(f"{one.set}: {one.label}" for one in found))


@labels_app.command()
def train(name: Name, url: Url = DEFAULT_URL, api_key: ApiKey = None, json: Json = False) -> None:
    """Learn from the corrections now."""
    with reported(), client(url, api_key) as redwell:
        model = redwell.train_labels(name)
    if json:
        typer.echo(as_json(model))
        return
    verdict = "decides from now on" if model.active else "is stored, but is not better: nothing changes"
    stdout().print(
        f"Version {model.version}, from {model.samples} documents: accuracy {model.accuracy:.2f} ± {model.spread:.2f}, "
        f"the descriptions' {model.baseline:.2f}. It {verdict}.",
        markup=False,
    )


@labels_app.command()
def activate(
    name: Name,
    version: Annotated[int, typer.Argument(help="0: the descriptions.", min=0)],
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Roll back (or forward): the version that decides from now on."""
    with reported(), client(url, api_key) as redwell:
        _show(redwell.activate_labels(name, version or None), json)


def _show(found: LabelSet, json: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    if json:
        typer.echo(as_json(found))
        return
    console = stdout()
    labels = Table("label", "corrections", "description", box=None, header_style="bold")
    for label, text in found.labels.items():
        labels.add_row(escape(label), str(found.corrections.get(label, 0)), escape(text[:80]))
    console.print(labels)
    versions = Table("version", "documents", "accuracy", "descriptions", "calibration error", "", box=None)
    for model in found.models:
        versions.add_row(
            str(model.version),
            str(model.samples),
            f"{model.accuracy:.2f} ± {model.spread:.2f}",
            f"{model.baseline:.2f}",
            f"{model.error:.2f}",
            "decides" if model.active else "",
        )
    console.print(versions if found.models else "The descriptions decide; nothing was learned yet.")
