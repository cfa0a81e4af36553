"""`redwell tags` and `redwell tag`."""

from __future__ import annotations

from typing import Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, reported, stdout


def tags(
    collection: Annotated[str | None, typer.Option(help="Only of this collection's documents.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """List the tags with the number of their documents."""
    with reported(), client(url, api_key) as redwell:
        found = redwell.tags(collection=collection)
    if json:
        typer.echo(as_json(found))
        return
    for one in found:
        stdout().print(f"{one.documents:6}  {one.tag}", markup=False)
    if not found:
        stdout().print("There are no tags.")


def tag(
    document_ids: Annotated[
        list[str], typer.Argument(help="Ids, as `redwell documents` lists them.", show_default=False)
    ],
    add: Annotated[list[str] | None, typer.Option(help="A tag to put to them; repeatable.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A tag to take from them; repeatable.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Put tags to documents, or take tags from them."""
    with reported(), client(url, api_key) as redwell:
        redwell.tag(document_ids, add=add or [], remove=remove or [])
