"""`redwell eval record`, `runs` and `forget`: results that the service keeps, so that the page shows and compares them."""

from __future__ import annotations

import json as jsons
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, reported, stdout
from rag.errors import InvalidInput
from rag.replies.evaluations import EvaluationRun

SHOWN_FIGURES = 4
Set = Annotated[
    str | None, typer.Option("--set", help="The question set; runs of one set are compared. Usually the file says it.")
]


def record(
    files: Annotated[list[Path], typer.Argument(help="Results that `redwell eval ... --output` wrote.")],
    name: Annotated[str | None, typer.Option(help="What to call the run; its file's name without it.")] = None,
    set_name: Set = None,
    model: Annotated[str, typer.Option(help="The model that answered.")] = "",
    note: Annotated[str, typer.Option(help="What was different in this run.")] = "",
    collection: Annotated[str | None, typer.Option(help="The collection that was asked.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Have the running service keep results: the page shows them under Insights. Figures and question ids only, no texts."""
    with reported():
        for file in files:
            try:
                result = jsons.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise InvalidInput(
                    f"'{file}' is not the result of an evaluation.",
                    "Name a file that `redwell eval ... --output` wrote.",
                ) from error
            keep(
                result,
                name or file.stem,
                set_name or file.stem,
                url,
                api_key,
                model=model,
                note=note,
                collection=collection,
            )


def keep(result: Any, name: str, set_name: str, url: str, api_key: str | None, **more: str | None) -> None:
    """`set_name` where the result does not say its set. Raises InvalidInput, ApiError."""
    from rag.evaluation.runs import figures, measured

    try:
        found = figures(result)
        questions = [asdict(one) for one in measured(result)] if isinstance(result, Mapping) else []
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput("The outcomes are not those of an evaluation.", "Run it again with --output.") from error
    if not found:
        raise InvalidInput("The result holds no figures.", "Name a file that `redwell eval ... --output` wrote.")
    own = str(result.get("set") or set_name) if isinstance(result, Mapping) else set_name
    with client(url, api_key) as redwell:
        kept = redwell.keep_evaluation(name, own, found, questions, **more)
    stdout().print(f"kept as {kept.id}: {kept.name}, {len(found)} figures, {kept.count} questions", markup=False)


def runs(set_name: Set = None, url: Url = DEFAULT_URL, api_key: ApiKey = None, json: Json = False) -> None:
    """The runs that the service keeps, newest first."""
    with reported(), client(url, api_key) as redwell:
        found = redwell.evaluations(set=set_name)
    if json:
        typer.echo(as_json(found))
        return
    for run in found:
        stdout().print(line(run), markup=False)


def forget(
    evaluation_id: Annotated[str, typer.Argument(help="As `redwell eval runs` shows it.")],
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Delete a run that the service keeps."""
    with reported(), client(url, api_key) as redwell:
        redwell.delete_evaluation(evaluation_id)


def line(run: EvaluationRun) -> str:
    shown = [f"{name} {value:.3f}" for name, value in run.figures.items() if 0 <= value <= 1][:SHOWN_FIGURES]
    when = f"{run.created_at:%Y-%m-%d %H:%M}" if run.created_at else ""
    return f"{run.id} {when} {run.name} ({run.set}, {run.count} questions): {', '.join(shown)}"
