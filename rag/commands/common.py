"""What the commands share: options of the client, consoles, errors without a traceback, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.errors import RedwellError

if TYPE_CHECKING:
    from rich.console import Console

    from rag.client import RedwellClient

Url = Annotated[str, typer.Option("--url", envvar="REDWELL_API_URL", help="Address of the service.")]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", envvar="REDWELL_API_KEY", show_envvar=True, help="Key, where the service asks for one."),
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text for people.")]
ProfileName = Annotated[str, typer.Option(help="cpu, gpu or cluster.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", exists=True, dir_okay=False, help="YAML with settings over the profile's.")
]
DEFAULT_URL = "http://127.0.0.1:8000"


def stdout() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def stderr() -> Console:
    """For progress and errors: standard output stays clean for pipes."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def client(url: str, api_key: str | None) -> Iterator[RedwellClient]:
    from rag.client import RedwellClient

    with RedwellClient(url, api_key) as opened:
        yield opened


@contextmanager
def reported() -> Iterator[None]:
    """Errors of ours and of the API end the command with their detail and remedy, and exit code 1."""
    from rag.client import ApiError

    try:
        yield
    except (RedwellError, ApiError) as error:
        report(error.detail, error.remedy)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def report(detail: str, remedy: str) -> None:
    """Both come from elsewhere, so they are no markup."""
    console = stderr()
    console.print(detail, style="red", markup=False)
    if remedy:
        console.print(remedy, markup=False)


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON of dataclasses, mappings and dates; letters stay readable."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.dumps(plain, indent=indent, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
