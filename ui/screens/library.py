"""A way into the library with filters set; its fields have the same keys."""

from __future__ import annotations

import streamlit as st

FIELDS = ("q", "entity", "status", "type", "tag", "coll")


def button(label: str, **filters: str | None) -> None:
    """What is not among the filters is taken away."""
    if st.button(label, icon=":material/filter_alt:", key=f"to library {' '.join(filters)}"):
        for key in FIELDS:
            st.session_state.pop(key, None)
        for key, value in filters.items():
            if value:
                st.session_state[key] = value
        st.switch_page(st.session_state.pages["documents"])
