"""The grounding check believes the page, not the model."""

import pytest

from rag.answering.ground import check, content_words, names, numbers, stem, unfinished

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


OARS = "4. A broken oar costs 45 euros; a lost one costs 120 euros, and a rudder 300."


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("A lost oar costs 45 euros.", ("lost",)),
        ("The rudder costs 120 euros.", ("rudder",)),
        ("A lost oar costs 120 euros.", ()),
        ("A broken oar costs 45 euros, a lost one 120.", ()),
        ("A lost oar must be paid for, as a broken one.", ()),
    ],
)
def test_a_number_that_is_said_of_something_else_is_missing_what_it_is_said_of(sentence, missing):
    assert check(sentence, [OARS]).missing == missing


def test_other_words_are_not_supported():
    assert not check("Dogs bark loudly during winter nights.", [RENT]).supported


def test_without_candidates_nothing_is_supported():
    support = check("Anything.", [])
    assert (support.index, support.supported) == (-1, False)


def test_preference_decides_between_equals():
    assert check("The monthly rent is EUR 4,850.00.", [RENT, RENT], [0.1, 0.9]).index == 1


KEY = "The key hangs at the schoolhouse; who loses it pays 35 francs."
HEADING = "House rules of the bakehouse at Tannmatt"


def test_the_question_s_own_words_prove_nothing():
    """Three of the five words stand in the heading, two of them because the question said them."""
    asked = frozenset(content_words("Where does the key of the Tannmatt bakehouse hang?"))
    false = "The key of the Tannmatt bakehouse is in the kitchen of the house."
    assert check(false, [HEADING, KEY]).supported
    assert not check(false, [HEADING, KEY], asked=asked, least=0.8).supported
    true = check("The key of the bakehouse hangs at the schoolhouse.", [HEADING, KEY], asked=asked, least=0.8)
    assert (true.supported, true.index) == (True, 1)


def test_how_much_of_what_is_told_must_stand_there_is_asked_for():
    """A larger model puts things in other words: three of the four that the question did not hold stand there."""
    asked = frozenset(content_words("What does one pay who loses the key?"))
    said = "Whoever loses the key of the schoolhouse pays a fee of 35 francs where it hangs."
    assert not check(said, [KEY], asked=asked, least=0.8).supported
    assert check(said, [KEY], asked=asked, least=0.6).supported


@pytest.mark.parametrize("text", ["The report was", "At the start of the war, the", "", "…"])
def test_what_breaks_off_is_unfinished(text):
    assert unfinished(text)


@pytest.mark.parametrize(
    "text",
    [
        "Solvane IT Services",
        "EUR 4,850.00",
        "It was World War I",
        "Vitamin A",
        "It hangs there, where it was.",
        "The rent is 5%",
    ],
)
def test_what_ends_is_not(text):
    assert not unfinished(text)
