# ruff: noqa: T201  (a command of its own: it prints)
"""Every page in light and dark as a small PNG, over the sample documents read by the real parts: `make screenshots`.

`scripts/screenshots.py [NAME ...]` takes only these pages. With REDWELL_API_URL it looks at the service that answers
there, with the samples loaded. The library of the last run is kept in .cache/screenshots, so that the next is quick.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import structlog  # noqa: E402
from PIL import Image  # noqa: E402

from rag.client import RedwellClient  # noqa: E402
from rag.launch import SAMPLES, load_samples  # noqa: E402
from tests.ui.browser import browsing, page_before  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

TARGET = ROOT / "docs" / "screenshots"
KEPT = ROOT / ".cache" / "screenshots"
SIZE = {"width": 1280, "height": 800}
COLOURS = 200
SETTLE_MS = 900
QUESTION = "What is the monthly rent of 18 Harbour Street?"
TAGS = {"invoice": "to pay", "lease": "Harbour Street", "letter": "answer"}
"""Part of a name -> the tag that those documents get."""
Take = Callable[["Page", str, dict[str, str]], None]


def settled(window: Page) -> None:
    """Nothing runs any more, and what was drawn has stopped moving."""
    window.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    window.wait_for_timeout(SETTLE_MS)
    window.wait_for_function("[...document.images].every(image => image.complete)")


def ask(window: Page, url: str, ids: dict[str, str]) -> None:
    window.goto(url)
    field = window.get_by_placeholder("Ask your documents")
    field.fill(QUESTION)
    field.press("Enter")
    window.locator(".rw-quote").first.wait_for()
    settled(window)
    window.locator("[data-testid=stMain] button", has_text="lease-harbour-street.pdf").first.click()
    window.locator("[data-testid=stImage] img").wait_for()


def documents(window: Page, url: str, ids: dict[str, str]) -> None:
    window.goto(f"{url}/documents")
    window.locator(".st-key-library").wait_for()


def document(window: Page, url: str, ids: dict[str, str]) -> None:
    window.goto(f"{url}/document?document={ids['lease-amendment-scan.pdf']}")
    window.locator("[data-testid=stImage] img").wait_for()


def fields(window: Page, url: str, ids: dict[str, str]) -> None:
    window.goto(f"{url}/document?document={ids['invoice-northgate-1342-scan.pdf']}")
    window.locator("[data-testid=stImage] img").wait_for()
    window.get_by_role("tab", name="Fields").click()
    window.locator("[data-testid=stDataFrame]").wait_for()


def search(window: Page, url: str, ids: dict[str, str]) -> None:
    window.goto(f"{url}/search")
    field = window.get_by_role("textbox", name="Query")
    field.fill("notice period of the lease")
    field.press("Enter")
    window.locator(".rw-result").first.wait_for()


def insights(window: Page, url: str, ids: dict[str, str]) -> None:
    window.goto(f"{url}/insights")
    window.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").nth(3).wait_for()


def passages(window: Page, url: str, ids: dict[str, str]) -> None:
    document(window, url, ids)
    window.get_by_role("tab", name="Passages").click()
    window.locator(".rw-quote").first.wait_for()


def plain(name: str) -> Take:
    def take(window: Page, url: str, ids: dict[str, str]) -> None:
        window.goto(f"{url}/{name}")
        window.get_by_role("heading", level=1).wait_for()

    return take


PAGES: dict[str, Take] = {
    "ask": ask,
    "documents": documents,
    "document": document,
    "fields": fields,
    "passages": passages,
    "search": search,
    "insights": insights,
    "jobs": plain("jobs"),
    "system": plain("system"),
}


def small(png: bytes) -> bytes:
    """With a palette of its own: a third of the bytes, and nobody sees it. MAXCOVERAGE keeps what is rare: dots, marks, the logo."""
    out = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()


def tag(client: RedwellClient) -> None:
    """So that there is something to see of it."""
    for word in TAGS:
        client.tag([found.id for found in client.documents(q=word)], add=[TAGS[word]])


@contextmanager
def service() -> Iterator[str]:
    running = os.environ.get("REDWELL_API_URL")
    if running:
        yield running
        return
    from tests.ui.sampled import sampled

    with sampled(KEPT / "data") as url:
        with RedwellClient(url) as client:
            load_samples(client, SAMPLES, progress=print)
            tag(client)
        yield url


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PAGES]
    if unknown:
        print(f"There is no page {unknown[0]}: choose from {', '.join(PAGES)}.")
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    KEPT.mkdir(parents=True, exist_ok=True)
    TARGET.mkdir(parents=True, exist_ok=True)
    with service() as api, page_before(api, KEPT / "page.log") as url, browsing() as browser:
        with RedwellClient(api) as client:
            ids = {found.filename: found.id for found in client.documents()}
        for scheme in ("light", "dark"):
            for name in names or PAGES:
                window = browser.new_page(viewport=SIZE, color_scheme=scheme, locale="en-GB")
                window.set_default_timeout(60_000)
                PAGES[name](window, url, ids)
                settled(window)
                target = TARGET / f"{name}-{scheme}.png"
                target.write_bytes(small(window.screenshot()))
                print(f"{target.relative_to(ROOT)}  {target.stat().st_size / 1000:.0f} kB", flush=True)
                window.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
