"""Runs of evaluations: what was measured, and two of them beside each other with the intervals of their differences."""

from __future__ import annotations

import streamlit as st

from rag.client import ApiError
from rag.replies.evaluations import Comparison, EvaluationRun, FigureDifference
from ui import api, view
from ui.words import say

SHOWN = 30
HEADLINE = 3
"""Figures of a run in the list of all."""


def section() -> None:
    """Nothing where the key may not see it."""
    try:
        found = api.client().evaluations(limit=SHOWN)
    except ApiError as error:
        if error.status not in (401, 403):
            api.show(error)
        return
    st.subheader(say("Evaluation runs"), anchor=False)
    if not found:
        text = say(
            "None is kept yet. `redwell eval questions --record NAME` asks a set of questions and keeps the figures."
        )
        st.html(view.line_html(text))
        return
    heads = [say("Run"), say("Set"), say("Model"), say("Questions"), say("Figures"), say("When")]
    st.html(view.table_html(heads, [row(run) for run in found]))
    with api.shown():
        _beside(found)


def row(run: EvaluationRun) -> list[str]:
    shares = [f"{name} {figure(value)}" for name, value in run.figures.items() if is_share(name, value)][:HEADLINE]
    return [
        run.name,
        run.set,
        run.model,
        f"{run.count:,}" if run.count else "",
        ", ".join(shares),
        view.when(run.created_at),
    ]


def is_share(name: str, value: float) -> bool:
    """Counts are told apart by their size or their name ('n answerable')."""
    return 0 <= value <= 1 and not name.startswith("n ")


def figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or (value == int(value) and abs(value) > 1) else f"{value:.3f}"


def _beside(found: list[EvaluationRun]) -> None:
    """Two runs to choose; first of all the newest beside the one before it of the same set."""
    runs = {run.id: run for run in found}
    latest = found[0]
    earlier = next((run for run in found[1:] if run.set == latest.set), None)
    left, right = st.columns(2)
    first = left.selectbox(
        say("Compare"), list(runs), list(runs).index(earlier.id) if earlier else 0, format_func=lambda id: _named(runs[id]),
        key="run_first",
    )  # fmt: skip
    second = right.selectbox(say("with"), list(runs), 0, format_func=lambda id: _named(runs[id]), key="run_second")
    if first == second:
        st.html(
            view.table_html([say("Figure"), runs[first].name], [[n, figure(v)] for n, v in runs[first].figures.items()])
        )
        st.caption(say("Choose another run to see it beside this one."))
        return
    comparison = api.client().compare_evaluations(first, second)
    heads = [say("Figure"), comparison.first.name, comparison.second.name, say("Difference"), say("95% interval")]
    st.html(view.table_html(heads, rows(comparison)))
    if comparison.differences:
        st.caption(
            say("Intervals by resampling the questions that both runs put; a dot marks what is more than chance.")
        )
    else:
        st.caption(say("The runs put no question in common, so that nothing can be said of chance."))


def _named(run: EvaluationRun) -> str:
    return f"{run.name} ({run.set}, {view.when(run.created_at)})"


def rows(comparison: Comparison) -> list[list[str]]:
    """What is measured question by question, then the other figures that both runs have."""
    first, second = comparison.first.figures, comparison.second.figures
    measured = {one.figure for one in comparison.differences}
    return [_difference(one) for one in comparison.differences] + [
        [name, figure(first[name]), figure(second[name]), _signed(second[name] - first[name]), ""]
        for name in first
        if name in second and name not in measured
    ]


def _difference(one: FigureDifference) -> list[str]:
    change = _signed(one.second - one.first)
    marked = (
        view.mark_html("ready" if one.low > 0 else "failed", change)
        if one.significant and one.figure != "refused"
        else change
    )
    if one.significant and one.figure == "refused":
        marked = view.mark_html("partial", change)  # to refuse is right for some questions and wrong for others
    name = say("{figure} ({kind}, {questions})", figure=one.figure, kind=one.kind, questions=one.questions)
    return [name, figure(one.first), figure(one.second), marked, f"{one.low:+.3f} – {one.high:+.3f}"]


def _signed(value: float) -> str:
    return f"{value:+,.0f}" if abs(value) >= 10 else f"{value:+.3f}"
