"""The picture of a page with words marked, as the document page and the answers show it."""

from __future__ import annotations

import streamlit as st

from ui import api, view
from ui.words import say


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


def open_link(text: str, document_id: str, page: int, highlights: tuple[view.Span, ...] = ()) -> None:
    """A link to the document's page inside the application."""
    st.page_link(
        st.session_state.pages["document"],
        label=view.label(text),
        icon=":material/open_in_full:",
        query_params=view.link_params(document_id, page, highlights),
    )
