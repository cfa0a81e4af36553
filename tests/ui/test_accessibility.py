"""axe-core finds nothing serious on any page, light or dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.ui.browser import CHROMIUM, browsing, page_before

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM} (apt install chromium)"
)
PATIENCE_MS = 60_000
DARK = "getComputedStyle(document.querySelector('.stApp')).backgroundColor === 'rgb(23, 22, 20)'"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def page_url(api_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_before(api_url, tmp_path_factory.mktemp("page") / "page.log") as url:
        yield url


def violations(window: Page) -> list[str]:
    """'rule selector html' of each serious or critical one."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(window).response["violations"]
    return [
        f"{rule['id']} {' '.join(map(str, node['target']))} {node['html'][:160]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("name", ["ask", "documents", "document", "search", "insights", "jobs", "system"])
def test_no_page_has_a_serious_violation(browser: Browser, page_url: str, lease: str, name: str) -> None:
    window = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    window.set_default_timeout(PATIENCE_MS)
    try:
        opened(window, page_url, lease, name)
        assert violations(window) == []
        window.emulate_media(color_scheme="dark")
        window.wait_for_function(DARK)
        assert violations(window) == []
    finally:
        window.close()


def opened(window: Page, url: str, document: str, name: str) -> None:
    """The page with something on it."""
    window.goto(f"{url}/{'' if name == 'ask' else name}{f'?document={document}' if name == 'document' else ''}")
    if name == "ask":
        question = window.get_by_placeholder("Ask your documents")
        question.fill("What is the monthly rent?")
        question.press("Enter")
        window.get_by_role("button", name="lease.txt").first.click()
    elif name == "search":
        window.get_by_role("textbox", name="Query").fill("rent")
        window.get_by_role("textbox", name="Query").press("Enter")
        window.locator(".rw-result").first.wait_for()
    if name in ("ask", "document"):
        window.locator("[data-testid=stImage] img").wait_for()
    else:
        window.get_by_role("heading", level=1).wait_for()
    window.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    window.wait_for_timeout(500)
