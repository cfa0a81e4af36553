"""Past conversations: listed, gone on with, renamed, deleted. The service keeps them; the page shows them."""

from __future__ import annotations

import streamlit as st

from rag.client import ApiError
from rag.replies.shelf import ConversationHead
from ui import api, view
from ui.words import say

SHOWN = 30


def menu() -> None:
    """The list in a popover. Nothing where the service keeps none and has none."""
    found = api.client().conversations(limit=SHOWN)
    st.session_state.kept = found.kept
    if not found.conversations:
        return
    with st.popover(say("Conversations"), icon=":material/history:", type="tertiary", key="past"):
        for head in found.conversations:
            _row(head)


def _row(head: ConversationHead) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            view.label(head.title),
            key=f"open {head.id}",
            type="primary" if head.id == st.session_state.get("conversation") else "tertiary",
            help=view.when(head.updated_at),
            width="stretch",
        ):
            st.session_state.conversation_to_open = head.id
            st.rerun()
        if st.button(say("Rename"), icon=":material/edit:", key=f"rename {head.id}", type="tertiary"):
            st.dialog(say("Rename"))(_rename)(head)
        if st.button(say("Delete"), icon=":material/delete:", key=f"forget {head.id}", type="tertiary"):
            with api.shown():
                api.client().delete_conversation(head.id)
                if head.id == st.session_state.get("conversation"):
                    st.session_state.conversation_to_open = ""
                st.rerun()


def _rename(head: ConversationHead) -> None:
    with st.form("rename", border=False):
        title = st.text_input(say("Title"), value=head.title, max_chars=120, key="new title")
        if st.form_submit_button(say("Save"), type="primary") and title.strip():
            with api.shown():
                api.client().rename_conversation(head.id, title.strip())
                st.rerun()


def current(question: str) -> str | None:
    """Id of the conversation that the question belongs to, begun with it; None where none is kept."""
    if not st.session_state.get("kept"):
        return None
    if not st.session_state.get("conversation"):
        try:
            st.session_state.conversation = api.client().begin_conversation(question).id
        except ApiError:
            return None  # the question is answered all the same
    found: str = st.session_state.conversation
    return found
