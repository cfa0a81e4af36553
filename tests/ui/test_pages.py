"""Every page, run by Streamlit's AppTest against the real API over played models."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT


@pytest.fixture
def app(api_url: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("REDWELL_API_URL", api_url)
    return AppTest.from_file(str(ROOT / "ui" / "app.py"), default_timeout=30)


def html(app: AppTest) -> str:
    """What st.html drew, in order."""
    return "\n".join(element.proto.body for element in app.get("html"))


def at(app: AppTest, page: str, **params: str) -> AppTest:
    """Run the application on one of its pages."""
    app.query_params.update(params)
    app.switch_page(page)
    return app.run()


def test_probe(app: AppTest, lease: str) -> None:
    app.run()
    assert not app.exception
    print(html(app)[:300])
    print([button.key for button in app.button])
