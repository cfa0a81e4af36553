"""A document in the forms in which it can be had; each is made when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import streamlit as st

from rag.replies.documents import Document
from ui import api, view
from ui.words import say


def menu(document: Document) -> None:
    stem = document.filename.rpartition(".")[0] or document.filename
    redwell = api.client()
    with st.popover(say("Download"), icon=":material/download:"):
        _offer(
            "original", say("Original"), document.filename, document.media_type, lambda: redwell.original(document.id)
        )
        if document.page_count:
            _offer("plain", say("Text"), f"{stem}.txt", "text/plain", lambda: redwell.text(document.id))
            _offer("markdown", "Markdown", f"{stem}.md", "text/markdown", lambda: redwell.markdown(document.id))
        if document.final and view.has_pictures(document.media_type):
            _offer(
                "searchable",
                say("Searchable PDF"),
                f"{stem}.searchable.pdf",
                "application/pdf",
                lambda: redwell.searchable_pdf(document.id),
            )
            # Named by the id: file names hold names.
            _offer(
                "redacted",
                say("PDF without personal data"),
                f"{document.id}.redacted.pdf",
                "application/pdf",
                lambda: redwell.redacted_pdf(document.id),
            )
        record = json.dumps(asdict(document), default=str, indent=2, ensure_ascii=False)
        _offer("record", say("Record (JSON)"), f"{stem}.json", "application/json", lambda: record)


def _offer(key: str, label: str, filename: str, media_type: str, data: Callable[[], str | bytes]) -> None:
    st.download_button(label, data, filename, media_type or None, on_click="ignore", key=key, width="stretch")
