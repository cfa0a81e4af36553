"""The page's one way to the API: a shared client, cached page images, problems shown as detail and remedy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from rag.client import ApiError, RedwellClient
from ui import people, problems, view
from ui.words import say

KEY = "redwell-key"
DEFAULT_URL = "http://127.0.0.1:8000"


@st.cache_resource(show_spinner=False, max_entries=200)
def _client(url: str, key: str | None, user: str | None) -> RedwellClient:
    return RedwellClient(url, key, user=user, retry_seconds=3)


def client() -> RedwellClient:
    """The client of REDWELL_API_URL and of whoever looks at the page; the key never leaves this process."""
    return _client(os.environ.get("REDWELL_API_URL") or DEFAULT_URL, key(), people.person())


def asks_for_key() -> bool:
    """Where others than this machine reach the page (REDWELL_PAGE_ASKS), each of them brings a key of his own."""
    return os.environ.get("REDWELL_PAGE_ASKS") == "1"


def key() -> str | None:
    """The API key of whoever looks at the page."""
    if people.configured():
        return people.key_of(people.person(), people.own()) or os.environ.get("REDWELL_API_KEY") or None
    if asks_for_key():
        return st.session_state.get(KEY) or "none"
    return os.environ.get("REDWELL_API_KEY") or None


def sign_in() -> bool:
    """True when the page may be shown; else a button to the issuer, or a form that asks for a key, which is kept in this
    browser session alone."""
    if people.configured():
        return _signed_in()
    if not asks_for_key() or st.session_state.get(KEY):
        return True
    with st.form("sign-in", width=420):
        st.subheader(say("Your API key"), anchor=False)
        given = st.text_input(say("Key"), type="password", label_visibility="collapsed")
        sent = st.form_submit_button(say("Open the library"), type="primary")
    if sent and given.strip():
        try:
            RedwellClient(client().base_url, given.strip(), retry_seconds=3).collections()
        except ApiError as error:
            show(error)
        else:
            st.session_state[KEY] = given.strip()
            st.rerun()
    return False


def _signed_in() -> bool:
    if not st.user.is_logged_in:
        st.html(view.empty_html("Redwell", say("Sign in to see the library.")))
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button(say("Sign in"), type="primary", icon=":material/login:", on_click=st.login, key="sign in")
        return False
    name = people.person() or ""
    if people.welcome(name, people.own()):
        return True
    st.html(view.problem_html(say("{name} may not see this library.", name=name), say("Ask whoever runs it.")))
    sign_out()
    return False


def sign_out() -> None:
    """A button, where somebody is signed in."""
    if people.configured():
        st.button(say("Sign out"), icon=":material/logout:", on_click=st.logout, key="sign out", type="tertiary")
    elif asks_for_key() and st.button(say("Sign out"), icon=":material/logout:", key="sign out", type="tertiary"):
        del st.session_state[KEY]
        st.rerun()


def page_image(document_id: str, number: int, highlights: tuple[view.Span, ...], width: int) -> bytes:
    """PNG; cached because every click runs the page again. Raises ApiError."""
    return _page_image(key(), document_id, number, highlights, width)


@st.cache_data(show_spinner=False, max_entries=200, ttl=900)
def _page_image(key: str | None, id: str, number: int, highlights: tuple[view.Span, ...], width: int) -> bytes:
    """Of one key: what one person may see is not shown to the next."""
    return client().page_image(id, number, highlights=highlights, width=width)


def forget_pictures() -> None:
    """Pages are drawn anew."""
    _page_image.clear()


def show(error: ApiError) -> None:
    st.html(problems.told_html(error))


@contextmanager
def shown() -> Iterator[None]:
    """A failing block ends with its problem on the page instead of a traceback."""
    try:
        yield
    except ApiError as error:
        show(error)
