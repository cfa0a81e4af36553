"""`redwell chaos`."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.commands.common import as_json, reported, stderr, stdout

if TYPE_CHECKING:
    from rag.chaos.report import Row
    from rag.chaos.stack import Stack

SCENARIOS = ("replicas", "gcs", "upgrade", "stack", "burst", "slow-clients", "snapshots", "soak")
NOWHERE = "http://127.0.0.1:9/v1"
"""Where nobody listens: a language model that is away."""


def chaos(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help=f"Of: {', '.join(SCENARIOS)}. All, when none is named.")
    ] = None,
    times: Annotated[int, typer.Option(help="Kills of each kind; rounds.")] = 3,
    seconds: Annotated[float, typer.Option(help="Time for the kills of a scenario, and for the soak.")] = 600,
    requests: Annotated[
        int, typer.Option(help="Sent at once in the burst; five times as many follow, 200 in flight.")
    ] = 2000,
    clients: Annotated[int, typer.Option(help="Slow clients.")] = 200,
    llm: Annotated[
        bool, typer.Option(help="With the language model; without it, the stack starts in half the time.")
    ] = True,
    replicas: Annotated[int, typer.Option(help="Of each deployment but the language model's.")] = 1,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Deployments that are killed, ServeController and ProxyActor among them. All, when none is named."
        ),
    ] = None,
    redis: Annotated[bool, typer.Option(help="Keep the GCS's state in a Redis of its own.")] = True,
    folder: Annotated[Path | None, typer.Option(help="Keep data and logs here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the rows to this file too.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw memory and file handles of the soak into this file (svg, png, pdf).")
    ] = None,
) -> None:
    """Start a Redwell of its own, hurt it, and say what callers saw. Exit code 1 when something did not hold."""
    from rag.chaos.heads import redis as start_redis
    from rag.chaos.stack import Stack
    from rag.errors import InvalidInput

    def interrupt(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not cut off the end of what was started
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    with reported():
        wanted = scenarios or list(SCENARIOS)
        if unknown := set(wanted) - set(SCENARIOS):
            raise InvalidInput(f"There is no scenario '{unknown.pop()}'.", f"Choose of: {', '.join(SCENARIOS)}.")
        with tempfile.TemporaryDirectory(prefix="redwell-chaos-") as scratch, ExitStack() as running:
            home = (folder or Path(scratch)).resolve()
            settings = _replicated(replicas) | ({} if llm else {"REDWELL_LLM__BASE_URL": NOWHERE})
            backed = redis and "gcs" in wanted
            if backed:
                settings["RAY_REDIS_ADDRESS"] = running.enter_context(start_redis(home / "redis"))
            stack = Stack(home, settings)
            rows: list[Row] = []
            try:
                _progress(f"started in {stack.start():.0f} s, {stack.url}")
                for name in wanted:
                    rows.extend(_run(name, stack, times, seconds, requests, clients, only or (), backed))
                    if json is not None:
                        json.write_text(as_json(rows))
            finally:
                stack.stop()
                stack.kill()
    _draw(rows, picture)
    _show(rows)
    if not all(row.passed for row in rows):
        raise typer.Exit(1)


def _replicated(number: int) -> dict[str, str]:
    """Settings for so many replicas of everything that is small; what has more by itself keeps them."""
    if number == 1:
        return {}
    sections = (
        "READING__SCALING",
        "ENTITIES__SCALING",
        "CLASSIFYING__SCALING",
        "EMBEDDING__SCALING",
        "RETRIEVAL__SCALING",
    )
    others = ("ANALYSIS__SCALING", "ANALYSIS__INGRESS")
    return {
        f"REDWELL_{section}__{end}_REPLICAS": str(number) for section in (*sections, *others) for end in ("MIN", "MAX")
    }


def _run(
    name: str,
    stack: Stack,
    times: int,
    seconds: float,
    requests: int,
    clients: int,
    only: Sequence[str],
    backed: bool,
) -> Iterator[Row]:
    from rag.chaos.broken import broken_snapshots
    from rag.chaos.floods import burst, slow_clients
    from rag.chaos.heads import gcs
    from rag.chaos.replicas import replicas
    from rag.chaos.soak import soak
    from rag.chaos.upgrades import upgrades
    from rag.chaos.whole import whole
    from rag.launch import SAMPLES

    until = time.monotonic() + seconds
    run: dict[str, Callable[[], Iterator[Row]]] = {
        "replicas": lambda: replicas(stack, SAMPLES, times=times, until=until, progress=_progress, only=only),
        "gcs": lambda: gcs(stack, times=times, backed=backed, progress=_progress),
        "upgrade": lambda: upgrades(stack, times=times, progress=_progress),
        "stack": lambda: whole(stack, times=times, until=until, progress=_progress),
        "burst": lambda: burst(
            stack, at_the_same_time=requests, queries=5 * requests, in_flight=min(200, requests), progress=_progress
        ),
        "slow-clients": lambda: slow_clients(stack, clients=clients, progress=_progress),
        "snapshots": lambda: broken_snapshots(stack, times=times, progress=_progress),
        "soak": lambda: soak(stack, seconds=seconds, progress=_progress),
    }
    yield from run[name]()


def _draw(rows: list[Row], picture: Path | None) -> None:
    from rag.chaos.plot import plot

    for row in rows:
        if picture is not None and row.scenario == "soak":
            plot(row.seen["samples"], row.action, picture)


def _show(rows: list[Row]) -> None:
    from rich.table import Table

    table = Table("scenario", "done", "times", "raw", "failed", "client", "failed", "again after", "", box=None)
    for row in rows:
        again = "" if row.recovered_seconds is None else f"{row.recovered_seconds:.1f} s"
        counts = (row.times, row.requests, row.raw_failures, row.client_requests, row.client_failures)
        table.add_row(
            row.scenario, row.action, *(str(one) for one in counts), again, "held" if row.passed else "DID NOT HOLD"
        )
    stdout().print(table)
    for row in rows:
        shown = {name: value for name, value in row.seen.items() if name != "samples"}
        stdout().print(f"{row.action}: {as_json(shown, indent=None)}", markup=False)


def _progress(line: str) -> None:
    stderr().print(line, markup=False)
