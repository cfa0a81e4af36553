"""`redwell keys`: API keys, made, listed and revoked."""

from __future__ import annotations

from typing import Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, reported, stderr, stdout

keys_app = typer.Typer(help="API keys: who may do what, with which collections, how much.", no_args_is_help=True)


@keys_app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is or what for.")],
    scope: Annotated[list[str] | None, typer.Option(help="read, write or admin; each includes the one before.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Another tenant than your own.", show_default=False)] = None,
    collection: Annotated[list[str] | None, typer.Option(help="Only these collections; repeatable.")] = None,
    expires_in_days: Annotated[float | None, typer.Option(help="Days until it ends by itself.")] = None,
    requests_per_minute: Annotated[int | None, typer.Option(help="Over all replicas together.")] = None,
    documents: Annotated[int | None, typer.Option(help="Documents that it may have stored at a time.")] = None,
    size: Annotated[int | None, typer.Option("--bytes", help="Bytes of those documents together.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Make a key. Its text is printed once and kept nowhere."""
    with reported(), client(url, api_key) as redwell:
        made = redwell.create_key(
            name,
            scopes=scope or ["read"],
            tenant=tenant,
            collections=collection or (),
            expires_in_days=expires_in_days,
            requests_per_minute=requests_per_minute,
            documents=documents,
            bytes=size,
        )
    if json:
        typer.echo(as_json(made))
        return
    stderr().print(f"{made.id}: {', '.join(made.scopes)} in tenant {made.tenant}. It is not shown again:", markup=False)
    typer.echo(made.key)


@keys_app.command("list")
def list_keys(url: Url = DEFAULT_URL, api_key: ApiKey = None, json: Json = False) -> None:
    """Every key that you may see, newest first."""
    from rich.markup import escape
    from rich.table import Table

    with reported(), client(url, api_key) as redwell:
        found = redwell.keys()
    if json:
        typer.echo(as_json(found))
        return
    table = Table("id", "name", "tenant", "scopes", "collections", "state", box=None, header_style="bold")
    for one in found:
        ends = f"until {one.expires_at:%Y-%m-%d}" if one.expires_at else "valid"
        table.add_row(
            one.id,
            escape(one.name),
            one.tenant,
            ", ".join(one.scopes),
            "all" if one.collections is None else ", ".join(one.collections),
            f"revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else ends,
        )
    stdout().print(table)


@keys_app.command()
def revoke(
    id: Annotated[str, typer.Argument(help="Of `redwell keys list`.")], url: Url = DEFAULT_URL, api_key: ApiKey = None
) -> None:
    """End a key, everywhere within five seconds."""
    with reported(), client(url, api_key) as redwell:
        gone = redwell.revoke_key(id)
    typer.echo(f"{gone.id} ({gone.name}) is revoked")
