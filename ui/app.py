"""The entry point: `streamlit run ui/app.py`, with REDWELL_API_URL and REDWELL_API_KEY in the environment."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui import api
from ui.screens import ask, document, documents, insights, jobs, search, system
from ui.words import say

HERE = Path(__file__).parent

st.set_page_config(page_title="Redwell", page_icon=str(HERE / "icon.svg"), layout="wide")
st.html(HERE / "style.css")
st.logo(str(HERE / "logo.svg"), size="large")

if not api.sign_in():
    st.stop()
pages = [
    st.Page(ask.render, title=say("Ask"), icon=":material/forum:", url_path="ask", default=True),
    st.Page(documents.render, title=say("Documents"), icon=":material/description:", url_path="documents"),
    st.Page(search.render, title=say("Search"), icon=":material/search:", url_path="search"),
    st.Page(insights.render, title=say("Insights"), icon=":material/insights:", url_path="insights"),
    st.Page(jobs.render, title=say("Jobs"), icon=":material/move_to_inbox:", url_path="jobs"),
    st.Page(system.render, title=say("System"), icon=":material/monitor_heart:", url_path="system"),
    st.Page(document.render, title=say("Document"), url_path="document", visibility="hidden"),
]
page = st.navigation(pages, position="top")
st.session_state.pages = {found.url_path or "ask": found for found in pages}
with api.shown():
    page.run()
