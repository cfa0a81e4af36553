"""`redwell reanalyse` and `redwell candidate`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, reported, stderr, stdout

POLL_SECONDS = 1.0


def reanalyse(
    stage: Annotated[str, typer.Option(help="entities, classify, index, summary or fields.")],
    collection: Annotated[str | None, typer.Option(help="Only this collection.")] = None,
    wait: Annotated[bool, typer.Option(help="Follow it to its end; it goes on without you.")] = True,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Run one stage again over the documents where it is out of date, and show what changed."""
    with reported(), client(url, api_key) as redwell:
        found = redwell.reanalyse(stage, collection=collection)
        if not json:
            stderr().print(f"{found.waiting} documents are queued.", markup=False)
        while wait and found.waiting:
            time.sleep(POLL_SECONDS)
            found = redwell.rerun(stage, collection=collection)
    if json:
        typer.echo(as_json(found))
        return
    change = found.comparison
    console = stdout()
    console.print(
        f"{change.documents} documents compared, {change.unchanged} unchanged; facts: {change.kept} kept, "
        f"{change.removed} gone, {change.added} new (agreement {change.agreement:.2f}). Out of date: {found.outdated}.",
        markup=False,
    )
    for one in change.examples:
        console.print(f"  {one.document_id}: - {'; '.join(one.removed[:3])} + {'; '.join(one.added[:3])}", markup=False)


def candidate(
    stage: Annotated[str, typer.Argument(help="entities, classify, summary or fields.")] = "entities",
    mode: Annotated[str | None, typer.Option(help="shadow, share, promoted or dropped.")] = None,
    weight: Annotated[float, typer.Option(min=0, max=1, help="Share of the documents.")] = 0.0,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Show a candidate's results beside those of the model in charge; --mode changes its standing."""
    with reported(), client(url, api_key) as redwell:
        found = redwell.decide_candidate(stage, mode, weight=weight) if mode else redwell.candidate(stage)
    if json:
        typer.echo(as_json(found))
        return
    change = found.comparison
    stdout().print(
        f"{found.candidate or 'No candidate'}: {found.mode} (weight {found.weight:g}), beside {found.in_charge}. "
        f"{change.documents} documents compared: {change.kept} facts in both, {change.removed} only in charge, "
        f"{change.added} only the candidate (agreement {change.agreement:.2f}).",
        markup=False,
    )
    if found.corrected.labels:
        right = found.corrected
        said = f"Of {right.labels} labels that people gave, {right.in_charge} right in charge, {right.candidate} the candidate."
        stdout().print(said, markup=False)
