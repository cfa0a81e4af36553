"""Insights: what the library holds, as pictures; a click shows the documents behind a bar or a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from rag.replies.documents import EntityCount, Stats
from rag.replies.insights import Cooccurrence, Moment
from ui import api, view
from ui.screens import evaluations, library, trials
from ui.words import later, say

MOST_NAMES = 20
MOST_LINKS = 50
ROW_PIXELS = 22
PERIODS = {"year": later("By year"), "month": later("By month")}
KINDS = {
    "ORG": later("Organisations"),
    "PERSON": later("People"),
    "GPE": later("Places"),
    "MONEY": later("Amounts"),
    "LAW": later("Laws"),
}


def render() -> None:
    st.title(say("Insights"))
    stats = api.client().stats()
    if not stats.documents:
        st.html(view.empty_html(say("Nothing to see yet"), say("Add documents, then come back.")))
        return
    collection = _collection()
    left, right = st.columns(2, gap="large")
    with left, api.shown():
        _types(stats)
    with right, api.shown():
        _names(collection)
    with api.shown():
        _timeline(collection)
    with api.shown():
        _together(collection)
    trials.table()
    evaluations.section()


def _collection() -> str | None:
    names = [collection.name for collection in api.client().collections()]
    chosen: str | None = st.selectbox(
        say("Collection"),
        names,
        index=None,
        placeholder=say("All collections"),
        key="insight_coll",
        label_visibility="collapsed",
    )
    return chosen


def _types(stats: Stats) -> None:
    st.subheader(say("Types"), anchor=False)
    rows = pd.DataFrame({"label": list(stats.by_type), "documents": list(stats.by_type.values())})
    event = st.altair_chart(bars(rows, "label"), on_select="rerun", key="chart_types", width="stretch")
    chosen = picked(event, "label")
    if chosen:
        _documents(type=chosen)


def _names(collection: str | None) -> None:
    st.subheader(say("Names"), anchor=False)
    kind = st.segmented_control(
        say("Kind"),
        list(KINDS),
        default="ORG",
        format_func=lambda name: say(KINDS[name]),
        key="insight_kind",
        label_visibility="collapsed",
    )
    found = api.client().entities(type=kind or "ORG", collection=collection, limit=MOST_NAMES)
    if not found:
        st.caption(say("None were found."))
        return
    event = st.altair_chart(bars(names_frame(found), "name"), on_select="rerun", key="chart_names", width="stretch")
    chosen = picked(event, "norm")
    if chosen:
        _documents(entity=chosen)


def _timeline(collection: str | None) -> None:
    st.subheader(say("Dates in the documents"), anchor=False)
    by = st.segmented_control(
        say("By"),
        ["year", "month"],
        default="month",
        format_func=lambda name: say(PERIODS[name]),
        key="insight_by",
        label_visibility="collapsed",
    )
    found = api.client().timeline(by=by or "month", collection=collection)
    if not found:
        st.caption(say("No full dates were found."))
        return
    event = st.altair_chart(timeline_chart(found), on_select="rerun", key="chart_dates", width="stretch")
    chosen = picked(event, "period")
    _links(next((moment.document_ids for moment in found if moment.period == chosen), ()))


def _together(collection: str | None) -> None:
    st.subheader(say("Named together"), anchor=False)
    found = api.client().cooccurrence(collection=collection, names=MOST_NAMES)
    if not found.pairs:
        st.caption(say("No two names share a document."))
        return
    event = st.altair_chart(pairs_chart(found), on_select="rerun", key="chart_pairs", width="stretch")
    first, second = picked(event, "first"), picked(event, "second")
    if first and second:
        mentioning = [
            {document.id for document in api.client().documents(entity=name, collection=collection)}
            for name in (first, second)
        ]
        _links(sorted(mentioning[0] & mentioning[1]))


def bars(rows: pd.DataFrame, name: str) -> alt.Chart:
    """Documents by name, most first; a click chooses a bar."""
    click = alt.selection_point(name="click", fields=[field for field in (name, "norm") if field in rows])
    return (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("documents:Q", title=say("Documents"), axis=alt.Axis(tickMinStep=1)),
            y=alt.Y(f"{name}:N", sort="-x", title=None, axis=alt.Axis(labelOverlap=False, labelLimit=220)),
            opacity=alt.condition(click, alt.value(1), alt.value(0.4)),
            tooltip=[name, "documents"],
        )
        .properties(height=ROW_PIXELS * len(rows) + 40)
        .add_params(click)
    )


def timeline_chart(found: Sequence[Moment]) -> alt.Chart:
    rows = pd.DataFrame([{"period": one.period, "documents": one.documents, "mentions": one.mentions} for one in found])
    click = alt.selection_point(name="click", fields=["period"])
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("period:O", title=None),
            y=alt.Y("documents:Q", title=say("Documents"), axis=alt.Axis(tickMinStep=1)),
            opacity=alt.condition(click, alt.value(1), alt.value(0.4)),
            tooltip=["period", "documents", "mentions"],
        )
        .properties(height=220)
        .add_params(click)
    )


def pairs_chart(found: Cooccurrence) -> alt.Chart:
    """A table of names against names, darker where more documents hold both."""
    texts = {(name.norm, name.type): name.text for name in found.names}
    rows = pd.DataFrame(
        [
            {
                "first": pair.first,
                "second": pair.second,
                "one": texts.get((pair.first, pair.first_type), pair.first),
                "other": texts.get((pair.second, pair.second_type), pair.second),
                "documents": pair.documents,
            }
            for pair in found.pairs
        ]
    )
    click = alt.selection_point(name="click", fields=["first", "second"])
    return (
        alt.Chart(rows)
        .mark_rect()
        .encode(
            x=alt.X("other:N", title=None, axis=alt.Axis(labelAngle=-40)),
            y=alt.Y("one:N", title=None),
            color=alt.Color("documents:Q", title=say("Documents"), scale=alt.Scale(scheme="reds")),
            opacity=alt.condition(click, alt.value(1), alt.value(0.5)),
            tooltip=["one", "other", "documents"],
        )
        .properties(height=ROW_PIXELS * rows["one"].nunique() + 120)
        .add_params(click)
    )


def names_frame(found: Sequence[EntityCount]) -> pd.DataFrame:
    return pd.DataFrame([{"name": one.text, "norm": one.norm or one.text, "documents": one.documents} for one in found])


def picked(event: Mapping[str, Any] | Any, field: str) -> str | None:
    """The value of the clicked mark; None while nothing is clicked."""
    points = (event or {}).get("selection", {}).get("click", [])
    return str(points[0][field]) if points and field in points[0] else None


def _documents(**filters: str) -> None:
    label = say("Show the documents: {filter}", filter=view.label(next(iter(filters.values()))))
    library.button(label, **filters, coll=st.session_state.get("insight_coll"))


def _links(ids: Sequence[str]) -> None:
    for id in ids[:MOST_LINKS]:
        document = api.client().document(id)
        st.page_link(
            st.session_state.pages["document"],
            label=view.label(document.filename),
            icon=":material/description:",
            query_params=view.link_params(id),
        )
    if len(ids) > MOST_LINKS:
        st.caption(say("{count} more.", count=len(ids) - MOST_LINKS))
