"""What a job writes for people and for data teams."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from ingestion.export import export
from ingestion.report import html, plot
from ingestion.run import dead, runner_name, wanted_stages
from ingestion.show import clock, line
from ingestion.watch import watched
from rag.errors import InvalidInput
from rag.intake.ingestions import Progress
from rag.model import Stage
from rag.services import Services
from tests.unit.batch.conftest import Load


async def test_parquet_holds_every_page_entity_and_chunk(
    services: Services, folder: Path, load: Load, tmp_path: Path
) -> None:
    outcome = await load(folder)
    assert await export(services.state, outcome.ingestion.id, tmp_path / "out") == 3
    tables = {path.stem: pyarrow.parquet.read_table(path) for path in (tmp_path / "out").glob("*.parquet")}
    assert {name: table.num_rows for name, table in tables.items()} == {
        "documents": 3, "pages": 4, "entities": 4, "chunks": 4,
    }  # fmt: skip
    assert sorted(tables["documents"]["filename"].to_pylist()) == ["a.txt", "b.txt", "c.txt"]


async def test_json_lines_are_one_document_each(services: Services, folder: Path, load: Load, tmp_path: Path) -> None:
    outcome = await load(folder)
    await export(services.state, outcome.ingestion.id, tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {row["filename"]: row["type"] for row in rows} == {
        "a.txt": "contract",
        "b.txt": "invoice",
        "c.txt": "letter",
    }
    assert [entity["text"] for row in rows if row["filename"] == "c.txt" for entity in row["entities"]] == ["Tom Reed"]


async def test_the_report_names_figures_and_failures(services: Services, folder: Path, load: Load) -> None:
    (folder / "<b>.txt").touch()
    outcome = await load(folder)
    failures = await services.state.items.items(outcome.ingestion.id, status=["failed"])
    page = html(outcome.ingestion, [(0.0, 0.0, 0.0, 100.0), (1.0, 3.0, 4.0, 101.0)], failures)
    assert page.count("<polyline") == 3
    assert "&lt;b&gt;.txt" in page
    assert "<b>.txt" not in page


def test_a_plot_begins_at_the_origin_and_ends_at_its_last_value() -> None:
    drawn = plot("x", [0, 10], [0, 5])
    assert 'points="40.0,160.0 600.0,20.0"' in drawn


def test_a_line_says_how_far_and_how_long() -> None:
    progress = Progress(files=10, done=4, failed=1, pages_read=20)
    assert line("loading", progress, 10.0) == (
        "loading: 5 of 10 files, 20 pages, 2.0 pages/s, 1 failed, 0 partial, 0:10 left"
    )
    assert [clock(seconds) for seconds in (5, 65, 3661)] == ["0:05", "1:05", "1:01:01"]


def test_stages_are_chosen_by_name() -> None:
    assert wanted_stages(["index", "read"]) == (Stage.INDEX,)
    assert len(wanted_stages([])) == 4
    with pytest.raises(InvalidInput, match="nonsense"):
        wanted_stages(["nonsense"])


def test_a_runner_of_this_machine_is_known_to_be_dead() -> None:
    own = runner_name("cli")
    kind, host, _, started = own.split("/")
    assert not dead(own)
    assert dead(f"{kind}/{host}/{2**22 - 1}/{started}")
    assert dead(f"{own}1"), "another process had this number"
    assert not dead(f"{kind}/elsewhere/1/0")


def test_what_is_watched_for_a_source(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").touch()
    assert watched(str(tmp_path / "a")) == str(tmp_path / "a")
    assert watched(str(tmp_path / "a" / "x.txt")) == str(tmp_path / "a")
    assert watched(str(tmp_path / "a" / "**" / "*.pdf")) == str(tmp_path / "a")
    assert watched("/nowhere/at/all") is None
