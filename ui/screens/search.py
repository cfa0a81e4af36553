"""Search playground: what retrieval brings, with its scores, and no generation."""

from __future__ import annotations

import streamlit as st

from rag.replies.documents import Result
from ui import api, ranking, view, viewer
from ui.screens import tagging
from ui.words import later, say, several

MODES = {"hybrid": later("Hybrid"), "dense": later("Meaning"), "lexical": later("Words")}


def render() -> None:
    st.title(say("Search"))
    lead = say(
        "The passages that an answer would be built from, and why: nearness in meaning (dense), shared words (lexical), "
        "and both fused."
    )
    st.html(view.line_html(lead, "rw-lead"))
    query = st.text_input(say("Query"), placeholder=say("monthly rent"), key="query", label_visibility="collapsed")
    with st.container(horizontal=True, vertical_alignment="center"):
        mode = st.segmented_control(
            say("Mode"),
            list(MODES),
            default="hybrid",
            required=True,
            format_func=lambda name: say(MODES[name]),
            key="mode",
            label_visibility="collapsed",
        )
        names = [found.name for found in api.client().collections()]
        collection = st.selectbox(
            say("Collection"),
            names,
            index=None,
            placeholder=say("Any collection"),
            key="within",
            label_visibility="collapsed",
        )
        known = tagging.known()
        tags = (
            st.multiselect(
                say("Tags"), known, placeholder=say("Any tag"), key="with_tags", label_visibility="collapsed"
            )
            if known
            else []
        )
        top_k = st.selectbox(
            say("Passages"), (5, 10, 20, 50), index=1, format_func=lambda n: several(n, "passage", "passages"), key="top_k",
            label_visibility="collapsed",
        )  # fmt: skip
    if not query.strip():
        text = say(
            "Compare the modes: “Words” finds names and numbers exactly, “Meaning” finds what is said differently, "
            "“Hybrid” joins both."
        )
        st.html(view.empty_html(say("Try a word or a sentence"), text))
        return
    found = api.client().search(
        query.strip(), collection=collection, top_k=top_k, mode=mode, filters={"tag": tags} if tags else None
    )
    if not found.results:
        st.html(view.empty_html(say("No passage found"), say("Try other words, or another mode.")))
        return
    took = view.seconds(found.timings.get("total"))
    passages = several(len(found.results), "passage", "passages")
    st.caption(say("{passages} in {seconds}", passages=passages, seconds=took) if took else "")
    best = ranking.best_scores(found.results)
    for rank, result in enumerate(found.results, 1):
        _result(rank, result, best, query)


def _result(rank: int, result: Result, best: Result, query: str) -> None:
    with st.container(border=True):
        text, scores = st.columns([3, 1], gap="large")
        with text:
            span = ((result.start, result.end),)
            viewer.open_link(
                f"{rank} · {view.place(result.filename, result.page)}", result.document_id, result.page, span
            )
            st.html(ranking.result_html(result, query))
        with scores:
            st.html(ranking.ranks_html(result, best))
