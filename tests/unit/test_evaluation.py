"""Question sets, their scores and their comparison, on sets made here."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rag.cli import app
from rag.errors import ConfigurationError
from rag.evaluation.answers import Outcome, contains, report, summarise, word_f1
from rag.evaluation.compare import compare, plot, read_run
from rag.evaluation.corpora import load_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    articles = [
        {
            "title": title,
            "paragraphs": [
                {
                    "context": f"{title} lies on the coast.",
                    "qas": [
                        {
                            "id": f"{title}-1",
                            "question": f"Where is {title}?",
                            "is_impossible": False,
                            "answers": [{"text": "on the coast"}, {"text": "on the coast"}],
                        },
                        {
                            "id": f"{title}-2",
                            "question": f"Who owns {title}?",
                            "is_impossible": True,
                            "answers": [],
                        },
                    ],
                }
            ],
        }
        for title in ("Northport", "Southport", "Eastport")
    ]
    with gzip.open(tmp_path / "squad2.json.gz", "wt") as file:
        json.dump({"data": articles}, file)
    return tmp_path


def outcome(key: str, kind: str = "answerable", **values: Any) -> Outcome:
    fields: dict[str, Any] = {
        "id": key,
        "kind": kind,
        "question": "?",
        "answer": "",
        "found": True,
        "source": "right.txt",
        "ranked": ("right.txt", "other.txt"),
        "rank": 1,
        "cited": 1,
        "cited_right": 1,
        "page_right": True,
        "quote_right": True,
        "exact": 0.0,
        "f1": 0.5,
        "told": True,
        "written": False,
        "sentences": 1,
        "supported": 1,
        "seconds": 0.1,
    }
    return Outcome(**{**fields, **values})


def test_an_answerable_question_is_also_put_to_the_other_articles(folder: Path) -> None:
    found = load_set("squad", folder)
    absent = next(q for q in found.questions if q.id == "Southport-1-absent")
    assert absent.kind == "absent"
    assert absent.collections == ("Northport", "Eastport")
    assert [q.kind for q in found.questions].count("answerable") == 3
    assert [q.kind for q in found.questions].count("unanswerable") == 3


def test_a_passage_name_does_not_tell_its_article(folder: Path) -> None:
    found = load_set("squad", folder)
    assert [source.name for source in found.sources] == ["passage-0-000.txt", "passage-1-000.txt", "passage-2-000.txt"]
    assert found.sources[1].collection == "Southport"
    assert found.questions[0].answers == ("on the coast",)


def test_a_sample_is_drawn_of_each_kind_and_is_repeatable(folder: Path) -> None:
    one, two = (load_set("squad", folder, sample=1, seed=3) for _ in range(2))
    assert sorted(q.kind for q in one.questions) == ["absent", "answerable", "unanswerable"]
    assert one.questions == two.questions


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="squad2"):
        load_set("squad", tmp_path)
    with pytest.raises(ConfigurationError, match="no question set 'trivia'"):
        load_set("trivia", tmp_path)


def test_contracts_are_put_to_the_contract_itself(tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    row = {"document": "a.pdf", "question": "When does it end?", "spans": ["It ends in May."], "clause": "End"}
    (tmp_path / "contracts" / "questions.jsonl").write_text(json.dumps(row) + "\n")
    found = load_set("contracts", tmp_path)
    assert found.questions[0].document == "a.pdf"
    assert found.questions[0].spans == ("It ends in May.",)
    assert found.sources[0].path == tmp_path / "contracts" / "a.pdf"


def test_a_folder_of_our_own_format_is_a_set(tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text("The rent is 5.")
    row = {
        "id": "q1",
        "question": "What is the rent?",
        "answers": ["5"],
        "documents": ["lease.txt"],
        "answerable": True,
    }
    (tmp_path / "questions.jsonl").write_text(json.dumps(row) + "\n")
    found = load_set("folder", tmp_path)
    assert [source.path for source in found.sources] == [tmp_path / "lease.txt"]
    assert (found.questions[0].source, found.questions[0].spans) == ("lease.txt", ("5",))


@pytest.mark.parametrize(
    ("text", "span", "held"),
    [
        ("the term shall\nbe five (5) years.", "Five (5) Years", True),
        ("the term shall be five years.", "six years", False),
        ("anything", "", False),
        ("tail of a clause " + "x" * 120, "head on the page before " + "y" * 100 + "x" * 120, True),
    ],
)
def test_a_span_is_found_by_its_letters(text: str, span: str, held: bool) -> None:
    assert contains(text, span) is held


def test_word_f1_is_squads() -> None:
    assert word_f1("The 10th century.", "10th century") == 1.0
    assert word_f1("in the 10th century", "10th century") == pytest.approx(0.8)
    assert word_f1("Rollo", "10th century") == 0.0


def test_the_summary_counts_refusals_by_kind() -> None:
    rows = [
        outcome("a"),
        outcome(
            "b",
            found=False,
            rank=7,
            ranked=(*"uvwxyz", "right.txt"),
            page_right=False,
            quote_right=False,
            cited=0,
            cited_right=0,
            sentences=0,
        ),
        outcome("c", "absent", found=False),
        outcome("d", "absent", found=True, supported=0, written=True),
        outcome("e", "unanswerable", found=False),
    ]
    figures = summarise(rows)
    assert figures["answerable refused"] == 0.5
    assert figures["absent refused"] == 0.5
    assert figures["unanswerable refused"] == 1.0
    assert figures["right document in top 5"] == 0.5
    assert figures["RR@10"] == pytest.approx((1 + 1 / 7) / 2)
    assert figures["nDCG@10"] == pytest.approx((1 + 1 / 3) / 2)
    assert figures["R@10"] == 1.0
    assert figures["citation precision"] == 1.0
    assert figures["sentences supported"] == 0.5
    assert figures["accepted answer said"] == 1.0
    assert figures["n in the model's words"] == 1
    assert "the same, accepted answer said" not in figures


def test_answers_in_the_model_s_words_are_told_apart() -> None:
    figures = summarise([outcome("a"), outcome("b", written=True), outcome("c", written=True, told=False)])
    assert figures["accepted answer said"] == pytest.approx(2 / 3)
    assert figures["n in the model's words"] == 2
    assert figures["the same, accepted answer said"] == 0.5


def test_comparing_a_run_with_itself_finds_no_difference() -> None:
    run = report("squad", [outcome(str(n), rank=n % 7 or None) for n in range(20)])
    assert all(not row.significant and row.low == row.high == 0.0 for row in compare(run, run))


def test_a_clear_difference_is_significant() -> None:
    first = report("squad", [outcome(str(n), page_right=False) for n in range(40)])
    second = report("squad", [outcome(str(n), page_right=n % 4 != 0) for n in range(40)])
    row = next(row for row in compare(first, second) if row.figure == "cited page right")
    assert (row.first, row.second, row.questions) == (0.0, 0.75, 40)
    assert row.significant
    assert 0.55 < row.low < 0.75 < row.high < 0.95


def test_runs_of_different_questions_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="share no question"):
        compare(report("squad", [outcome("a")]), report("squad", [outcome("b")]))


def test_the_command_compares_two_files_and_draws_them(tmp_path: Path) -> None:
    paths = []
    for name, f1 in (("before", 0.25), ("after", 0.75)):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(report("squad", [outcome(str(n), f1=f1) for n in range(5)])))
        paths.append(str(path))
    drawn = tmp_path / "plot.svg"
    result = CliRunner().invoke(app, ["eval", "compare", *paths, "--plot", str(drawn)])
    assert result.exit_code == 0, result.output
    assert "+0.500" in result.output
    assert "right document in top 5" in drawn.read_text()


def test_a_file_that_is_no_run_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[]")
    with pytest.raises(ConfigurationError, match=r"x\.json' is not the result"):
        read_run(path)


def test_a_plot_holds_every_run(tmp_path: Path) -> None:
    runs = [(name, report("squad", [outcome("a")])) for name in ("one", "two")]
    plot(runs, tmp_path / "p.svg")
    drawn = (tmp_path / "p.svg").read_text()
    assert drawn.count("<!-- one -->") == drawn.count("<!-- two -->") == 1
