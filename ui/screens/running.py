"""Deployments, queue and times of the running service, and what `redwell doctor` says: for whoever looks after it."""

from __future__ import annotations

import streamlit as st

from rag.client import ApiError
from rag.replies.system import Check, DeploymentState, System
from ui import api, view
from ui.words import later, say, several

MARKS = {"ok": "ready", "warn": "partial", "fail": "failed"}
MODELS = {
    "language": later("Language model"),
    "embedding": later("Embedding model"),
    "entities": later("Names"),
    "classifier": later("Types"),
    "ocr": later("Text recognition"),
}


def parts() -> None:
    """Nothing where the key may not see it."""
    try:
        found = api.client().system()
    except ApiError as error:
        if error.status not in (401, 403):
            api.show(error)
        return
    _deployments(found)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(say("Queue"), anchor=False)
        st.html(
            view.line_html(say("{documents} not finished", documents=several(found.waiting, "document", "documents")))
        )
        _stages(found)
    with right:
        st.subheader(say("Models"), anchor=False)
        st.html(view.facts_html({say(MODELS.get(name, name)): model for name, model in found.models.items()}))


def _deployments(found: System) -> None:
    st.subheader(say("Deployments"), anchor=False)
    if not found.deployments:
        st.html(
            view.line_html(
                say("All parts run in one process: there are no queues and latencies between them to measure.")
            )
        )
        return
    heads = [say("Deployment"), say("State"), say("Replicas"), say("Calls"), say("Under way"), say("Waiting"),
             say("Half of all within"), say("95% within")]  # fmt: skip
    st.html(view.table_html(heads, [deployment_row(one) for one in found.deployments]))
    if all(one.calls is None for one in found.deployments):
        st.html(
            view.line_html(
                say(
                    "Calls are not measured: Ray collects no figures here (`monitoring.figures`, `monitoring.metrics_port`)."
                )
            )
        )
    else:
        st.caption(say("Calls by Ray Serve's own figures, since the replicas started; they are some seconds old."))
    for one in found.deployments:
        if one.message:
            st.html(view.line_html(f"{one.name}: {one.message}", "rw-notice"))


def deployment_row(one: DeploymentState) -> list[str]:
    """Dashes where nothing is measured, or nothing was called yet."""
    asleep = one.status == "HEALTHY" and not one.wanted
    word = say("asleep") if asleep else one.status.lower()
    state = view.mark_html("ready" if one.status == "HEALTHY" else "partial", word)
    row = [one.name, state, f"{one.replicas} / {one.wanted}"]
    if one.calls is None:
        return row + 5 * ["–"]
    calls = one.calls
    times = [view.seconds(time) or "–" for time in (calls.median, calls.p95)]
    return [*row, f"{calls.calls:,}", str(calls.ongoing), str(calls.queued), *times]


def _stages(found: System) -> None:
    rows = [
        [
            say(view.STAGES.get(one.stage, one.stage)),
            view.seconds(one.median),
            view.seconds(one.p95),
            str(one.failed or ""),
        ]
        for one in found.stages
    ]
    if rows:
        st.html(view.table_html([say("Stage"), say("Half of all within"), say("95% within"), say("Failed")], rows))


@st.cache_data(show_spinner=False, ttl=60)
def _checks(key: str | None) -> list[Check]:
    """Of one key: looking at a machine takes a second."""
    return api.client().checks()


def checks() -> None:
    try:
        found = _checks(api.key())
    except ApiError:
        return  # the parts above have said why
    st.subheader(say("Checks of this machine"), anchor=False)
    rows = [
        [one.name, view.mark_html(MARKS.get(one.status, "partial"), one.status), one.detail, one.remedy]
        for one in found
    ]
    st.html(view.table_html([say("Check"), say("State"), say("Found"), say("What to do")], rows))
