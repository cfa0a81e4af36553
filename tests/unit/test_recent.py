"""What an index remembers of its last questions."""

from __future__ import annotations

from rag.ports import SearchQuery, Terms
from rag.retrieval import recent
from rag.retrieval.candidates import Candidates
from rag.retrieval.recent import Recent

FOUND = Candidates(3, {1: 0.9}, {1: 4.0}, {}, {1: 77})
RENT, CATS, DOGS = map(SearchQuery, ("rent", "cats", "dogs"))


def test_it_gives_what_was_found_and_the_sequence_reached_since():
    kept = Recent()
    kept.keep(RENT, None, 5, FOUND)
    assert kept.find(SearchQuery("rent", at_least=8), None, 5, 8) == Candidates(8, {1: 0.9}, {1: 4.0}, {}, {1: 77})
    assert kept.find(RENT, None, 6, 8) is None  # the index has changed
    assert kept.find(CATS, None, 5, 8) is None
    assert kept.find(RENT, [], 5, 8) is None


def test_the_question_that_was_not_asked_longest_is_forgotten(monkeypatch):
    monkeypatch.setattr(recent, "QUESTIONS", 2)
    kept = Recent()
    for question in (RENT, CATS):
        kept.keep(question, None, 1, FOUND)
    kept.find(RENT, None, 1, 3)
    kept.keep(DOGS, None, 1, FOUND)
    assert [kept.find(question, None, 1, 3) is not None for question in (RENT, CATS, DOGS)] == [True, False, True]


def test_neither_a_shards_search_nor_one_kept_to_many_documents_is_remembered():
    kept, weighed = Recent(), SearchQuery("rent", terms=Terms(9, {}))
    few, many = ["d"] * recent.FEW_DOCUMENTS, ["d"] * (recent.FEW_DOCUMENTS + 1)
    for query, documents in ((weighed, None), (RENT, many), (RENT, few)):
        kept.keep(query, documents, 1, FOUND)
    assert kept.find(weighed, None, 1, 3) is None
    assert kept.find(RENT, many, 1, 3) is None
    assert kept.find(RENT, few, 1, 3) == FOUND
