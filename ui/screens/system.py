"""System: is everything well, and how much is there."""

from __future__ import annotations

import os
from dataclasses import replace

import streamlit as st

from rag.replies.documents import Problem
from ui import api, people, problems, view
from ui.screens import running
from ui.words import LANGUAGES, language, later, say

NAMES = {"sequence": later("Index has reached change"), "behind": later("Changes waiting to be indexed")}


def render() -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.title(say("System"))
        with st.container(horizontal=True, width="content", vertical_alignment="bottom"):
            if name := people.person():
                st.caption(say("Signed in as {name}", name=view.label(name)))
            api.sign_out()
            _language()
    st.fragment(_state, run_every=5.0)()
    running.checks()


def _language() -> None:
    """The reader's choice, unless the installation has made it."""
    if os.environ.get("REDWELL_UI_LANGUAGE") in LANGUAGES:
        return
    now = language()
    chosen = st.selectbox(
        say("Language"), list(LANGUAGES), list(LANGUAGES).index(now), format_func=LANGUAGES.__getitem__, width=160,
        key="language choice",
    )  # fmt: skip
    if chosen != now:
        st.session_state.language = chosen
        st.rerun()


def _state() -> None:
    with api.shown():
        ready = api.client().ready()
        if ready.ok:
            st.html(f"{view.status_html('ready')} <span class='rw-line'>{view.escape(api.client().base_url)}</span>")
        else:
            told = Problem(*(str(ready.parts.get(name) or "") for name in ("code", "detail", "remedy")))
            detail = told.detail or say("The server is up, but not every part of it.")
            st.html(problems.told_html(replace(told, detail=detail), title=say("Not ready.")))
        stats = api.client().stats()
        for column, (name, value) in zip(
            st.columns(3), ((say("Documents"), stats.documents), (say("Pages"), stats.pages), (say("Passages"), stats.chunks)),
            strict=True,
        ):  # fmt: skip
            column.metric(name, f"{value:,}", border=True)
        running.parts()
        st.subheader(say("Index"), anchor=False)
        skip = ("status", "detail", "remedy", "code")
        parts = {say(NAMES.get(k, k)): str(v) for k, v in ready.parts.items() if k not in skip}
        st.html(view.facts_html(parts))
        states, types = st.columns(2, gap="large")
        with states:
            st.subheader(say("By status"), anchor=False)
            counts = {say(view.STATUSES.get(name, name)): count for name, count in stats.by_status.items() if count}
            st.html(view.bars_html(counts) if counts else view.line_html(say("No documents yet.")))
        with types:
            st.subheader(say("By type"), anchor=False)
            st.html(view.bars_html(stats.by_type) if stats.by_type else view.line_html(say("No documents yet.")))
