"""The fields of a document: a table to correct, and a way to each value's place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from rag.replies.documents import Document, Mention
from rag.replies.fields import DocumentFields, FieldValue
from ui import api, view
from ui.words import later, say

SOURCES = {
    "rule": later("Rule"),
    "model": later("Model"),
    "rule+model": later("Rule and model"),
    "person": later("Corrected"),
}


def table(document: Document, go: Callable[[int, Mention], None]) -> None:
    """`go` turns to a page and marks a span there."""
    with api.shown():
        found = api.client().fields(document.id)
        if found.schema is None:
            st.caption(say("No schema is for documents of this type."))
            return
        _places(found, go)
        rows = table_rows(found)
        edited = st.data_editor(
            rows,
            column_config={
                "field": None,
                "Field": st.column_config.TextColumn(say("Field"), disabled=True),
                "Value": st.column_config.TextColumn(
                    say("Value"), help=say("Change it to correct it; empty it where the document has none.")
                ),
                "From": st.column_config.TextColumn(say("From"), disabled=True, width="small"),
                "Sure": st.column_config.ProgressColumn(
                    say("Sure"), min_value=0.0, max_value=1.0, format="percent", width="small"
                ),
            },
            hide_index=True,
            width="stretch",
            key=f"fields of {document.id} {document.revision}",
        )
        changes = changed(rows, edited)
        if st.button(say("Save corrections"), icon=":material/check:", disabled=not changes, key="save fields"):
            api.client().correct_fields(document.id, changes)
            st.rerun()


def table_rows(found: DocumentFields) -> list[dict[str, Any]]:
    """A row a field, those without a value last; several values of one field joined by '; '."""
    by_field: dict[str, list[FieldValue]] = {}
    for one in found.fields:
        by_field.setdefault(one.field, []).append(one)
    rows = [
        {
            "field": name,
            "Field": values[0].title or name,
            "Value": "; ".join(shown(one) for one in values),
            "From": say(SOURCES.get(values[0].source, values[0].source)),
            "Sure": min(one.score for one in values),
        }
        for name, values in by_field.items()
    ]
    return rows + [{"field": name, "Field": name, "Value": "", "From": "", "Sure": None} for name in found.missing]


def shown(value: FieldValue) -> str:
    """The normal form, with the currency where there is one."""
    return f"{value.currency} {value.value}" if value.currency and value.kind == "amount" else value.value


def changed(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Field -> its new value (a list where it names several), None where it was emptied."""
    given: dict[str, Any] = {}
    for old, new in zip(before, after, strict=True):
        text = str(new["Value"] or "").strip()
        if text != old["Value"]:
            parts = [part.strip() for part in text.split("; ") if part.strip()]
            given[str(old["field"])] = None if not parts else parts[0] if len(parts) == 1 else parts
    return given


def _places(found: DocumentFields, go: Callable[[int, Mention], None]) -> None:
    with st.container(horizontal=True, gap="small"):
        for at, one in enumerate(found.fields):
            if one.page is not None and one.start is not None and one.end is not None:
                label = f"{view.label(one.title or one.field)}: {view.label(one.text)[:60]}"
                if st.button(label, key=f"field {one.field} {at}", help=say("Page {page}", page=one.page)):
                    go(one.page, Mention(one.page, one.start, one.end))
