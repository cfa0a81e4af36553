"""System: is everything well, and how much is there."""

from __future__ import annotations

import streamlit as st

from ui import api, view

NAMES = {"sequence": "Index has reached change", "behind": "Changes waiting to be indexed"}


def render() -> None:
    st.title("System")
    st.fragment(_state, run_every=5.0)()


def _state() -> None:
    with api.shown():
        ready = api.client().ready()
        if ready.ok:
            st.html(f"{view.status_html('ready')} <span class='rw-line'>{view.escape(api.client().base_url)}</span>")
        else:
            detail = str(ready.parts.get("detail") or "The server is up, but not every part of it.")
            st.html(view.problem_html(detail, str(ready.parts.get("remedy") or ""), title="Not ready."))
        stats = api.client().stats()
        for column, (name, value) in zip(
            st.columns(3), (("Documents", stats.documents), ("Pages", stats.pages), ("Passages", stats.chunks)),
            strict=True,
        ):  # fmt: skip
            column.metric(name, f"{value:,}", border=True)
        states, types = st.columns(2, gap="large")
        with states:
            st.subheader("By status", anchor=False)
            counts = {view.STATUSES.get(name, name): count for name, count in stats.by_status.items() if count}
            st.html(view.bars_html(counts) if counts else '<p class="rw-line">No documents yet.</p>')
        with types:
            st.subheader("By type", anchor=False)
            st.html(view.bars_html(stats.by_type) if stats.by_type else '<p class="rw-line">No documents yet.</p>')
        st.subheader("Index", anchor=False)
        skip = ("status", "detail", "remedy", "code")
        parts = {NAMES.get(k, k): str(v) for k, v in ready.parts.items() if k not in skip}
        st.html(view.facts_html(parts))
