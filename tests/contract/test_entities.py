"""Every EntityRecognizer: one list a page, ordered, apart, and slicing to its text; spaCy's by value."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rag.fakes import FakeEntityRecognizer, text_page
from rag.local import LocalEntityRecognizer

LETTER = (
    "We met John Smith in London. She signed the lease with Acme Ltd on 3 May 2024. The rent is EUR 4,850.00 a month.\n"
    "Write to office@acme.example about INV-2024-0117."
)


@pytest.fixture(params=["fake", "spacy"])
def recognizer(request):
    if request.param == "fake":
        return FakeEntityRecognizer()
    return LocalEntityRecognizer(request.getfixturevalue("spacy_recognizer"))


async def test_spans_slice_to_their_text_in_order_and_apart(recognizer):
    pages = [text_page(3, LETTER), text_page(4, ""), text_page(5, (LETTER + "\n\n") * 60)]
    found = await recognizer.recognize(pages)
    assert len(found) == 3
    assert found[1] == []
    for page, entities in zip(pages, found, strict=True):
        assert all(page.text[e.start : e.end] == e.text and e.page == page.number for e in entities)
        assert all(a.end <= b.start for a, b in pairwise(entities))


async def test_a_person_is_found(recognizer):
    [entities] = await recognizer.recognize([text_page(1, LETTER)])
    assert ("John Smith", "PERSON", "john smith") in [(e.text, e.type, e.norm) for e in entities]


async def test_no_pages_no_lists(recognizer):
    assert await recognizer.recognize([]) == []


def test_spacy_and_rules_together(spacy_recognizer):
    [entities] = spacy_recognizer.recognize([text_page(1, LETTER)])
    found = {(e.type, e.text, e.norm) for e in entities}
    assert {
        ("ORG", "Acme Ltd", "acme"),
        ("GPE", "London", "london"),
        ("DATE", "3 May 2024", "2024-05-03"),
        ("MONEY", "EUR 4,850.00", "EUR 4850.00"),
        ("EMAIL", "office@acme.example", "office@acme.example"),
        ("REFERENCE", "INV-2024-0117", "INV-2024-0117"),
    } <= found


def test_long_pages_are_found_to_their_end(spacy_recognizer):
    text = "Nothing happens here at all. " * 500 + "Angela Merkel visited Paris."
    [entities] = spacy_recognizer.recognize([text_page(1, text)])
    assert ("Paris", text.index("Paris")) in [(e.text, e.start) for e in entities]


def test_roles_of_a_contract_are_no_names(spacy_recognizer):
    [entities] = spacy_recognizer.recognize([text_page(1, "The Landlord lets the Premises to the Tenant.")])
    assert entities == []
