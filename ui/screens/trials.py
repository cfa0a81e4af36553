"""Models on trial: what each of the two was asked, how often it failed, how long it took."""

from __future__ import annotations

import streamlit as st

from rag.client import ApiError
from rag.replies.rollouts import ArmCount, ModelRollout
from ui import api, view
from ui.words import say

SHOWN = 10


def table() -> None:
    """Nothing where the key may not see it."""
    try:
        found = api.client().rollouts().rollouts[:SHOWN]
    except ApiError as error:
        if error.status not in (401, 403):
            api.show(error)
        return
    st.subheader(say("Models on trial"), anchor=False)
    if not found:
        st.html(
            view.line_html(
                say(
                    "None was tried yet. `redwell rollout start NAME` lets another model answer a share of the questions, or copies of them."
                )
            )
        )
        return
    heads = [
        say("Model"),
        say("Mode"),
        say("State"),
        say("Share"),
        say("Questions"),
        say("Failed"),
        say("Median"),
        say("Alike"),
    ]
    st.html(view.table_html(heads, [row for one in found for row in rows(one)]))


def rows(one: ModelRollout) -> list[list[str]]:
    """The candidate, and below it the model whose place it is to take."""
    share = view.percent(one.weight)
    alike = "" if one.agreement is None else view.percent(one.agreement)
    return [
        [one.candidate, one.mode, one.status, share, *_arm(one.arms.candidate), alike],
        [one.stable, "", "", view.percent(1 - one.weight) if one.mode != "shadow" else "", *_arm(one.arms.stable), ""],
    ]


def _arm(arm: ArmCount) -> list[str]:
    return [f"{arm.requests:,}", f"{arm.failures:,}", view.seconds(arm.median_seconds)]
