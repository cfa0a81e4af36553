"""Tags of one document and of many, and where a tag is chosen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rag.client import ApiError
from rag.replies.documents import Document
from ui import api, view
from ui.words import say


def known() -> list[str]:
    """Every tag of the library, by name."""
    return [found.tag for found in api.client().tags()]


def of_one(document: Document) -> None:
    """The document's tags in a field: what is typed becomes a new one, the cross takes one away."""
    own = list(document.tags)
    chosen = st.multiselect(
        say("Tags"),
        list(dict.fromkeys([*own, *known()])),
        default=own,
        format_func=view.label,
        accept_new_options=True,
        placeholder=say("Add tags"),
        label_visibility="collapsed",
        # A new revision draws the field anew, with what the service holds.
        key=f"tags {document.id} {document.revision}",
    )
    if list(chosen) != own:
        with api.shown():
            api.client().change(document.id, tags=chosen)
            st.rerun()


def of_many(documents: Sequence[Document]) -> None:
    """Put a tag to all of them, or take one away that some have."""
    ids = [document.id for document in documents]
    on_some = sorted({tag for document in documents for tag in document.tags})
    with st.popover(say("Tag"), icon=":material/sell:"), st.form("tag picked", border=False):
        new = st.multiselect(say("Add tags"), known(), accept_new_options=True, key="tags to add")
        gone = st.multiselect(say("Take tags away"), on_some, key="tags to remove", disabled=not on_some)
        if st.form_submit_button(say("Save"), type="primary") and (new or gone):
            _tag(ids, new, gone)
    with st.popover(say("Move"), icon=":material/drive_file_move:"), st.form("move picked", border=False):
        target = st.text_input(say("To the collection"), placeholder="default", key="move to")
        if st.form_submit_button(say("Move"), type="primary") and target.strip():
            move(documents, target.strip())


def _tag(ids: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> None:
    with api.shown():
        api.client().tag(ids, add=add, remove=remove)
        st.rerun()


def move(documents: Sequence[Document], collection: str) -> None:
    """What cannot be moved is told with its name."""
    failures: list[tuple[str, ApiError]] = []
    for document in documents:
        try:
            api.client().change(document.id, collection=collection)
        except ApiError as error:
            failures.append((document.filename, error))
        st.session_state.pop(f"pick {document.id}", None)
    st.session_state["bulk failures"] = failures
    st.rerun()
