"""What a document came in, what came in it, and the password of one that is encrypted."""

from __future__ import annotations

import streamlit as st

from rag.replies.documents import Document
from ui import api, problems, view
from ui.words import say, several

SHOWN = 50


def above(document: Document) -> None:
    """The way back to the mail or archive."""
    if document.parent_id:
        st.page_link(
            st.session_state.pages["document"],
            label=say("Came in another document: open it"),
            icon=":material/drive_folder_upload:",
            query_params=view.link_params(document.parent_id),
        )


def inside(document: Document) -> None:
    """The files of a mail or archive, each with its state; those that were not taken say why."""
    if not document.children:
        return
    with st.expander(say("{files} in it", files=several(len(document.children), "file", "files")), expanded=True):
        for child in document.children[:SHOWN]:
            name = child.filename.removeprefix(f"{document.filename}/")
            with st.container(horizontal=True, vertical_alignment="center", wrap=True):
                if child.id is None:
                    st.markdown(view.label(name))
                else:
                    st.page_link(
                        st.session_state.pages["document"],
                        label=view.label(name),
                        icon=":material/description:",
                        query_params=view.link_params(child.id),
                        width="stretch",
                    )
                st.html(view.status_html(child.status), width="content")
            if child.error is not None:
                st.html(problems.told_html(child.error))
        left_out = len(document.children) - SHOWN
        if left_out > 0:
            st.caption(say("and {count} more: search for their names in the library.", count=left_out))


def password(document: Document) -> None:
    """Where a document failed for want of its password: a field for it, and another try."""
    if document.error is None or document.error.code != "encrypted_file":
        return
    with st.form("unlock", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        given = st.text_input(say("Password"), type="password", key="password", help=say("Used once and not kept."))
        if st.form_submit_button(say("Open it"), type="primary") and given:
            with api.shown():
                api.client().retry(document.id, password=given)
                st.rerun()
