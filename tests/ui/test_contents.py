"""Mails and archives in the page, and the password of an encrypted file."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rag.client import RedwellClient
from tests.ui.test_pages import app, at, html

__all__ = ["app"]
MAIL = "The lease is attached.\fFILE:lease.txt\nThe monthly rent is EUR 4,850.00.\fFILE:tool.exe\nREFUSED"


@pytest.fixture
def mail(client: RedwellClient) -> str:
    (sent,) = client.upload([("mail.eml.txt", MAIL.encode())])
    assert sent.id is not None
    client.wait(sent.id, timeout=30, poll=0.05)
    return sent.id


def test_a_mail_shows_what_came_in_it(app: AppTest, client: RedwellClient, mail: str) -> None:
    at(app, "document", document=mail)
    assert not app.exception
    assert "2 files in it" in [expander.label for expander in app.expander]
    assert "Not read." in html(app)
    child = client.document(mail).children[0].id
    assert child is not None
    client.wait(child, timeout=30, poll=0.05)
    client.delete(mail)


def test_an_encrypted_file_asks_for_its_password(app: AppTest, client: RedwellClient) -> None:
    (sent,) = client.upload([("locked.txt", b"LOCKED:geheim\nThe deposit is EUR 9,700.00.")])
    assert sent.id is not None
    client.wait(sent.id, timeout=30, poll=0.05)
    at(app, "document", document=sent.id)
    app.text_input(key="password").set_value("geheim")
    next(button for button in app.button if button.label == "Open it").click().run()
    assert client.wait(sent.id, timeout=30, poll=0.05).status == "ready"
    client.delete(sent.id)
