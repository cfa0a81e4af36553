"""The page's one way to the API: a shared client, cached page images, problems shown as detail and remedy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from rag.client import ApiError, RedwellClient
from ui import view

DEFAULT_URL = "http://127.0.0.1:8000"


@st.cache_resource(show_spinner=False)
def _client(url: str, key: str | None) -> RedwellClient:
    return RedwellClient(url, key, retry_seconds=3)


def client() -> RedwellClient:
    """The client of REDWELL_API_URL and REDWELL_API_KEY; the key never leaves this process."""
    return _client(os.environ.get("REDWELL_API_URL") or DEFAULT_URL, os.environ.get("REDWELL_API_KEY") or None)


@st.cache_data(show_spinner=False, max_entries=200, ttl=900)
def page_image(document_id: str, number: int, highlights: tuple[view.Span, ...], width: int) -> bytes:
    """PNG; cached because every click runs the page again. Raises ApiError."""
    return client().page_image(document_id, number, highlights=highlights, width=width)


def show(error: ApiError) -> None:
    st.html(view.problem_html(error.detail, error.remedy))


@contextmanager
def shown() -> Iterator[None]:
    """A failing block ends with its problem on the page instead of a traceback."""
    try:
        yield
    except ApiError as error:
        show(error)
