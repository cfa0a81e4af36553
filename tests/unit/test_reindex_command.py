"""`redwell reindex` against a played service."""

from __future__ import annotations

import json

import httpx
import pytest
from typer.testing import CliRunner

from rag.calls.index import IndexCalls
from rag.cli import app
from rag.commands import index as command


class Played:
    """Answers POST and DELETE with the next state, GET with the ones after it."""

    def __init__(self, *states: dict) -> None:
        self.states = list(states)
        self.asked: list[tuple[str, dict]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, json.loads(request.content or b"{}")))
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return httpx.Response(409 if "code" in state else 200, json=state)


IDLE = {"model": "old/bfloat16", "reindex": None, "switched": True, "chunks": 10}
MOVING = {**IDLE, "reindex": {"model": "new/bfloat16", "state": "building", "done": 4, "total": 10}}
MOVED = {**IDLE, "model": "new/bfloat16"}
FAILED = {
    **IDLE,
    "reindex": {**MOVING["reindex"], "state": "failed", "error": {"detail": "no model", "remedy": "name one"}},
}


@pytest.fixture
def run(monkeypatch):
    def with_service(played: Played, *arguments: str):
        monkeypatch.setattr(
            command, "client", lambda url, key: IndexCalls("http://redwell", transport=httpx.MockTransport(played))
        )
        monkeypatch.setattr(command, "POLL_SECONDS", 0)
        return CliRunner().invoke(app, ["reindex", *arguments])

    return with_service


def test_it_starts_shows_the_progress_and_waits_for_every_index(run) -> None:
    played = Played(IDLE, MOVING, MOVING, {**MOVED, "switched": False}, MOVED)
    result = run(played, "--model", "new")
    assert result.exit_code == 0
    assert ("POST", {"model": "new"}) in played.asked
    assert "4 of 10 chunks" in result.output
    assert "every index searches new/bfloat16" in result.output


def test_a_move_that_runs_already_is_followed(run) -> None:
    played = Played(MOVING, MOVING, MOVED)
    assert run(played).exit_code == 0
    assert {method for method, _ in played.asked} == {"GET"}


def test_a_failure_ends_with_its_remedy(run) -> None:
    result = run(Played(IDLE, MOVING, FAILED), "--model", "new")
    assert result.exit_code == 1
    assert "no model" in result.output
    assert "name one" in result.output


def test_cancel(run) -> None:
    played = Played(IDLE)
    assert run(played, "--cancel").exit_code == 0
    assert played.asked == [("DELETE", {})]
