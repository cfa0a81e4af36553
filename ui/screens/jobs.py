"""Jobs: whole folders and buckets on their way in, as they are now."""

from __future__ import annotations

import streamlit as st

from rag.client import ApiError
from rag.replies.jobs import Job
from ui import api, problems, view
from ui.words import say

SHOWN_FAILURES = 20


def render() -> None:
    st.title(say("Jobs"))
    _form()
    found = api.client().jobs(limit=20)
    if not found:
        text = say(
            "A job loads a folder or a bucket that the service can read: start one above, or with `redwell ingest`."
        )
        st.html(view.empty_html(say("No jobs yet"), text))
        return
    under_way = any(not job.final for job in found)
    st.fragment(_list, run_every=1.0 if under_way else None)()


def _form() -> None:
    with (
        st.expander(say("Load a folder or a bucket"), icon=":material/create_new_folder:"),
        st.form("start job", border=False),
    ):
        sources = st.text_area(
            say("Sources, one a line"), placeholder="/srv/scans\ns3://bucket/incoming", key="job_sources"
        )
        collection = st.text_input(say("Collection"), placeholder="default", key="job_collection")
        sync = st.checkbox(say("Delete documents whose file is gone"), key="job_sync")
        if st.form_submit_button(say("Start"), type="primary"):
            _start([line.strip() for line in sources.splitlines() if line.strip()], collection.strip(), sync)


def _start(sources: list[str], collection: str, sync: bool) -> None:
    try:
        api.client().start_job(sources, collection=collection or None, sync=sync or None)
    except ApiError as error:
        api.show(error)
        return
    st.rerun()


def _list() -> None:
    with api.shown():
        for job in api.client().jobs(limit=20):
            _job(job)


def _job(job: Job) -> None:
    with st.container(border=True, key=f"job {job.id}"):
        st.html(view.job_html(job))
        if job.error is not None:
            st.html(problems.told_html(job.error))
        if not job.final:
            if st.button(
                say("Cancelling …") if job.cancelling else say("Cancel"),
                key=f"cancel {job.id}",
                disabled=job.cancelling,
            ):
                api.client().cancel_job(job.id)
                st.rerun()
            return
        if (job.progress.failed or job.progress.partial) and st.toggle(
            say("What was not loaded"), key=f"failures {job.id}"
        ):
            _failures(job)


def _failures(job: Job) -> None:
    found = api.client().job_items(job.id, status=["failed", "partial"])
    for _, item in zip(range(SHOWN_FAILURES), found, strict=False):
        if item.error is not None:
            st.html(problems.told_html(item.error, title=item.filename))
