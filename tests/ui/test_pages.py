"""Every page, run by Streamlit's AppTest against the real API over played models."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from rag.client import RedwellClient
from rag.replies.documents import Citation, CitationEvent, Document, ResultsEvent, TokenEvent
from tests.conftest import ROOT
from ui import view
from ui.screens.bulk import texts
from ui.screens.insights import picked


@pytest.fixture
def app(api_url: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("REDWELL_API_URL", api_url)
    st.cache_data.clear()
    return AppTest.from_file(str(ROOT / "ui" / "app.py"), default_timeout=30)


def html(app: AppTest) -> str:
    """What st.html drew, without the stylesheet."""
    return "\n".join(body for element in app.get("html") if not (body := element.proto.body).startswith("<style"))


def at(app: AppTest, name: str, /, **params: str) -> AppTest:
    """The application on one of its pages."""
    app._page_hash = calc_hash(name)  # switch_page knows pages that are files, ours are functions
    for key, value in params.items():
        app.query_params[key] = value
    return app.run()


def pictures(app: AppTest) -> int:
    return len(app.get("image")) + len(app.get("imgs"))


# Ask


def test_ask_without_documents_teaches_the_next_step(app: AppTest, client: RedwellClient) -> None:
    app.run()
    assert "Ask once there is something to read" in html(app)
    assert not app.exception


def test_ask_shows_the_answer_with_its_source_and_quote(app: AppTest, lease: str) -> None:
    app.run()
    app.chat_input[0].set_value("What is the monthly rent?").run()
    assert '<div class="rw-question">What is the monthly rent?</div>' in html(app)
    assert f'href="document?document={lease}&amp;page=1' in html(app)
    assert app.button(key="cite 0 1").label == r"**1** lease\.txt, page 1"
    assert "monthly rent is EUR 4,850" in html(app)


def test_a_thumb_down_with_its_reason_is_kept(app: AppTest, lease: str, api_url: str) -> None:
    app.run()
    app.chat_input[0].set_value("What is the monthly rent?").run()
    app.feedback(key="thumb 0").set_value(0).run()
    app.text_input[-1].set_value("Of another lease.")
    next(button for button in app.button if button.label == "Send").click().run()
    kept = [json.loads(line) for line in httpx.get(f"{api_url}/v1/feedback").text.splitlines()]
    last = kept[-1]
    assert (last["question"], last["right"], last["reason"]) == (
        "What is the monthly rent?",
        False,
        "Of another lease.",
    )
    assert last["citations"][0]["document_id"] == lease
    assert "Thank you, noted." in [caption.value for caption in app.caption]


def test_an_answer_can_be_copied_with_its_sources(app: AppTest, lease: str) -> None:
    app.run()
    app.chat_input[0].set_value("What is the monthly rent?").run()
    assert "[1] lease.txt, page 1: “" in app.code[0].value


def test_a_draft_that_is_begun_anew_forgets_what_was_written(
    app: AppTest, lease: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [
        ResultsEvent(()),
        TokenEvent("The rent [1] "),
        CitationEvent(Citation(1, lease, 1, 0, 8)),
        TokenEvent("is due."),
        ResultsEvent(()),
        TokenEvent("Nobody "),
        TokenEvent("pays."),
    ]
    drawn: list[tuple[str, int]] = []

    def draw(text: str, citations: Sequence[Citation], **_: Any) -> str:
        drawn.append((text, len(citations)))
        return text

    monkeypatch.setattr(RedwellClient, "ask_stream", lambda *_, **__: iter(events))
    monkeypatch.setattr(view, "answer_html", draw)
    app.run()
    app.chat_input[0].set_value("Who pays the rent?").run()
    assert drawn[:4] == [("The rent [1] ", 0), ("The rent [1] is due.", 1), ("Nobody ", 0), ("Nobody pays.", 0)]


def test_a_stopped_answer_leaves_the_question_and_says_so(app: AppTest, lease: str) -> None:
    app.session_state["answering"] = "Who pays for the roof?"  # as a run that was cut off leaves it
    app.run()
    assert '<div class="rw-question">Who pays for the roof?</div>' in html(app)
    assert "Stopped." in html(app)
    assert "answering" not in app.session_state


def test_a_citation_opens_the_page_beside_the_answer(app: AppTest, lease: str) -> None:
    app.run()
    app.chat_input[0].set_value("What is the monthly rent?").run()
    assert pictures(app) == 0
    app.button(key="cite 0 1").click().run()
    assert pictures(app) == 1
    app.button(key="close source").click().run()
    assert pictures(app) == 0


def test_a_question_is_shown_as_written(app: AppTest, lease: str) -> None:
    app.run()
    app.chat_input[0].set_value("<script>alert(1)</script> rent?").run()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; rent?" in html(app)


def test_a_new_conversation_forgets_the_old_one(app: AppTest, lease: str) -> None:
    app.run()
    app.chat_input[0].set_value("What is the monthly rent?").run()
    app.button(key="new").click().run()
    assert "What would you like to know?" in html(app)
    assert "rw-question" not in html(app)


def test_a_question_about_the_library_shows_a_table(app: AppTest, lease: str) -> None:
    app.run()
    app.chat_input[0].set_value("How many documents name Helena Varga?").run()
    assert '<div class="rw-answer">2 documents.</div>' in html(app)
    assert "Counted exactly over 2 documents: documents of any type; that mention “Helena Varga”." in html(app)
    assert f'<a href="document?document={lease}&amp;page=1&amp;highlight=' in html(app)
    assert "<td>“Helena Varga”, page 1</td>" in html(app)


def test_the_rest_of_a_long_table_comes_on_request(app: AppTest, client: RedwellClient) -> None:
    receipts = client.upload([(f"{number:02d}.txt", f"Note {number}.".encode()) for number in range(12)])
    client.wait(receipts[-1].id or "", timeout=30, poll=0.05)
    for receipt in receipts:
        client.wait(receipt.id or "", timeout=30, poll=0.05)
    app.run()
    app.chat_input[0].set_value("list all documents").run()
    assert html(app).count("<tr>") == 11
    app.button(key="more 0").click().run()
    assert html(app).count("<tr>") == 13


def test_one_document_is_summarised_as_a_whole(app: AppTest, lease: str) -> None:
    app.run()
    app.multiselect(key="in_documents").set_value([(lease, "lease.txt")]).run()
    app.chat_input[0].set_value("Summarise this").run()
    assert "Read as a whole: lease.txt, pages 1 to 2." in html(app)


def test_the_scope_offers_what_the_library_holds(app: AppTest, lease: str) -> None:
    app.run()
    assert app.selectbox(key="in_type").options == ["contract", "invoice"]
    app.selectbox(key="in_collection").select("default").run()
    assert app.session_state["in_collection"] == "default"


# Documents


def test_an_empty_library_explains_itself_and_offers_the_upload(app: AppTest, client: RedwellClient) -> None:
    at(app, "documents")
    assert "Redwell reads what you add here" in html(app)
    assert len(app.get("file_uploader")) == 1


def test_uploaded_files_come_into_the_library(app: AppTest, client: RedwellClient) -> None:
    at(app, "documents")
    app.get("file_uploader")[0].upload("minutes.txt", b"Minutes of the meeting.", "text/plain").run()
    assert [document.filename for document in client.documents()] == ["minutes.txt"]


def test_a_refused_file_shows_why_and_what_to_do(app: AppTest, client: RedwellClient) -> None:
    at(app, "documents")
    app.get("file_uploader")[0].upload("nothing.txt", b"", "text/plain").run()
    assert "&#x27;nothing.txt&#x27; is empty." in html(app)
    assert "check that it was written completely" in html(app)


def links(app: AppTest) -> list[str]:
    return [element.proto.label.replace("\\", "") for element in app.get("page_link")]


def test_the_library_lists_documents_with_type_and_status(app: AppTest, lease: str) -> None:
    at(app, "documents")
    assert sorted(links(app)) == ["invoice.txt", "lease.txt"]
    assert "Contract · 2 pages · Text, " in html(app)
    assert html(app).count(">Ready</span>") == 2


def test_filters_narrow_the_library(app: AppTest, lease: str) -> None:
    at(app, "documents")
    app.selectbox(key="type").select("invoice").run()
    assert links(app) == ["invoice.txt"]
    app.text_input(key="entity").set_value("Margaret Oduya").run()
    assert "Nothing matches" in html(app)


def test_documents_that_name_someone_are_found(app: AppTest, lease: str) -> None:
    at(app, "documents")
    app.text_input(key="entity").set_value("Margaret Oduya").run()
    assert links(app) == ["lease.txt"]


def test_the_library_is_paged(app: AppTest, client: RedwellClient) -> None:
    uploads = client.upload([(f"note-{number:02}.txt", f"Note {number}.".encode()) for number in range(27)])
    for upload in uploads:
        client.wait(upload.id or "", timeout=30, poll=0.05)
    at(app, "documents")
    app.selectbox(key="sort").select("filename").run()
    assert (links(app)[0], len(links(app))) == ("note-00.txt", 25)
    app.button(key="next").click().run()
    assert links(app) == ["note-25.txt", "note-26.txt"]
    assert app.caption[-1].value == "26–27 of 27 documents"
    app.button(key="back").click().run()
    assert links(app)[0] == "note-00.txt"


def test_what_is_picked_is_deleted_after_asking(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "documents")
    app.toggle(key="picking").set_value(True).run()
    app.checkbox(key=f"pick {lease}").check().run()
    app.button(key="delete picked").click().run()
    assert [document.filename for document in client.documents()] == ["invoice.txt"]
    assert not app.exception


def test_all_on_the_page_are_picked_at_once(app: AppTest, lease: str) -> None:
    at(app, "documents")
    app.toggle(key="picking").set_value(True).run()
    app.button(key="pick all").click().run()
    assert [box.value for box in app.checkbox] == [True, True]
    app.button(key="pick all").click().run()
    assert [box.value for box in app.checkbox] == [False, False]


def test_a_zip_holds_the_text_of_each_document_under_its_own_name() -> None:
    first, second = Document("a", "lease.pdf"), Document("b", "lease.pdf")
    packed = texts([first, second], {"a": "one", "b": "two"}.__getitem__)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            "lease.pdf.txt": "one",
            "lease.pdf (2).txt": "two",
        }


# One document


def test_a_link_opens_the_page_with_its_words_marked(app: AppTest, lease: str) -> None:
    at(app, "document", document=lease, page="2", highlight="4-11")
    assert '<mark class="rw-hit">deposit</mark>' in html(app)
    assert "Page **2** of 2" in [element.value for element in app.markdown]
    assert pictures(app) == 1


def test_entities_are_coloured_in_the_text(app: AppTest, lease: str) -> None:
    at(app, "document", document=lease)
    assert '<span class="rw-e rw-e-person" title="Person">Margaret Oduya</span>' in html(app)


def test_an_entity_leads_from_mention_to_mention(app: AppTest, lease: str) -> None:
    at(app, "document", document=lease)
    (button,) = [found for found in app.button if found.label == "Margaret Oduya · 2"]
    button.click().run()
    assert app.query_params["page"] == "1"
    (button,) = [found for found in app.button if found.label == "Margaret Oduya · 2"]
    button.click().run()
    assert app.query_params["page"] == "2"
    assert '<mark class="rw-hit"><span class="rw-e rw-e-person" title="Person">Margaret Oduya</span></mark>' in html(
        app
    )


def test_turning_the_page_takes_the_mark_away(app: AppTest, lease: str) -> None:
    at(app, "document", document=lease, page="1", highlight="0-5")
    app.button(key="next").click().run()
    assert app.query_params["page"] == "2"
    assert "highlight" not in app.query_params


@pytest.mark.parametrize("page", ["0", "99", "-1", "x", "9" * 40])
def test_a_page_that_is_none_opens_the_nearest(app: AppTest, lease: str, page: str) -> None:
    at(app, "document", document=lease, page=page)
    assert not app.exception
    assert pictures(app) == 1


def test_a_document_tells_type_summary_and_stages(app: AppTest, lease: str) -> None:
    at(app, "document", document=lease)
    assert "contract" in html(app)
    assert "rw-summary" in html(app)
    assert html(app).count('class="rw-step rw-done"') == 6


def test_an_unknown_document_shows_the_remedy(app: AppTest, client: RedwellClient) -> None:
    at(app, "document", document="nowhere")
    assert "rw-problem" in html(app)
    assert "Check the id" in html(app)
    assert not app.exception


def test_a_link_without_a_document_leads_back(app: AppTest, client: RedwellClient) -> None:
    at(app, "document")
    assert "No document chosen" in html(app)


def test_deleting_asks_first(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "document", document=lease)
    app.button(key="delete").click().run()
    assert client.document(lease).id == lease
    assert app.button(key="really delete").label == "Delete for good"


def test_one_click_corrects_the_type(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "document", document=lease)
    (row,) = (group for group in app.get("button_group") if group.key.startswith(f"label {lease} type"))
    row.set_value("policy").run()
    (found,) = client.labels(lease)
    assert (found.label, found.corrected) == ("policy", True)
    assert "Set by a person." in [caption.value for caption in app.caption]
    app.button(key=f"label {lease} type withdraw").click().run()
    assert client.document(lease).classification.label == "contract"


# Search


def test_search_teaches_before_the_first_query(app: AppTest, lease: str) -> None:
    at(app, "search")
    assert "Try a word or a sentence" in html(app)


def test_search_shows_passages_with_their_scores(app: AppTest, lease: str) -> None:
    at(app, "search")
    app.text_input(key="query").set_value("amount due desks").run()
    assert links(app)[0] == "1 · invoice.txt, page 1"
    assert "<strong>desks</strong>" in html(app)
    assert '<small title="rank in this index">#1</small>' in html(app)


# Insights


def charts(app: AppTest) -> list[dict]:
    return [json.loads(element.proto.spec) for element in app.get("vega_lite_chart")]


def test_insights_draws_types_names_and_pairs(app: AppTest, lease: str) -> None:
    at(app, "insights")
    assert not app.exception
    app.button_group(key="insight_kind").set_value("PERSON").run()
    titles = [element.value for element in app.subheader]
    assert titles[:4] == ["Types", "Names", "Dates in the documents", "Named together"]
    assert len(charts(app)) == 3
    assert all(chart["params"][0]["name"] == "click" for chart in charts(app))


def test_insights_of_an_empty_library_says_so(app: AppTest, client: RedwellClient) -> None:
    at(app, "insights")
    assert "Nothing to see yet" in html(app)


def test_a_click_names_the_mark() -> None:
    event = {"selection": {"click": [{"label": "invoice", "documents": 3}]}}
    assert (picked(event, "label"), picked({"selection": {}}, "label"), picked(None, "label")) == (
        "invoice",
        None,
        None,
    )


# System


def test_system_counts_and_says_that_all_is_well(app: AppTest, lease: str) -> None:
    at(app, "system")
    assert [(metric.label, metric.value) for metric in app.metric[:2]] == [("Documents", "2"), ("Pages", "3")]
    assert "rw-ready" in html(app)


@pytest.mark.parametrize("page", ["ask", "documents", "document", "search", "insights", "system"])
def test_without_the_api_every_page_says_what_to_do(app: AppTest, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("REDWELL_API_URL", "http://127.0.0.1:9")
    at(app, page, document="d1")
    if page == "search":
        app.text_input(key="query").set_value("rent").run()
    assert "Is `redwell serve` running?" in html(app)
    assert not app.exception


def test_a_field_leads_to_its_place(app: AppTest, lease: str) -> None:
    at(app, "document", document=lease)
    (button,) = [found for found in app.button if (found.key or "").startswith("field amount")]
    assert button.label.startswith("Amount: ")
    button.click().run()
    assert app.query_params["page"] == "1"
    assert '<mark class="rw-hit">' in html(app)
    assert not app.exception
