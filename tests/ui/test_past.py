"""Past conversations and the chunk inspector in the page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rag.client import RedwellClient
from tests.ui.test_pages import app, at, html

__all__ = ["app"]
QUESTION = "What is the monthly rent?"


@pytest.fixture(autouse=True)
def forgetful(client: RedwellClient) -> None:
    for head in client.conversations().conversations:
        client.delete_conversation(head.id)


def test_a_conversation_is_listed_and_gone_on_with(app: AppTest, client: RedwellClient, lease: str) -> None:
    app.run()
    app.chat_input[0].set_value(QUESTION).run()
    [head] = client.conversations().conversations
    assert (head.title, head.turns) == (QUESTION, 1)
    app.button(key="new").click().run()
    assert "rw-question" not in html(app)
    app.button(key=f"open {head.id}").click().run()
    assert f'<div class="rw-question">{QUESTION}</div>' in html(app)
    assert "monthly rent is EUR 4,850" in html(app)
    app.chat_input[0].set_value("Who keeps the deposit?").run()
    assert [turn.question for turn in client.conversation(head.id).turns] == [QUESTION, "Who keeps the deposit?"]


def test_deleting_a_conversation_takes_it_off_the_page(app: AppTest, client: RedwellClient, lease: str) -> None:
    app.run()
    app.chat_input[0].set_value(QUESTION).run()
    [head] = client.conversations().conversations
    app.button(key=f"forget {head.id}").click().run()
    assert client.conversations().conversations == ()
    assert "What would you like to know?" in html(app)


def test_an_answer_whose_document_is_gone_says_so(app: AppTest, client: RedwellClient, lease: str) -> None:
    app.run()
    app.chat_input[0].set_value(QUESTION).run()
    [head] = client.conversations().conversations
    client.delete(lease)
    app.button(key=f"open {head.id}").click().run()
    assert "rested on a document that was deleted" in html(app)
    assert "4,850" not in html(app)


def test_a_passage_is_switched_off_and_not_found_any_more(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "document", document=lease)
    chunk = client.chunks(lease)[0]
    assert any(chunk.id == found.chunk_id for found in client.search("monthly rent").results)
    app.toggle(key=f"on {chunk.id} False").set_value(False).run()
    assert client.chunks(lease)[0].off
    assert all(chunk.id != found.chunk_id for found in client.search("monthly rent").results)
    app.toggle(key=f"on {chunk.id} True").set_value(True).run()
    assert any(chunk.id == found.chunk_id for found in client.search("monthly rent").results)


def test_a_document_of_the_same_name_is_a_version(app: AppTest, client: RedwellClient, lease: str) -> None:
    (newer,) = client.upload([("lease.txt", b"Lease contract, second version.")])
    client.wait(newer.id or "", timeout=20, poll=0.05)
    at(app, "document", document=lease)
    labels = [element.proto.label.split(",")[0] for element in app.get("page_link")]
    assert [label for label in labels if label.startswith("Version")] == ["Version 2", "Version 1"]


def test_every_form_can_be_downloaded(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "document", document=lease)
    assert [button.label for button in app.get("download_button")] == ["Original", "Text", "Markdown", "Record (JSON)"]
