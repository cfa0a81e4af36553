from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chunk import chunk_pages, estimate, heading_of, in_context, title_of
from rag.fakes import text_page
from rag.model import Chunk, Page, Source

PIECES = st.sampled_from(
    [
        "A sentence. ",
        "Word ",
        "\n",
        "\n\n",
        "# Title\n",
        "1. Scope\n",
        "x" * 300,
        " ",
        "\t",
        "é𝔘ß ",
        "Is it? ",
        "PAGE 1\n",
    ]
)


def pages(*texts: str) -> list[Page]:
    return [Page(number, 612, 792, text, Source.TEXT_LAYER) for number, text in enumerate(texts, 1)]


@given(st.lists(st.lists(PIECES, max_size=30).map("".join), max_size=5), st.integers(5, 200))
def test_slicing_the_page_gives_the_chunk(texts, tokens):
    source = pages(*texts)
    for chunk in chunk_pages("d", source, tokens=tokens):
        assert source[chunk.page - 1].text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip() != ""


@given(st.lists(PIECES, max_size=40).map("".join))
def test_chunks_of_a_page_do_not_overlap_and_lose_no_word(text):
    chunks = chunk_pages("d", pages(text), tokens=20)
    ends = [0, *(chunk.end for chunk in chunks)]
    assert all(chunk.start >= end for chunk, end in zip(chunks, ends, strict=False))
    if sum(map(str.isalnum, text)) >= 3:
        assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(text.split())


def test_chunks_carry_the_boxes_of_their_lines_and_the_confidence_of_their_page():
    text = "Cats sleep all day.\nDogs bark at night.\nBirds sing at dawn."
    first, second = chunk_pages("d", [text_page(1, text, confidence=0.8)], tokens=10)
    words = text_page(1, text).words
    assert (len(first.boxes), len(second.boxes)) == (2, 1)
    assert (first.boxes, second.boxes) == (tuple(words.boxes(0, 39)), tuple(words.boxes(40, 59)))
    assert (first.confidence, second.confidence) == (0.8, 0.8)
    assert chunk_pages("d", pages(text), tokens=10)[0].boxes == ()


def test_chunks_never_cross_a_page():
    assert [(c.page, c.text) for c in chunk_pages("d", pages("One ends", "here and two."))] == [
        (1, "One ends"),
        (2, "here and two."),
    ]


def test_chunks_hold_whole_sentences_up_to_the_limit():
    text = "Cats sleep all day. Dogs bark at night. Birds sing at dawn."
    assert [c.text for c in chunk_pages("d", pages(text), tokens=10)] == [
        "Cats sleep all day. Dogs bark at night.",
        "Birds sing at dawn.",
    ]


def test_the_counter_that_is_handed_in_decides():
    chunks = chunk_pages("d", pages("One. Two. Three. Four."), tokens=2, count=lambda text: len(text.split()))
    assert [c.text for c in chunks] == ["One. Two.", "Three. Four."]


def test_a_sentence_that_is_too_long_is_cut_at_spaces():
    chunks = chunk_pages("d", pages("word " * 400), tokens=50)
    assert all(set(c.text.split()) == {"word"} and estimate(c.text) <= 63 for c in chunks)


def test_a_small_tail_joins_the_chunk_before_it():
    text = "Cats sleep through all of the long and sunny day at home. " * 4 + "Bye."
    assert chunk_pages("d", pages(text), tokens=60)[-1].text.endswith("home. Bye.")


def test_headings_start_chunks_and_are_told():
    text = "# Rent\n" + "The rent is 500 euros a month. " * 6 + "\n# Garden\n" + "The garden is shared by all. " * 6
    chunks = chunk_pages("d", pages(text), tokens=60)
    assert [c.heading for c in chunks if c.text.startswith("#")] == ["Rent", "Garden"]
    assert all(c.heading == ("Rent" if "rent" in c.text else "Garden") for c in chunks)


def test_a_heading_holds_on_the_next_page():
    assert chunk_pages("d", pages("# Rent\nOne line.", "It goes on."))[1].heading == "Rent"


def test_a_heading_does_not_end_a_chunk():
    text = "Some words that fill the chunk well. " * 5 + "\n4. Termination\nEither party may end the lease."
    assert not any(c.text.endswith("4. Termination") for c in chunk_pages("d", pages(text), tokens=52))


@pytest.mark.parametrize(
    ("line", "following", "heading"),
    [
        ("## Rent and deposit ##", "", "Rent and deposit"),
        ("4.2 Deposit", "The deposit is", "4.2 Deposit"),
        ("CONFIDENTIALITY", "The parties", "CONFIDENTIALITY"),
        ("Article 5 Termination", "Either", "Article 5 Termination"),
        ("1. The tenant pays the rent on the first of each month.", "More", ""),
        ("12 450.00 30", "More", ""),
        ("An ordinary line", "of text", ""),
        ("LAST LINE", "", ""),
    ],
)
def test_what_a_heading_is(line, following, heading):
    assert heading_of(line, following) == heading


def test_running_headers_and_footers_are_left_out():
    source = pages(*(f"Acme Ltd confidential\nBody number {n}.\nPage {n} of 3" for n in (1, 2, 3)))
    assert [c.text for c in chunk_pages("d", source)] == ["Body number 1.", "Body number 2.", "Body number 3."]


def test_a_document_that_only_repeats_itself_is_still_read():
    assert [c.text for c in chunk_pages("d", pages(*["Same line."] * 3))] == ["Same line."] * 3


def test_two_pages_have_no_running_lines():
    assert "Acme" in chunk_pages("d", pages("Acme\nOne fish.", "Acme\nTwo fish."))[0].text


@pytest.mark.parametrize("text", ["", " \n ", "- -", "1"])
def test_a_page_with_next_to_nothing_gives_none(text):
    assert chunk_pages("d", pages(text)) == []


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("lease-harbour-street.pdf", "lease harbour street"),
        ("annual_report_2024.final.docx", "annual report 2024 final"),
        ("IMG_0042.jpg", ""),
        ("scan (3).pdf", ""),
        ("INV-17b.pdf", "INV 17b"),
        ("README", "README"),
    ],
)
def test_a_file_name_tells_what_a_person_wrote_in_it(filename, title):
    assert title_of(filename) == title


def test_a_chunk_is_embedded_below_its_document_and_heading():
    chunk = Chunk("d", 1, 0, 8, "The rent", heading="3. Rent")
    assert in_context("lease-7.pdf", chunk) == "lease\n3. Rent\nThe rent"
    assert in_context("scan-7.pdf", Chunk("d", 1, 0, 8, "The rent")) == "The rent"
