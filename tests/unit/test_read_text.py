"""Text to virtual sheets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import EmptyFile, ParserLimit
from rag.read import text

LIMITS = {"max_bytes": 10**6, "max_pages": 100}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"])
def test_any_encoding_is_decoded(encoding: str) -> None:
    original = (
        "Die Höhe der Miete für das Büro beträgt 2.450 Euro, fällig am Anfang des Monats, gemäß § 4 des Vertrages."
    )
    assert text.decode(original.encode(encoding)) == original


def test_line_ends_become_one_and_controls_go() -> None:
    assert text.decode(b"a\r\nb\rc\x00d") == "a\nb\ncd"


def test_words_slice_back_and_lie_in_lines_from_left_to_right() -> None:
    page = text.page("Rent is due\nmonthly.", 1)
    words = list(page.words)
    assert [page.text[w.start : w.end] for w in words] == ["Rent", "is", "due", "monthly."]
    assert words[0].box == pytest.approx((40.0, 40.0, 61.6, 52.0), abs=0.01)
    assert words[1].box[0] == pytest.approx(40 + 5 * text.COLUMN, abs=0.01)
    assert words[3].box[:2] == pytest.approx((40.0, 52.0), abs=0.01)


def test_pages_are_cut_at_paragraph_ends() -> None:
    paragraphs = [f"Paragraph {n}. " + "word " * 60 for n in range(30)]
    pages = text.pages("\n\n".join(paragraphs), **LIMITS)
    assert len(pages) > 2
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    assert all(page.text.startswith("Paragraph ") for page in pages)
    assert all(len(page.text) <= text.PAGE_CHARS for page in pages)


def test_a_form_feed_ends_a_page() -> None:
    assert [page.text for page in text.pages("one\ftwo", **LIMITS)] == ["one", "two"]


def test_no_text_is_an_empty_file() -> None:
    with pytest.raises(EmptyFile):
        text.pages(" \n\f ", **LIMITS)


def test_too_many_pages_name_their_setting() -> None:
    with pytest.raises(ParserLimit) as caught:
        text.pages("a\f" * 5, max_bytes=100, max_pages=3)
    assert "`limits.pages`" in caught.value.remedy


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=9000))
def test_no_word_is_lost_and_every_word_is_on_its_sheet(content: str) -> None:
    content = text.decode(content.encode())
    sheets = text.cut(content)
    assert "".join("".join(sheet.split()) for sheet in sheets) == "".join(content.split())
    for number, sheet in enumerate(sheets, 1):
        page = text.page(sheet, number)
        assert "".join(page.text[w.start : w.end] for w in page.words) == "".join(sheet.split())
        boxes = page.words.array["box"]
        assert (boxes[:, 1] >= 0).all()
        assert (boxes[:, 3] <= page.height).all()
