"""`redwell rollout`: start, status, stop."""

from __future__ import annotations

from typing import Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, reported, stdout
from rag.replies.rollouts import ArmCount, ModelRollout

rollout_app = typer.Typer(help="Let another language model answer, a share of the questions at a time.")


@rollout_app.command()
def start(
    model: Annotated[str, typer.Argument(help="A name in `models` of the settings.")],
    mode: Annotated[str, typer.Option(help="gradual, split (a fixed share) or shadow (unseen copies).")] = "gradual",
    steps: Annotated[str, typer.Option(help="Shares of the questions, by commas; usually 0.01,0.1,0.5,1.")] = "",
    requests: Annotated[int | None, typer.Option(help="Answers of the new model in each step.")] = None,
    seconds: Annotated[float | None, typer.Option(help="The least time of a step.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Begin; it goes on by itself, and stops by itself where the new model fails more or is slower."""
    try:
        shares = [float(part) for part in steps.split(",") if part.strip()]
    except ValueError:
        raise typer.BadParameter("Write shares like 0.01,0.1,0.5,1.") from None
    with reported(), client(url, api_key) as redwell:
        _show(redwell.start_rollout(model, mode=mode, steps=shares, requests=requests, seconds=seconds), json)


@rollout_app.command()
def status(url: Url = DEFAULT_URL, api_key: ApiKey = None, json: Json = False) -> None:
    """The models, and the rollouts with what was counted, newest first."""
    with reported(), client(url, api_key) as redwell:
        found = redwell.rollouts()
    if json:
        typer.echo(as_json(found))
        return
    stdout().print(f"Models: {', '.join(found.models)}", markup=False)
    for one in found.rollouts:
        _show(one, False)


@rollout_app.command()
def stop(
    rollout_id: Annotated[str | None, typer.Argument(help="Without one: what runs, or was promoted last.")] = None,
    reason: Annotated[str, typer.Option(help="Kept with it.")] = "Stopped by hand.",
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """The stable model answers everything again."""
    with reported(), client(url, api_key) as redwell:
        _show(redwell.stop_rollout(rollout_id, reason=reason), json)


def _show(one: ModelRollout, json: bool) -> None:
    if json:
        typer.echo(as_json(one))
        return
    asked = f", {one.in_step} of {one.guard.requests} answers in this step" if one.status == "running" else ""
    agreed = "" if one.agreement is None else f" They share {one.agreement:.0%} of their words."
    stdout().print(
        f"{one.id} {one.stable} -> {one.candidate} ({one.mode}): {one.status} at {one.weight:.0%}{asked}. "
        f"{_counted('stable', one.arms.stable)}; {_counted('candidate', one.arms.candidate)}.{agreed} {one.reason}".rstrip(),
        markup=False,
    )


def _counted(name: str, arm: ArmCount) -> str:
    slow = "" if arm.slow_seconds is None else f", slowest tenth over {arm.slow_seconds:.2f} s"
    return f"{name} {arm.failures} of {arm.requests} failed{slow}"
