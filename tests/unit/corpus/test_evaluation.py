"""How corpus questions are judged, and that the set for the samples is sound."""

import json

import pytest

from rag.errors import ConfigurationError
from rag.evaluation.corpus import load_corpus_questions, put_corpus, summarise_corpus
from tests.conftest import ROOT, SAMPLES

QUESTIONS = load_corpus_questions(ROOT / "data" / "corpus_questions.jsonl")
TEXT = "Invoice of 5 May\nTotal EUR 5.00"


class Played:
    """Two invoices, one a reply."""

    def __init__(self, quote="Total EUR 5.00"):
        self.quote = quote

    def count(self, query):
        if query.get("question") == "What is love?":
            return None
        at = query.get("offset", 0)
        match = {"start": 23, "end": 31, "citation": 1}
        row = {"document_id": f"d{at}", "filename": f"{'ab'[at]}.pdf", "matches": [match]}
        citation = {"marker": 1, "page": 1, "start": 17, "end": 31, "quote": self.quote}
        return {
            "query": {"wants": "list"},
            "understood": "invoices",
            "total": 2,
            "rows": [row],
            "next_offset": 1 if at == 0 else None,
            "sums": [{"currency": "EUR", "total": "10.00"}],
            "citations": [citation],
        }

    def page_text(self, document_id, number):
        return TEXT


def load(tmp_path, *rows):
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return load_corpus_questions(path)


def test_count_documents_sums_and_citations_are_judged(tmp_path):
    right = {
        "id": 1,
        "question": "list",
        "count": 2,
        "documents": ["b.pdf", "a.pdf"],
        "sums": ["EUR 10.00"],
        "first": "a.pdf",
    }
    wrong = [
        {**right, "count": 3},
        {**right, "documents": ["a.pdf", "c.pdf"]},
        {**right, "sums": ["EUR 9.00"]},
        {**right, "first": "b.pdf"},
        {**right, "question": "What is love?"},
    ]
    outcomes = [put_corpus(question, Played(), None) for question in load(tmp_path, right, *wrong)]
    assert [(o.right_count, o.right_documents) for o in outcomes] == [
        (True, True),
        (False, True),
        (True, False),
        (True, False),
        (True, False),
        (False, False),
    ]
    assert (outcomes[2].missing, outcomes[2].added) == (("c.pdf",), ("b.pdf",))
    summary = summarise_corpus(outcomes, [False, True])
    assert summary["understood"] == pytest.approx(5 / 6)
    assert summary["right_documents"] == pytest.approx(1 / 6)
    assert (summary["rows"], summary["rows_cited"], summary["other_questions_taken"]) == (10, 1.0, 1)


def test_a_quote_that_is_not_on_its_page_is_no_citation(tmp_path):
    [question] = load(tmp_path, {"id": 1, "question": "list", "count": 2})
    assert put_corpus(question, Played(quote="Total EUR 6.00"), None).cited == 0


def test_a_damaged_set_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"questions\.jsonl cannot be read"):
        load(tmp_path, {"id": 1})


def test_the_questions_on_the_samples_are_sound():
    files = {path.name for path in SAMPLES.iterdir()}
    assert len(QUESTIONS) >= 60
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)
    for question in QUESTIONS:
        if question.documents is not None:
            assert set(question.documents) <= files
            assert question.count == len(question.documents)
        assert question.first in {*files, ""}
