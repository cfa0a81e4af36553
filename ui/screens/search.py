"""Search playground: what retrieval brings, with its scores, and no generation."""

from __future__ import annotations

import streamlit as st

from rag.replies import Result
from ui import api, view, viewer
from ui.screens import tagging

MODES = {"hybrid": "Hybrid", "dense": "Meaning", "lexical": "Words"}


def render() -> None:
    st.title("Search")
    st.html(
        '<p class="rw-lead">The passages that an answer would be built from, and why: nearness in meaning (dense), shared '
        "words (lexical), and both fused.</p>"
    )
    query = st.text_input("Query", placeholder="monthly rent", key="query", label_visibility="collapsed")
    with st.container(horizontal=True, vertical_alignment="center"):
        mode = st.segmented_control(
            "Mode",
            list(MODES),
            default="hybrid",
            required=True,
            format_func=lambda name: MODES[name],
            key="mode",
            label_visibility="collapsed",
        )
        names = [found.name for found in api.client().collections()]
        collection = st.selectbox(
            "Collection", names, index=None, placeholder="Any collection", key="within", label_visibility="collapsed"
        )
        known = tagging.known()
        tags = (
            st.multiselect("Tags", known, placeholder="Any tag", key="with_tags", label_visibility="collapsed")
            if known
            else []
        )
        top_k = st.selectbox(
            "Passages", (5, 10, 20, 50), index=1, format_func=lambda n: f"{n} passages", key="top_k",
            label_visibility="collapsed",
        )  # fmt: skip
    if not query.strip():
        st.html(
            '<div class="rw-empty"><h3>Try a word or a sentence</h3><p>Compare the modes: “Words” finds names and numbers '
            "exactly, “Meaning” finds what is said differently, “Hybrid” joins both.</p></div>"
        )
        return
    found = api.client().search(
        query.strip(), collection=collection, top_k=top_k, mode=mode, filters={"tag": tags} if tags else None
    )
    if not found.results:
        st.html('<div class="rw-empty"><h3>No passage found</h3><p>Try other words, or another mode.</p></div>')
        return
    took = view.seconds(found.timings.get("total"))
    st.caption(f"{view.plural(len(found.results), 'passage')} in {took}" if took else "")
    best = view.best_scores(found.results)
    for rank, result in enumerate(found.results, 1):
        _result(rank, result, best, query)


def _result(rank: int, result: Result, best: Result, query: str) -> None:
    with st.container(border=True):
        text, scores = st.columns([3, 1], gap="large")
        with text:
            span = ((result.start, result.end),)
            viewer.open_link(f"{rank} · {result.filename}, page {result.page}", result.document_id, result.page, span)
            st.html(view.result_html(result, query))
        with scores:
            st.html(view.ranks_html(result, best))
