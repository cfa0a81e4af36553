"""Signing in with OpenID Connect, in a real browser against a local issuer."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.client import RedwellClient
from tests.conftest import free_port
from tests.ui.browser import CHROMIUM, browsing, page_before
from tests.ui.issuer import issuing
from ui import people

ALICE = "alice@example.org"


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM} (apt install chromium)")
def test_a_person_signs_in_asks_and_signs_out(api_url: str, lease: str, tmp_path: Path) -> None:
    port = free_port()
    with issuing(ALICE, "redwell") as issuer, browsing() as browser:
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(
            "[auth]\n"
            f'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            'cookie_secret = "a secret of the test, long enough for a signature"\n'
            'client_id = "redwell"\nclient_secret = "known to both"\n'
            f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n'
            '[redwell]\npeople = ["*@example.org"]\n'
        )
        with page_before(api_url, tmp_path / "page.log", port=port, options=[f"--secrets.files={secrets}"]) as url:
            window = browser.new_page()
            window.set_default_timeout(60_000)
            window.goto(url)
            window.get_by_role("button", name="Sign in").click()
            question = window.get_by_placeholder("Ask your documents")
            question.fill("What is the monthly rent?")
            question.press("Enter")
            window.locator(".rw-quote").first.wait_for()
            window.get_by_role("link", name="System").click()
            window.get_by_text(f"Signed in as {ALICE}").wait_for()
            window.get_by_role("button", name="Sign out").click()
            window.get_by_role("button", name="Sign in").wait_for()
            window.close()
    with RedwellClient(api_url, user=ALICE) as alice, RedwellClient(api_url, user="bob@example.org") as bob:
        [head] = alice.conversations().conversations
        assert head.title == "What is the monthly rent?"
        assert bob.conversations().conversations == ()
        alice.delete_conversation(head.id)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "Alice@Example.org", "sub": "s1"}, "alice@example.org"),
        ({"email": "alice@example.org", "email_verified": False, "sub": "s1"}, "s1"),
        ({"sub": "s1"}, "s1"),
        ({}, ""),
    ],
)
def test_a_person_is_named_by_a_verified_address(claims: dict[str, object], name: str) -> None:
    assert people.name_of(claims) == name


def test_who_may_come_in_and_with_which_key() -> None:
    own = {"people": ["*@example.org"], "keys": {"Alice@example.org": "rw_1"}}
    assert [people.welcome(name, own) for name in (ALICE, "eve@example.com", "")] == [True, False, False]
    assert [people.welcome(name, {}) for name in (ALICE, "")] == [True, False]
    assert (people.key_of(ALICE, own), people.key_of("bob@example.org", own)) == ("rw_1", None)
