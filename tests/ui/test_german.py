"""Every page in German."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rag.client import RedwellClient
from tests.ui.test_pages import app, at, html, links

__all__ = ["app"]


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("documents", "Dokumente"),
        ("search", "Suche"),
        ("insights", "Einblicke"),
        ("jobs", "Aufträge"),
        ("system", "System"),
    ],
)
def test_a_page_is_in_german(app: AppTest, lease: str, monkeypatch: pytest.MonkeyPatch, page: str, title: str) -> None:
    monkeypatch.setenv("REDWELL_UI_LANGUAGE", "de")
    at(app, page)
    assert app.title[0].value == title
    assert not app.exception


def test_an_answer_is_shown_in_german(app: AppTest, lease: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDWELL_UI_LANGUAGE", "de")
    app.run()
    assert "Was möchten Sie wissen?" in html(app)
    app.chat_input[0].set_value("What is the monthly rent?").run()
    assert "Gestützt durch 1 Dokument" in html(app)
    assert app.button(key="cite 0 1").label == r"**1** lease\.txt, Seite 1"


def test_a_document_is_shown_in_german(app: AppTest, lease: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDWELL_UI_LANGUAGE", "de")
    at(app, "document", document=lease)
    assert [tab.label for tab in app.tabs][:2] == ["Text", "Zusammenfassung"]
    assert "Fertig" in html(app)
    assert links(app)[0] == "Alle Dokumente"


def test_the_reader_chooses_the_language(app: AppTest, lease: str) -> None:
    at(app, "system")
    app.selectbox(key="language choice").select("de").run()
    assert "Nach Zustand" in [element.value for element in app.subheader]


def test_an_error_of_the_service_is_told_in_german(
    app: AppTest, client: RedwellClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDWELL_UI_LANGUAGE", "de")
    at(app, "document", document="0" * 32)
    assert "Dieses Dokument gibt es nicht." in html(app)
    assert "Gehen Sie zurück zur Liste" in html(app)
