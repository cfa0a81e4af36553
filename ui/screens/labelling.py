"""A document's labels, each set as a row of choices: one click corrects, a click on what stands there confirms."""

from __future__ import annotations

import streamlit as st

from rag.replies.labels import DocumentLabel, LabelSet
from ui import api, view
from ui.words import say, several


def choices(document_id: str) -> None:
    """Every label set that this document has a label in."""
    with api.shown():
        sets = {one.name: one for one in api.client().label_sets()}
        for found in api.client().labels(document_id):
            if found.set in sets:
                _choose(document_id, sets[found.set], found)


def _choose(document_id: str, known: LabelSet, found: DocumentLabel) -> None:
    key = f"label {document_id} {known.name}"
    options = list(dict.fromkeys([score.label for score in found.scores] or [*known.labels, "other"]))
    chosen = st.pills(
        say("Wrong? Click the right one.") if known.name == "type" else view.label(known.name),
        options,
        default=found.label if found.label in options else None,
        format_func=view.label,
        key=f"{key} {found.label} {found.corrected}",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(standing(known, found))
        if found.corrected:
            if st.button(say("Take back"), type="tertiary", key=f"{key} withdraw"):
                api.client().withdraw_label(document_id, known.name)
                st.rerun()
        elif st.button(say("It is right"), icon=":material/check:", type="tertiary", key=f"{key} confirm"):
            _correct(document_id, known.name, found.label)
    if chosen and chosen != found.label:
        _correct(document_id, known.name, chosen)


def _correct(document_id: str, name: str, label: str) -> None:
    api.client().correct_label(document_id, name, label)
    st.rerun()


def standing(known: LabelSet, found: DocumentLabel) -> str:
    """Who decided, and how well that was measured."""
    if found.corrected:
        return say("Set by a person.")
    active = next((model for model in known.models if model.version == known.active), None)
    if active is None:
        return say("By the descriptions, {sure} sure.", sure=view.percent(found.score))
    return say(
        "Learned from {documents} (version {version}, right for {share} of those held out), {sure} sure.",
        documents=several(active.samples, "document", "documents"),
        version=active.version,
        share=view.percent(active.accuracy),
        sure=view.percent(found.score),
    )
