"""The Jobs page over the real API."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from rag.client import RedwellClient
from tests.conftest import ROOT


@pytest.fixture
def page(api_url: str, client: RedwellClient, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("REDWELL_API_URL", api_url)
    st.cache_data.clear()
    app = AppTest.from_file(str(ROOT / "ui" / "app.py"), default_timeout=30)
    app._page_hash = calc_hash("jobs")
    for job in client.jobs():
        client.cancel_job(job.id)
        client.cancel_job(job.id)
    return app.run()


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_without_jobs_the_page_says_how_to_start_one(page: AppTest) -> None:
    assert "No jobs yet" in html(page)
    assert not page.exception


def test_a_source_that_the_service_does_not_read_is_named_with_what_to_do(page: AppTest) -> None:
    page.text_area(key="job_sources").set_value("/etc")
    page.button[0].click().run()
    assert "not among the sources" in html(page)
    assert "ingestion.allow" in html(page)


def test_a_job_is_listed_and_can_be_cancelled(page: AppTest, client: RedwellClient) -> None:
    job = client.start_job([], retry_failed=True)
    page.run()
    assert "What failed before" in html(page)
    page.button(key=f"cancel {job.id}").click().run()
    assert client.job(job.id).status == "cancelled"
