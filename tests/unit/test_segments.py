"""Sentences keep their offsets."""

from hypothesis import given
from hypothesis import strategies as st

from rag.answering.segments import MAX_CHARS, segments

TEXT = """LEASE AGREEMENT

1. Rent. The monthly rent is EUR 4,850.00, payable in advance on the
third working day of each month. It includes no. 4 parking space.

Total: EUR 100.00
Due: 1 March 2025
"""


def test_sentences_lines_and_headings_are_units():
    found = [" ".join(segment.text.split()) for segment in segments(TEXT)]
    assert "It includes no. 4 parking space." in found
    assert (
        "1. Rent. The monthly rent is EUR 4,850.00, payable in advance on the third working day of each month." in found
    )
    assert found[0] == "LEASE AGREEMENT"
    assert found[-2:] == ["Total: EUR 100.00", "Due: 1 March 2025"]


def test_abbreviations_do_not_end_a_sentence():
    text = "The contract between Dr. Anna Keller and Acme Ltd. was signed on Monday. It ends in May."
    assert [segment.text for segment in segments(text)] == [
        "The contract between Dr. Anna Keller and Acme Ltd. was signed on Monday.",
        "It ends in May.",
    ]


def test_offset_is_added():
    [only] = segments("Hello there.", offset=40)
    assert (only.start, only.end, only.text) == (40, 52, "Hello there.")


def test_endless_text_is_cut_at_white_space():
    found = segments("word " * 1000)
    assert all(len(segment.text) <= MAX_CHARS for segment in found)
    assert sum(segment.text.count("word") for segment in found) == 1000


@given(st.text(alphabet=st.sampled_from("aB1. \n!?\"'|\tü"), max_size=400))
def test_every_segment_slices_back_and_none_overlap(text):
    position = 0
    for segment in segments(text):
        assert text[segment.start : segment.end] == segment.text
        assert segment.text == segment.text.strip() != ""
        assert segment.start >= position
        position = segment.end


@given(st.text(alphabet=st.sampled_from("abC. \n!1"), max_size=300))
def test_no_character_is_lost(text):
    kept = "".join("".join(segment.text.split()) for segment in segments(text))
    assert kept == "".join(text.split())
