"""Results of `redwell eval` on their way into the service and onto the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from rag.cli import app as commands
from rag.client import RedwellClient
from rag.replies.evaluations import EvaluationRun
from tests.ui.test_pages import app, at, html
from ui.screens.evaluations import figure, row

__all__ = ["app"]


def result(folder: Path, name: str, f1: list[float]) -> str:
    """As `redwell eval answers --output` writes it."""
    outcomes = [
        {"id": f"q{at}", "kind": "answerable", "found": True, "rank": 1, "page_right": True, "quote_right": True}
        | {"f1": one, "exact": 0.0, "question": "A secret?", "answer": "A secret."}
        for at, one in enumerate(f1)
    ]
    path = folder / f"{name}.json"
    summary = {"n answerable": len(f1), "f1": sum(f1) / len(f1)}
    path.write_text(json.dumps({"set": "squad", "summary": summary, "outcomes": outcomes}))
    return str(path)


def record(api_url: str, *arguments: str) -> str:
    done = CliRunner().invoke(commands, ["eval", *arguments, "--url", api_url])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def none_kept(client: RedwellClient) -> RedwellClient:
    for run in client.evaluations():
        client.delete_evaluation(run.id)
    return client


def test_without_runs_the_page_says_how_to_keep_one(app: AppTest, none_kept: RedwellClient, lease: str) -> None:
    at(app, "insights")
    assert "redwell eval questions --record" in html(app)


def test_two_runs_are_kept_and_stand_beside_each_other(
    app: AppTest, api_url: str, none_kept: RedwellClient, lease: str, tmp_path: Path
) -> None:
    record(api_url, "record", result(tmp_path, "before", [0.0] * 30), "--model", "small", "--note", "as it was")
    record(api_url, "record", result(tmp_path, "after", [1.0] * 24 + [0.0] * 6))
    after, before = none_kept.evaluations()
    assert (before.name, before.set, before.model, before.note, before.count) == (
        "before",
        "squad",
        "small",
        "as it was",
        30,
    )
    assert "secret" not in json.dumps([dict(one.figures) for one in none_kept.evaluation(after.id).questions])

    at(app, "insights")
    assert not app.exception
    assert (app.selectbox(key="run_first").value, app.selectbox(key="run_second").value) == (before.id, after.id)
    assert "f1 (answerable, 30)" in html(app)
    assert '<span class="rw-status rw-ready">+0.800</span>' in html(app)

    assert after.id in record(api_url, "runs")
    record(api_url, "forget", after.id)
    assert [run.id for run in none_kept.evaluations()] == [before.id]


def test_a_file_that_is_no_result_is_refused(api_url: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"outcomes": [{"text": "x"}], "summary": {"f1": 1}}')
    done = CliRunner().invoke(commands, ["eval", "record", str(path), "--url", api_url])
    assert done.exit_code == 1


def test_a_run_is_a_row_of_shares() -> None:
    run = EvaluationRun(
        "r", "main", "squad", {"n answerable": 1, "f1": 0.5, "median seconds": 3.2, "MRR": 0.75}, count=1200
    )
    assert row(run)[:5] == ["main", "squad", "", "1,200", "f1 0.500, MRR 0.750"]
    assert [figure(value) for value in (0.5, 1.0, 200, 3.25, 0)] == ["0.500", "1.000", "200", "3.250", "0.000"]
