"""What a model reads: the best sentences, their neighbours, and what still fits."""

from __future__ import annotations

from rag.answering.evidence import Evidence
from rag.answering.pack import pack
from rag.answering.prompts import CHARS_PER_TOKEN, FRAME
from rag.answering.segments import segments
from rag.model import Chunk, Hit, Passage

ORCHARD = (
    "The orchard lies behind the mill. It has forty trees of nine sorts. They are pruned in February by the miller. "
    "He is paid in cider for it. The ladder is kept in the barn. Nobody picks before the bell is rung."
)
FRAMED = FRAME // CHARS_PER_TOKEN
"""Tokens that the frame of one passage takes of a budget."""
MILL = "The mill has two wheels. The lower wheel turns in winter only. Its axle was made in 1911."


def passage(text: str, start: int = 0, document: str = "a") -> Passage:
    return Passage(Chunk(document, 1, start, start + len(text), text, 1), f"{document}.txt", "c", Hit(1, 1.0))


def found(index: int, text: str, sentence: str, start: int = 0) -> Evidence:
    [segment] = [one for one in segments(text, start) if sentence in one.text]
    return Evidence(index, segment, 0.5)


def test_a_sentence_comes_with_its_neighbours_and_what_is_left_out_is_marked():
    [only] = pack([passage(ORCHARD)], [found(0, ORCHARD, "pruned in February")], count=5, budget=32 + FRAMED)
    assert only.chunk.text == (
        "… It has forty trees of nine sorts. They are pruned in February by the miller. He is paid in cider for it."
    )


def test_a_gap_between_two_sentences_is_marked():
    evidence = [found(0, ORCHARD, "Nobody picks"), found(0, ORCHARD, "The orchard lies")]
    [only] = pack([passage(ORCHARD)], evidence, count=5, budget=37 + FRAMED)
    assert only.chunk.text == (
        "The orchard lies behind the mill. It has forty trees of nine sorts. "
        "… The ladder is kept in the barn. Nobody picks before the bell is rung."
    )


def test_a_large_budget_holds_passages_whole_the_one_with_the_best_sentence_first():
    rows = [passage(ORCHARD), passage(MILL, document="b")]
    packed = pack(rows, [found(1, MILL, "axle")], count=5, budget=1500)
    assert [one.chunk.text for one in packed] == [MILL, ORCHARD]
    assert [one.chunk.document_id for one in packed] == ["b", "a"]


def test_a_sentence_of_another_passage_costs_its_frame_too():
    rows = [passage(ORCHARD), passage(MILL, document="b")]
    evidence = [found(0, ORCHARD, "Nobody picks"), found(1, MILL, "two wheels")]
    beside = FRAMED + 25  # the first passage's two sentences, and as many characters as the other's sentence has
    [only] = pack(rows, evidence, count=5, budget=beside)
    assert (
        only.chunk.text
        == "… He is paid in cider for it. The ladder is kept in the barn. Nobody picks before the bell is rung."
    )
    both = pack(rows, evidence, count=5, budget=beside + FRAMED)
    assert [one.chunk.text for one in both] == [
        "… The ladder is kept in the barn. Nobody picks before the bell is rung.",
        "The mill has two wheels.",
    ]


def test_no_more_passages_than_asked_for():
    rows = [passage(ORCHARD), passage(MILL, document="b")]
    assert [one.chunk.text for one in pack(rows, [found(1, MILL, "axle")], count=1, budget=1500)] == [MILL]


def test_the_best_sentence_goes_in_whatever_the_budget():
    rows = [passage(ORCHARD), passage(MILL, document="b")]
    [only] = pack(rows, [found(1, MILL, "lower wheel")], count=5, budget=1)
    assert only.chunk.text == "… The lower wheel turns in winter only."


def test_offsets_are_the_page_s_and_places_stay_the_passage_s():
    whole = passage(MILL, start=700)
    [only] = pack([whole], [found(0, MILL, "axle", start=700)], count=5, budget=17 + FRAMED)
    assert only.chunk.text == "… The lower wheel turns in winter only. Its axle was made in 1911."
    assert (only.chunk.start, only.chunk.end) == (700, 700 + len(MILL))


def test_without_evidence_passages_go_in_by_rank():
    rows = [passage(ORCHARD), passage(MILL, document="b")]
    assert [one.chunk.text for one in pack(rows, [], count=1, budget=1500)] == [ORCHARD]
    assert pack([], [], count=5, budget=400) == []
