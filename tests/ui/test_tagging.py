"""Tags in the page."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from rag.client import RedwellClient
from tests.ui.test_pages import app, at, html, links

__all__ = ["app"]


def test_a_document_is_tagged_on_its_page(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "document", document=lease)
    client.change(lease, tags=["lease"])
    app.run()
    assert app.multiselect[0].value == ["lease"]
    app.multiselect[0].set_value([]).run()
    assert client.document(lease).tags == ()


def test_the_library_shows_and_filters_by_tag(app: AppTest, client: RedwellClient, lease: str) -> None:
    client.change(lease, tags=["to pay"])
    at(app, "documents")
    assert '<span class="rw-tag">to pay</span>' in html(app)
    app.selectbox(key="tag").select("to pay").run()
    assert links(app) == ["lease.txt"]


def test_many_are_moved_to_a_collection(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "documents")
    app.toggle(key="picking").set_value(True).run()
    app.checkbox(key=f"pick {lease}").check().run()
    app.text_input(key="move to").set_value("archive")
    next(button for button in app.button if button.label == "Move").click().run()
    assert client.document(lease).collection == "archive"
    assert not app.exception


def test_answers_rest_on_tagged_documents_only(app: AppTest, client: RedwellClient, lease: str) -> None:
    client.tag([lease], add=["lease"])
    app.run()
    app.multiselect(key="in_tags").select("lease").run()
    app.chat_input[0].set_value("How many documents name Helena Varga?").run()
    assert '<div class="rw-answer">1 document.</div>' in html(app)
