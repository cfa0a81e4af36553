"""The journey in a real browser: upload, watch, open, ask, open the citation, see the words marked, delete.

Runs over played models; with REDWELL_TEST_URL over the stack that answers there.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from rag.client import RedwellClient
from tests.ui.browser import CHROMIUM, browsing, page_before
from tests.ui.conftest import LEASE
from tests.ui.played import played, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAME = "journey-lease.txt"
PATIENCE_MS = 60_000

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM} (apt install chromium)"
)


@pytest.fixture(scope="module")
def journey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Models slow enough for a person to see the stages."""
    running = os.environ.get("REDWELL_TEST_URL")
    if running:
        yield running
        return
    with serving(played(tmp_path_factory.mktemp("journey"), delay=0.6)) as url:
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


def yellow_share(png: bytes) -> float:
    """Share of pixels in the highlighter's colour: much red and green, little blue."""
    pixels = Image.open(io.BytesIO(png)).convert("RGB").resize((400, 520)).tobytes()
    marked = sum(
        red > 200 and green > 170 and blue < 150
        for red, green, blue in zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True)
    )
    return marked / (len(pixels) / 3)


def test_upload_is_watched_without_a_click(window: Page, page_url: str) -> None:
    upload(window, page_url)
    window.locator(".rw-job", has_text=NAME).wait_for()
    window.locator(".rw-job", has_text=NAME).wait_for(state="detached")
    row = window.locator(".st-key-library > div", has_text=NAME)
    row.wait_for()
    assert "Ready" in row.inner_text() or "Partly ready" in row.inner_text()


def test_a_citation_opens_the_picture_with_the_words_marked(window: Page, page_url: str) -> None:
    upload(window, page_url)
    window.locator(".st-key-library > div", has_text=NAME).filter(has_text="eady").wait_for()
    window.get_by_role("link", name=NAME).click()
    window.locator("[data-testid=stImage] img").wait_for()
    assert "document=" in window.url
    assert "Margaret Oduya" in window.locator(".rw-text").inner_text()

    window.get_by_role("link", name="Ask").click()
    question = window.get_by_placeholder("Ask your documents")
    question.fill("What is the monthly rent that Margaret Oduya and Helena Varga agreed?")
    question.press("Enter")
    source = window.get_by_role("button", name=NAME).first
    source.wait_for()
    assert (
        "4,850" in window.locator(".rw-quote").first.inner_text()
        or "Oduya" in window.locator(".rw-answer").inner_text()
    )
    source.click()
    picture = window.locator("[data-testid=stImage] img")
    picture.wait_for()
    window.wait_for_function("document.querySelector('[data-testid=stImage] img').naturalWidth > 0")
    png = window.request.get(str(picture.evaluate("image => image.src"))).body()
    assert 0.0005 < yellow_share(png) < 0.25


def test_deleting_takes_the_document_away(window: Page, page_url: str, journey_url: str) -> None:
    upload(window, page_url)
    window.locator(".st-key-library > div", has_text=NAME).filter(has_text="eady").wait_for()
    window.get_by_role("link", name=NAME).click()
    window.get_by_role("button", name="Delete").click()
    window.get_by_role("button", name="Delete for good").click()
    window.get_by_role("heading", name="Documents").wait_for()
    with RedwellClient(journey_url) as client:
        assert list(client.documents(q=NAME)) == []


def test_a_link_restores_document_page_and_span(window: Page, page_url: str, journey_url: str) -> None:
    with RedwellClient(journey_url) as client:
        (sent,) = client.upload([(NAME, LEASE.encode())])
        assert sent.id is not None
        client.wait(sent.id, timeout=60)
        span = client.page(sent.id, 1).text.index("4,850")
    window.goto(f"{page_url}/document?document={sent.id}&page=1&highlight={span}-{span + 5}")
    assert window.locator(".rw-hit").inner_text() == "4,850"
