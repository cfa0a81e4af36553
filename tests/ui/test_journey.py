"""In a real browser over played models, slow enough to be watched: progress that comes by itself, deep links.

The whole journey, on the real stack, is tests/serve/test_journey.py.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rag.client import RedwellClient
from tests.ui.browser import CHROMIUM, browsing, page_before
from tests.ui.conftest import LEASE
from tests.ui.played import played, serving
from ui.screens.documents import AT_ONCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from rag.services import Services

NAME = "journey-lease.txt"
PATIENCE_MS = 60_000

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM} (apt install chromium)"
)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Models slow enough for a person to see the stages."""
    return played(tmp_path_factory.mktemp("journey"), delay=0.6)


@pytest.fixture(scope="module")
def journey_url(services: Services) -> Iterator[str]:
    with serving(services) as url:
        yield url


@pytest.fixture(scope="module")
def page_url(journey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_before(journey_url, tmp_path_factory.mktemp("page") / "page.log") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Driven from a thread of Playwright's own loop; pytest's loop does not run during these synchronous tests."""
    with browsing() as browser:
        yield browser


@pytest.fixture
def window(browser: Browser, journey_url: str) -> Iterator[Page]:
    """A fresh window; what the journey uploaded is gone before and after."""
    forget(journey_url)
    window = browser.new_page(viewport={"width": 1440, "height": 900})
    window.set_default_timeout(PATIENCE_MS)
    yield window
    window.close()
    forget(journey_url)


def forget(url: str) -> None:
    with RedwellClient(url) as client:
        for document in list(client.documents(q=NAME)):
            client.delete(document.id)


def upload(window: Page, page_url: str) -> None:
    window.goto(f"{page_url}/documents")
    window.locator("input[type=file]").first.set_input_files(
        {"name": NAME, "mimeType": "text/plain", "buffer": LEASE.encode()}
    )


def test_upload_is_watched_without_a_click(
    window: Page, page_url: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = threading.Event()  # on busy cores the page may come later than all stages are done

    async def until_seen() -> None:
        await asyncio.to_thread(seen.wait, PATIENCE_MS / 1000)

    monkeypatch.setattr(services.classifier, "_wait", until_seen)
    upload(window, page_url)
    window.locator(".rw-job", has_text=NAME).wait_for()
    seen.set()
    row = window.locator(".st-key-library > div", has_text=NAME)
    # The list may show it under way for a moment more: the page draws its parts one after the other.
    row.get_by_text(re.compile("Ready|Partly ready")).first.wait_for()
    window.locator(".rw-job", has_text=NAME).wait_for(state="detached")
    assert row.count() == 1


def test_a_link_restores_document_page_and_span(window: Page, page_url: str, journey_url: str) -> None:
    with RedwellClient(journey_url) as client:
        (sent,) = client.upload([(NAME, LEASE.encode())])
        assert sent.id is not None
        client.wait(sent.id, timeout=60)
        span = client.page(sent.id, 1).text.index("4,850")
    window.goto(f"{page_url}/document?document={sent.id}&page=1&highlight={span}-{span + 5}")
    assert window.locator(".rw-hit").inner_text() == "4,850"


def test_a_whole_folder_is_sent_in_groups_without_what_programs_leave_in_it(
    window: Page, page_url: str, journey_url: str, tmp_path: Path
) -> None:
    names = [f"{number:02}-{NAME}" for number in range(AT_ONCE + 1)]
    for name in (*names, f".{NAME}", "deep/Thumbs.db", f"deep/last-{NAME}"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"The file {name}.")
    window.goto(f"{page_url}/documents")
    window.get_by_text("Options for the next upload").click()
    window.get_by_text("A whole folder").click()
    chooser = window.locator("[data-testid=stFileUploader]", has_text="directories")
    with window.expect_file_chooser() as opened:
        chooser.locator("button").first.click()
    opened.value.set_files(tmp_path)
    with RedwellClient(journey_url) as client:
        while len(found := sorted(document.filename for document in client.documents(q=NAME))) < len(names) + 1:
            window.wait_for_timeout(200)
        assert found == [*names, f"last-{NAME}"]
        assert not list(client.documents(q="Thumbs"))
