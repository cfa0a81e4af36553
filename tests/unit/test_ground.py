"""The grounding check believes the page, not the model."""

import pytest

from rag.answering.ground import check, content_words, names, numbers, stem

RENT = "The monthly rent is EUR 4,850.00, payable in advance on the third working day of each month."
PARTIES = "This lease is made between Northgate Estates Ltd. (landlord) and Anna Keller (tenant)."


@pytest.mark.parametrize("spelling", ["4,850.00", "4850", "4'850", "4.850,00", "4 850.00"])
def test_spellings_of_a_number_are_one(spelling):
    assert numbers(f"It is EUR {spelling} a month") == {"4850"}


def test_numbers_that_differ_stay_apart():
    assert numbers("4,850.00") != numbers("4,580.00")
    assert numbers("0.5 and 05") == {"0.5", "5"}


def test_names_are_capitals_inside_a_sentence():
    assert names("The tenant is Anna Keller. Rent is due in March.") == ["Anna", "Keller"]


def test_stems_join_plurals_and_forms():
    assert stem("parties") == stem("party")
    assert stem("payments") == stem("payment")
    assert content_words("What is the rent?") == ["rent"]


def test_a_said_sentence_is_supported():
    support = check("The monthly rent is 4850 EUR.", [PARTIES, RENT])
    assert support.supported
    assert support.index == 1


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("The monthly rent is EUR 5,850.00.", ("5850",)),
        ("The monthly rent is paid by Peter in advance.", ("Peter",)),
        ("The monthly rent is not payable in advance.", ("not",)),
    ],
)
def test_a_wrong_number_name_or_negation_is_not(sentence, missing):
    support = check(sentence, [RENT])
    assert not support.supported
    assert support.missing == missing


def test_other_words_are_not_supported():
    assert not check("Dogs bark loudly during winter nights.", [RENT]).supported


def test_without_candidates_nothing_is_supported():
    support = check("Anything.", [])
    assert (support.index, support.supported) == (-1, False)


def test_preference_decides_between_equals():
    assert check("The monthly rent is EUR 4,850.00.", [RENT, RENT], [0.1, 0.9]).index == 1
