"""What is done to many documents at once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence

import streamlit as st

from rag.client import ApiError
from rag.replies.documents import Document
from ui import api, problems, view
from ui.screens import tagging
from ui.words import say, several


def picking() -> bool:
    """The switch that puts a box before each document of the library."""
    return st.toggle(say("Select"), key="picking")


def box(document: Document) -> None:
    st.checkbox(
        say("Select {file}", file=view.label(document.filename)),
        key=f"pick {document.id}",
        label_visibility="collapsed",
        width="content",
    )


def picked(documents: Sequence[Document]) -> list[Document]:
    """Of those on show: what is not seen is not acted upon."""
    return [document for document in documents if st.session_state.get(f"pick {document.id}")]


def bar(documents: Sequence[Document]) -> None:
    """The actions, once something is picked; what failed is told with its name."""
    chosen = picked(documents)
    with st.container(horizontal=True, vertical_alignment="center", key="bulk"):
        if st.button(say("All on this page"), type="tertiary", key="pick all"):
            for document in documents:
                st.session_state[f"pick {document.id}"] = len(chosen) < len(documents)
            st.rerun()
        if chosen:
            documents_chosen = several(len(chosen), "document", "documents")
            with st.popover(say("Delete {documents}", documents=documents_chosen), icon=":material/delete:"):
                st.write(say("The originals and all that was made of them go. This cannot be taken back."))
                if st.button(
                    say("Delete {documents} for good", documents=documents_chosen), type="primary", key="delete picked"
                ):
                    _each(chosen, api.client().delete)
            if st.button(say("Run again what failed"), icon=":material/replay:", key="retry picked"):
                _each([document for document in chosen if document.status in ("failed", "partial")], api.client().retry)
            tagging.of_many(chosen)
            st.download_button(
                say("Text of all"),
                data=lambda: texts(chosen, api.client().text),
                file_name="documents.zip",
                mime="application/zip",
                icon=":material/download:",
                key="download picked",
            )
    for name, error in st.session_state.pop("bulk failures", []):
        st.html(problems.told_html(error, title=name))


def _each(documents: Sequence[Document], action: Callable[[str], object]) -> None:
    failures: list[tuple[str, ApiError]] = []
    for document in documents:
        try:
            action(document.id)
        except ApiError as error:
            failures.append((document.filename, error))
        st.session_state.pop(f"pick {document.id}", None)
    st.session_state["bulk failures"] = failures
    st.rerun()


def texts(documents: Sequence[Document], text: Callable[[str], str]) -> bytes:
    """A ZIP with the text of each; equal names are told apart by a number."""
    target, used = io.BytesIO(), set()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for document in documents:
            stem = document.filename.replace("/", "_").replace("\\", "_")
            name, number = f"{stem}.txt", 1
            while name in used:
                number += 1
                name = f"{stem} ({number}).txt"
            used.add(name)
            archive.writestr(name, text(document.id))
    return target.getvalue()
