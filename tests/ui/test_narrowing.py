"""The library by date, questions by picked documents, tables of a page, and what could not be moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from rag.client import RedwellClient
from tests.ui.test_pages import app, at, html, links
from ui.marked import tables_html
from ui.screens.documents import since

__all__ = ["app"]


def test_days_count_from_midnight_with_today_among_them() -> None:
    now = datetime(2026, 3, 4, 15, tzinfo=UTC)
    assert since(1, now) == {"created_after": datetime(2026, 3, 4, tzinfo=UTC)}
    assert since(7, now) == {"created_after": datetime(2026, 2, 26, tzinfo=UTC)}
    assert since(None, now) == {}


def test_the_library_is_narrowed_to_days(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "documents")
    app.selectbox(key="added").select(30).run()
    assert sorted(links(app)) == ["invoice.txt", "lease.txt"]
    assert not app.exception
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert list(client.documents(created_after=tomorrow)) == []
    assert len(list(client.documents(created_before=tomorrow))) == 2


def test_what_cannot_be_moved_is_told_with_its_name(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "documents")
    app.toggle(key="picking").set_value(True).run()
    app.checkbox(key=f"pick {lease}").check().run()
    app.text_input(key="move to").set_value("not/a name")
    next(button for button in app.button if button.label == "Move").click().run()
    assert not app.exception
    assert "<b>lease.txt</b>" in html(app)
    assert client.document(lease).collection == "default"


def test_questions_are_answered_from_the_picked_documents(app: AppTest, client: RedwellClient, lease: str) -> None:
    offered = {document.filename: document.id for document in client.documents()}
    app.run()
    app.multiselect(key="in_documents").set_value([(offered["invoice.txt"], "invoice.txt")]).run()
    app.chat_input[0].set_value("How many documents name Helena Varga?").run()
    assert '<div class="rw-answer">1 document.</div>' in html(app)
    app.multiselect(key="in_documents").set_value([(id, name) for name, id in offered.items()]).run()
    app.chat_input[0].set_value("How many documents name Helena Varga?").run()
    assert '<div class="rw-answer">2 documents.</div>' in html(app)


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("Before\n| Item | EUR |\n| --- | --- |\n| <b>desk</b> | 5 |\nAfter", [["Item", "EUR", "<b>desk</b>", "5"]]),
        ("| a |\n| --- |\n| b |\n\n| c |\n|---|\n| d\\|e |", [["a", "b"], ["c", "d\\|e"]]),
        ("| no table |\n| of two lines |", []),
        ("a | b\n--- | ---", []),
    ],
)
def test_tables_of_a_text_are_tables(text: str, tables: list[list[str]]) -> None:
    from html import unescape
    from re import findall

    found = tables_html(text)
    assert [[unescape(cell) for cell in findall(r"<t[hd]>(.*?)</t[hd]>", one)] for one in found] == tables
    assert not any("<b>" in one for one in found)
