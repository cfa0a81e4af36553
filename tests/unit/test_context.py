"""What says the same is given once; neighbours read on."""

from __future__ import annotations

from rag.answering.prompts import answer_prompt
from rag.model import Chunk, Hit, Passage, Place
from rag.retrieval.context import blocks, distinct

LONG = (
    "The tenant keeps the garden in order and waters the plants in the dry months of the year, and pays for the water "
    "that is used for it, while the landlord pays for the repair of the fence and of the gate"
)


def passage(id: int, text: str, *, document: str = "a", page: int = 1, start: int = 0) -> Passage:
    chunk = Chunk(document, page, start, start + len(text), text, id)
    return Passage(chunk, f"{document}.pdf", "c", Hit(id, 1.0 / id))


def test_nearly_the_same_words_are_given_once_and_the_other_place_is_named():
    first = passage(1, LONG + ".")
    again = passage(2, LONG + " too.", document="b", page=3)
    [kept] = distinct([first, again])
    assert kept.chunk.id == 1
    assert kept.also_in == (Place("b", "b.pdf", 3),)


def test_another_number_or_name_is_another_passage():
    rows = [
        passage(1, LONG + " for 90 euros."),
        passage(2, LONG + " for 80 euros.", document="b"),
        passage(3, LONG + " for Anna.", document="c"),
        passage(4, LONG + " for Bruno.", document="d"),
    ]
    assert [one.chunk.id for one in distinct(rows)] == [1, 2, 3, 4]


def test_places_of_exact_copies_are_kept():
    from dataclasses import replace

    first = replace(passage(1, LONG), also_in=(Place("x", "x.pdf", 9),))
    [kept] = distinct([first, passage(2, LONG, document="b")])
    assert kept.also_in == (Place("x", "x.pdf", 9), Place("b", "b.pdf", 1))


def test_neighbours_are_joined_in_the_order_of_the_document():
    rows = [
        passage(3, "Third.", start=20),
        passage(9, "Elsewhere.", document="b"),
        passage(1, "First.", start=0),
        passage(2, "Second.", start=10),
        passage(7, "Far away.", start=5000),
    ]
    assert [block.text for block in blocks(rows)] == ["First.\nSecond.\nThird.", "Elsewhere.", "Far away."]


def test_a_block_may_go_on_over_a_page():
    rows = [passage(1, "Ends here,", page=1), passage(2, "goes on.", page=2), passage(4, "Not this.", page=3)]
    assert [(block.text, block.source) for block in blocks(rows)] == [
        ("Ends here,\ngoes on.", "a.pdf, pages 1 to 2"),
        ("Not this.", "a.pdf, page 3"),
    ]


def test_the_prompt_holds_neighbours_as_one_passage():
    prompt = answer_prompt("Who?", [passage(2, "Second.", start=10), passage(1, "First.")])
    assert '<passage source="a.pdf, page 1">\nFirst.\nSecond.\n</passage>' in prompt.messages[-1].content
