"""Codes, numbers and dates find each other in whatever spelling."""

from __future__ import annotations

import pytest

from rag.adapters.lexical_tantivy import LexicalRow, TantivyIndex
from rag.retrieval.spellings import codes

TEXTS = [
    "Invoice INV-2024-0117 over 10.000,00 EUR is due on 28 February 2030.",
    "The lease of Anneliese Oberhauser ends on 03/04/2024 at noon.",
    "Payment of 9,700.50 was received by the Northgate branch on 2029-12-01.",
    "The garden is kept by the tenant, who waters it in the summer.",
]


@pytest.fixture(scope="module")
def index() -> TantivyIndex:
    index = TantivyIndex()
    index.add([LexicalRow(number, f"d{number}", "c", text) for number, text in enumerate(TEXTS)])
    index.commit()
    return index


def first(index: TantivyIndex, question: str) -> int | None:
    found = index.search(question, 5)
    return found[0][0] if found else None


@pytest.mark.parametrize("amount", ["10,000.00", "10.000,00", "10000", "€10'000", "10,000"])
def test_amounts(index, amount):
    assert first(index, f"what is over {amount}?") == 0


@pytest.mark.parametrize(
    "date", ["2030-02-28", "28.02.2030", "February 28, 2030", "28 Feb 2030", "28th of February 2030", "2/28/2030"]
)
def test_dates(index, date):
    assert first(index, f"due {date}") == 0


@pytest.mark.parametrize("date", ["3 April 2024", "2024-03-04"])
def test_a_date_that_is_two_is_found_as_either(index, date):
    assert first(index, date) == 1


@pytest.mark.parametrize("name", ["Anneliese Oberhausser", "Annelise Oberhauser", "Obrehauser", "anneliese oberhauser"])
def test_names_are_found_though_misspelt(index, name):
    assert first(index, name) == 1


def test_a_word_that_is_there_is_not_guessed_at(index):
    assert [key for key, _ in index.search("garden", 5)] == [3]


def test_a_word_like_none_finds_nothing(index):
    assert index.search("xylophones quixotic", 5) == []


def test_a_question_of_a_thousand_words_is_searched_by_its_rare_ones(index):
    long = "what can you say about it " * 200 + " Northgate branch " + " ".join(f"filler{n}" for n in range(300))
    assert first(index, long) == 2


def test_codes_of_a_text():
    assert codes("On 1 May 2024, EUR 4,850.00 (ref. AB-12)") == [
        "1",
        "2024",
        "4,850.00",
        "4850",
        "ab-12",
        "ab12",
        "2024-05-01",
    ]
