"""The picture of a page with words marked, as the document page and the answers show it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from ui import api, view
from ui.words import say

WIDTH = 620
"""Pixels of a page at 100%, about its column's."""
ZOOMS = {1.0: "100%", 1.5: "150%", 2.0: "200%"}
THUMBNAILS = 8


def page_picture(document_id: str, number: int, highlights: tuple[view.Span, ...] = (), *, filename: str = "") -> None:
    """The page as wide as its column, or the API's problem in its place."""
    with api.shown():
        png = api.page_image(document_id, number, highlights, 1100)
        what = (
            say("Page {number} of {file}", number=number, file=filename)
            if filename
            else say("Page {page}", page=number)
        )
        st.image(png, width="stretch", alt=say("{what}, the cited words marked", what=what) if highlights else what)


def zoomed_picture(document_id: str, number: int, highlights: tuple[view.Span, ...], *, filename: str) -> None:
    """The page with a choice of sizes; what is wider than its column is moved under it."""
    zoom = st.segmented_control(
        say("Zoom"), list(ZOOMS), default=1.0, required=True, format_func=ZOOMS.__getitem__, key="zoom",
        label_visibility="collapsed",
    )  # fmt: skip
    if zoom == 1.0:
        page_picture(document_id, number, highlights, filename=filename)
        return
    with api.shown(), st.container(key="zoomed", height=820):
        width = round(WIDTH * zoom)
        st.image(api.page_image(document_id, number, highlights, 2 * width), width=width)


def thumbnails(document_id: str, count: int, number: int, go: Callable[[int], None]) -> None:
    """Small pictures of the pages around this one, each with a button to it."""
    first = max(1, min(number - THUMBNAILS // 2, count - THUMBNAILS + 1))
    shown = range(first, min(first + THUMBNAILS, count + 1))
    for column, page in zip(st.columns(THUMBNAILS), shown, strict=False):
        with column, api.shown():
            st.image(api.page_image(document_id, page, (), 160), width="stretch", alt=say("Page {page}", page=page))
            if st.button(str(page), key=f"thumbnail {page}", type="tertiary", disabled=page == number, width="stretch"):
                go(page)


def open_link(text: str, document_id: str, page: int, highlights: tuple[view.Span, ...] = ()) -> None:
    """A link to the document's page inside the application."""
    st.page_link(
        st.session_state.pages["document"],
        label=view.label(text),
        icon=":material/open_in_full:",
        query_params=view.link_params(document_id, page, highlights),
    )
