"""The journey in a real browser on the real stack: a scan is sent and gets ready by itself, its type is corrected, a question
about it is answered, the citation opened, the marked words held against the API's boxes; then it is found by filters, and deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from rag.client import RedwellClient
from rag.replies.documents import Citation
from tests.conftest import SAMPLES, Stack
from tests.ui.browser import CHROMIUM, browsing, page_before
from tests.ui.region import marked_region, scaled

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM} (apt install chromium)"
)
SCAN = SAMPLES / "letter-solicitors-defects.png"
NAME = "scan-fenwick-araujo.png"
"""Sent under another name: the library may hold the sample."""
COLLECTION = "journey"
QUESTION = "According to Fenwick & Araujo, what will it cost to remove the mould behind the east wall?"
PATIENCE_MS = 180_000
"""Every wait is for something that must come; a loaded machine takes its time."""


@pytest.fixture
def window(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser on the page in front of the stack, which is left as it was found."""
    with RedwellClient(stack.url) as client:
        before = {head.id for head in client.conversations().conversations}
        log = tmp_path_factory.mktemp("page") / "page.log"
        with page_before(stack.url, log) as url, browsing() as browser:
            window = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=url, locale="en-GB")
            window.set_default_timeout(PATIENCE_MS)
            yield window
            window.close()
        for document in list(client.documents(collection=COLLECTION)):
            client.delete(document.id)
        for head in client.conversations().conversations:
            if head.id not in before:
                client.delete_conversation(head.id)


def test_a_scan_goes_the_whole_way_through_the_page(window: Page, client: RedwellClient) -> None:
    watch_it_get_ready(window)
    [document] = client.documents(collection=COLLECTION)
    assert client.page(document.id, 1).source == "ocr"

    correct_its_type(window, "contract")
    assert client.document(document.id).classification.label == "contract"

    before = {head.id for head in client.conversations().conversations}
    ask(window)
    [head] = [head for head in client.conversations().conversations if head.id not in before]
    cited = client.conversation(head.id).turns[0].answer.citations
    citation = next(one for one in cited if "1,860" in one.quote)
    assert citation.document_id == document.id
    png = open_the_citation(window, citation)
    the_words_are_marked(png, citation, client)

    narrow_and_delete(window)
    assert list(client.documents(collection=COLLECTION)) == []


def watch_it_get_ready(window: Page) -> None:
    """Nothing is pressed after the file was chosen."""
    window.goto("/documents")
    window.get_by_role("button", name="Options for the next upload").click()
    field = window.locator(".st-key-to_collection input")
    field.fill(COLLECTION)
    field.press("Enter")
    field.press("Escape")
    window.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()  # the page knows the collection
    with window.expect_response(lambda response: response.request.method == "PUT" and "upload" in response.url) as sent:
        window.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(
            {"name": NAME, "mimeType": "image/png", "buffer": SCAN.read_bytes()}
        )
    assert sent.value.ok
    row(window).filter(has_text="eady").wait_for()


def row(window: Page) -> Locator:
    """Of the scan in the library; the newest is first."""
    return window.locator(".st-key-library > div", has_text=NAME).first


def correct_its_type(window: Page, label: str) -> None:
    row(window).get_by_role("link").click()
    window.get_by_role("tab", name="Summary").click()
    window.locator("[data-testid=stButtonGroup] button").get_by_text(label, exact=True).click()
    window.get_by_text("Set by a person.").wait_for()


def ask(window: Page) -> None:
    """In the scan's collection alone, until the answer stands with its quotations."""
    window.get_by_role("link", name="Ask").click()
    window.locator(".st-key-scope button").first.click()
    choose(window, "in_collection", COLLECTION)
    window.keyboard.press("Escape")
    question = window.get_by_placeholder("Ask your documents")
    question.fill(QUESTION)
    question.press("Enter")
    window.locator(".rw-quote", has_text="1,860").first.wait_for()


def open_the_citation(window: Page, citation: Citation) -> bytes:
    """The picture that is shown then, as it reached the browser."""
    button = re.compile(rf"(?<!\d){citation.marker} {re.escape(NAME)}")
    window.locator("[data-testid=stMain] button", has_text=button).first.click()
    picture = window.locator("[data-testid=stImage] img")
    picture.wait_for()
    window.wait_for_function("document.querySelector('[data-testid=stImage] img').naturalWidth > 0")
    return window.request.get(str(picture.evaluate("image => image.src"))).body()


def the_words_are_marked(png: bytes, citation: Citation, client: RedwellClient) -> None:
    """Each of them, and nothing else."""
    page = client.page(citation.document_id, citation.page)
    assert page.text[citation.start : citation.end] == citation.quote
    words = [word.box for word in page.words if citation.start <= word.start < citation.end]
    assert len(words) > 3
    region = marked_region(png)
    shares = [region.share_within(box) for box in scaled(words, region, page.width, page.height)]
    assert min(shares) > 0.3, shares  # the rest of a word's box is ink
    assert region.share_outside(scaled(citation.boxes, region, page.width, page.height)) < 0.01


def narrow_and_delete(window: Page) -> None:
    window.get_by_role("link", name="Documents").click()
    choose(window, "coll", COLLECTION)
    choose(window, "type", "contract")
    window.locator(".st-key-library > div").filter(has_text=NAME).wait_for()
    assert window.locator(".st-key-library [data-testid=stPageLink]").count() == 1
    row(window).get_by_role("link").click()
    window.get_by_role("button", name="Delete").click()
    window.get_by_role("button", name="Delete for good").click()
    window.get_by_role("heading", name="Documents", exact=True).wait_for()


def choose(window: Page, key: str, option: str) -> None:
    """An option of a selectbox, by the key of the widget."""
    field = window.locator(f".st-key-{key} input")
    field.click()
    field.fill(option)
    window.get_by_role("option", name=option, exact=True).click()
