"""Every error of the service has words of the page, and they are in its catalogues."""

import pytest

from ingestion import run  # noqa: F401 - its errors are among those of the tree
from rag.access import allowed  # noqa: F401
from rag.api import mcp  # noqa: F401
from rag.errors import RedwellError
from rag.intake import antivirus  # noqa: F401
from rag.wire import ApiError
from ui.problems import PROBLEMS, told_html

OF_THE_WIRE = {"unreachable", "timeout", "bad_answer", "http_error"}
"""Of rag/wire.py and rag/api/problems.py, which no class names."""
OF_ROWS = {"runner_died"}
"""Of rag/store/ingestions.py."""


def codes(kind: type[RedwellError]) -> set[str]:
    return {kind.code}.union(
        *(codes(child) for child in kind.__subclasses__() if not child.__module__.startswith("tests"))
    )


def test_every_code_of_the_service_has_words_and_no_other() -> None:
    assert set(PROBLEMS) == codes(RedwellError) | OF_THE_WIRE | OF_ROWS


def test_english_readers_see_the_words_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDWELL_UI_LANGUAGE", "en")
    html = told_html(ApiError(413, "too_large", "'a.pdf' has 9 MB.", "Split it."), title="b.zip")
    assert html == '<div class="rw-problem" role="alert"><b>b.zip</b> &#x27;a.pdf&#x27; has 9 MB.<p>Split it.</p></div>'


def test_german_readers_see_german_and_the_words_of_the_service_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDWELL_UI_LANGUAGE", "de")
    html = told_html(ApiError(413, "too_large", "'a.pdf' has <9> MB.", "Split it."))
    assert "Das ist größer als erlaubt." in html
    assert "Teilen Sie es auf" in html
    assert '<small lang="en">&#x27;a.pdf&#x27; has &lt;9&gt; MB. Split it.</small>' in html


def test_an_unknown_code_is_told_in_the_words_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDWELL_UI_LANGUAGE", "de")
    assert "Something new." in told_html(ApiError(500, "something_new", "Something new.", "Wait."))
    assert "<small" not in told_html(ApiError(500, "something_new", "Something new.", "Wait."))
