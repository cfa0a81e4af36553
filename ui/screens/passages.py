"""The chunk inspector: how the document was cut, and what of it is retrieved."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rag.replies.documents import Document, Mention
from rag.replies.shelf import DocumentChunk
from ui import api, view
from ui.words import say, several

PER_PAGE = 50


def inspector(document: Document, number: int, go: Callable[[int, Mention], None]) -> None:
    """`go` turns to a page and marks a span there; the passages of page `number` come first on request."""
    with api.shown():
        found = api.client().chunks(document.id)
        if not found:
            st.caption(say("The document was not cut into passages yet."))
            return
        off = sum(chunk.off for chunk in found)
        st.caption(
            f"{several(len(found), 'passage', 'passages')}, {say('{off} switched off', off=off)}. "
            + say("What is off is not found by questions and searches.")
        )
        only = st.toggle(say("Only of this page"), value=len(found) > PER_PAGE, key="only this page")
        for chunk in [one for one in found if not only or one.page == number][:PER_PAGE]:
            _passage(document.id, chunk, go)


def _passage(document_id: str, chunk: DocumentChunk, go: Callable[[int, Mention], None]) -> None:
    with st.container(border=True, key=f"passage {chunk.id}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            title = say("Page {page}", page=chunk.page) + (f" · {view.label(chunk.heading)}" if chunk.heading else "")
            if st.button(title, key=f"show {chunk.id}", type="tertiary", icon=":material/plagiarism:"):
                go(chunk.page, Mention(chunk.page, chunk.start, chunk.end))
            on = st.toggle(say("Retrieved"), value=not chunk.off, key=f"on {chunk.id} {chunk.off}")
        st.html(f'<div class="{"rw-none" if chunk.off else ""}">{view.quote_html(chunk.text, longest=600)}</div>')
    if on == chunk.off:
        api.client().switch_chunk(document_id, chunk.id, off=not on)
        st.rerun()


def versions(document: Document) -> None:
    """Other documents of this name, newest first; nothing where there is only this one."""
    found = api.client().versions(document.id)
    if len(found) < 2:
        return
    with st.popover(several(len(found), "version", "versions"), icon=":material/history:", type="tertiary"):
        for one in found:
            here = f" ({say('this one')})" if one.id == document.id else ""
            st.page_link(
                st.session_state.pages["document"],
                label=f"{say('Version {number}', number=one.version)}, {view.when(one.created_at)}, {view.size(one.size)}{here}",
                query_params=view.link_params(one.id),
                disabled=one.id == document.id,
            )
