"""One document: the picture of a page beside its text, and what was found in it."""

from __future__ import annotations

import streamlit as st

from rag.client import ApiError
from rag.replies.documents import Document, Entity, Mention
from ui import api, marked, problems, view, viewer
from ui.screens import contents, downloads, fields, labelling, library, passages, tagging
from ui.words import later, say

TABS = (
    later("Text"),
    later("Summary"),
    later("Entities"),
    later("Fields"),
    later("Passages"),
    later("Details"),
)
MOST_ENTITIES = 60
METHODS = {
    "model": later("Written by the model"),
    "extractive": later("Quoted from the document"),
    "text": later("The whole text"),
}


def render() -> None:
    document_id = st.query_params.get("document", "")
    if not document_id:
        st.html(view.empty_html(say("No document chosen"), say("Open one from the library.")))
        st.page_link(st.session_state.pages["documents"], label=say("Documents"), icon=":material/arrow_back:")
        return
    document = api.client().document(document_id)
    _head(document)
    if not document.final:
        st.fragment(_progress, run_every=1.0)(document.id)
    if document.error is not None:
        st.html(problems.told_html(document.error, title=say("This document failed.")))
        contents.password(document)
    for warning in document.warnings:
        st.html(f'<div class="rw-notice">{view.escape(warning)}</div>')
    contents.inside(document)
    if document.page_count:
        _pages(document)
    elif document.final:
        _details(document)


def _head(document: Document) -> None:
    st.page_link(st.session_state.pages["documents"], label=say("All documents"), icon=":material/arrow_back:")
    contents.above(document)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        st.title(view.label(document.filename), anchor=False)
        st.html(
            f'<div class="rw-row-meta" style="justify-content:flex-start">{view.status_html(document.status)}'
            f'<span class="rw-dim">{view.escape(view.meta(document))}</span></div>'
        )
        tagging.of_one(document)
        with api.shown():
            passages.versions(document)
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        if document.status in ("failed", "partial") and st.button(
            say("Retry what failed"), icon=":material/refresh:", type="primary", key="retry"
        ):
            with api.shown():
                api.client().retry(document.id)
                st.rerun()
        downloads.menu(document)
        if st.button(say("Delete"), icon=":material/delete:", key="delete"):
            st.dialog(say("Delete this document?"))(_deleting)(document)


def _deleting(document: Document) -> None:
    st.markdown(
        say(
            "{file} goes with its pages, its index entries and the original file.",
            file=f"**{view.label(document.filename)}**",
        )
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(say("Keep"), key="keep"):
            st.rerun()
        if st.button(say("Delete for good"), type="primary", key="really delete"):
            with api.shown():
                api.client().delete(document.id)
                api.forget_pictures()
                source = st.session_state.get("source")
                if source is not None and source.document_id == document.id:
                    st.session_state.source = None
                st.switch_page(st.session_state.pages["documents"])


def _progress(document_id: str) -> None:
    """Runs by itself every second until the record is final."""
    try:
        document = api.client().document(document_id)
    except ApiError as error:
        api.show(error)
        return
    if document.final:
        st.rerun()
    with st.container(border=True):
        st.html(view.progress_html(document))


def _pages(document: Document) -> None:
    number = _number(document)
    highlights = tuple(view.spans(st.query_params.get("highlight", "")))
    left, right = st.columns(2, gap="medium")
    with left:
        _turner(document, number)
        viewer.zoomed_picture(document.id, number, highlights, filename=document.filename)
        if (document.page_count or 1) > 1 and st.toggle(say("Thumbnails"), key="thumbnails"):
            viewer.thumbnails(document.id, document.page_count or 1, number, _go)
    with right:
        text, summary, entities, found, cut, details = st.tabs([say(name) for name in TABS], key="tab")
        with text, api.shown():
            page = api.client().page(document.id, number)
            if page.error:
                st.html(view.problem_html(page.error, title=say("Page {page} could not be read.", page=number)))
            elif not page.text.strip():
                st.caption(say("There are no words on this page."))
            if page.poorly_read:
                st.html(view.poorly_read_html(page.confidence))
            if legend := marked.legend_html(document.entities, number):
                st.html(legend)
            tables = marked.tables_html(page.text)
            if tables and st.toggle(say("Tables"), key="tables", help=say("Show the page's tables as tables.")):
                for table in tables:
                    st.html(table)
            else:
                st.html(marked.page_text_html(page, document.entities, highlights))
            if page.source == "ocr" and page.words:
                st.caption(
                    say("Read by text recognition, mean confidence {share}.", share=view.percent(page.confidence))
                )
        with summary:
            _summary(document)
        with entities:
            _entities(document)
        with found:
            fields.table(document, _go)
        with cut:
            passages.inspector(document, number, _go)
        with details:
            _details(document)


def _number(document: Document) -> int:
    raw = st.query_params.get("page", "1")
    number = int(raw) if raw.isdigit() and len(raw) < 7 else 1
    return min(max(number, 1), document.page_count or 1)


def _turner(document: Document, number: int) -> None:
    count = document.page_count or 1
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        if st.button(
            say("Previous page"), icon=":material/chevron_left:", type="tertiary", disabled=number <= 1, key="prev"
        ):
            _go(number - 1)
        st.markdown(say("Page **{page}** of {count}", page=number, count=count), width="content")
        if st.button(
            say("Next page"),
            icon=":material/chevron_right:",
            icon_position="right",
            type="tertiary",
            disabled=number >= count,
            key="next",
        ):
            _go(number + 1)


def _go(page: int, mention: Mention | None = None) -> None:
    st.query_params["page"] = str(page)
    if mention is not None:
        st.query_params["highlight"] = f"{mention.start}-{mention.end}"
    elif "highlight" in st.query_params:
        del st.query_params["highlight"]
    st.rerun()


def _summary(document: Document) -> None:
    if document.summary is not None:
        st.html(f'<div class="rw-summary">{view.escape(document.summary.text)}</div>')
        if document.summary.long and document.summary.long != document.summary.text:
            with st.expander(say("In more detail")):
                st.html(f'<div class="rw-summary">{view.escape(document.summary.long)}</div>')
        pages = ", ".join(str(page) for page in document.summary.pages)
        how = say(METHODS.get(document.summary.method, "Summary"))
        st.caption(say("{how}, from page {pages}.", how=how, pages=pages) if pages else f"{how}.")
    else:
        final = document.final
        st.caption(say("There is no summary of this document.") if final else say("There is no summary yet."))
    if document.classification is not None:
        st.subheader(say("Type"), anchor=False)
        st.html(view.classification_html(document.classification))
        labelling.choices(document.id)


def _entities(document: Document) -> None:
    if not document.entities:
        st.caption(say("No names, places, dates or amounts were found."))
    clicked = st.session_state.get("entity clicked")
    if clicked in {entity.text for entity in document.entities}:
        library.button(say("Other documents with {name}", name=view.label(clicked)), entity=str(clicked))
    groups: dict[str, list[Entity]] = {}
    for entity in document.entities[:MOST_ENTITIES]:
        groups.setdefault(marked.entity_group(entity.type)[1], []).append(entity)
    for name, found in groups.items():
        st.markdown(f"**{view.label(name)}**")
        with st.container(horizontal=True, gap="small"):
            for at, entity in enumerate(found):
                times = f" · {entity.count}" if entity.count > 1 else ""
                if st.button(f"{view.label(entity.text)}{times}", key=f"entity {name} {at}") and entity.mentions:
                    mention = _next_mention(entity, name)
                    st.session_state["entity clicked"] = entity.text
                    _go(mention.page, mention)
    left_out = len(document.entities) - MOST_ENTITIES
    if left_out > 0:
        st.caption(say("{count} more are in the record (Download, JSON).", count=left_out))


def _next_mention(entity: Entity, group: str) -> Mention:
    """Each click goes on to the next mention, from the last to the first."""
    at = st.session_state.setdefault("mentions", {})
    key = (st.query_params.get("document"), group, entity.text)
    at[key] = (at.get(key, -1) + 1) % len(entity.mentions)
    return entity.mentions[at[key]]


def _details(document: Document) -> None:
    st.html(view.stages_html(document))
    for name, stage in document.stages.items():
        if stage.error is not None:
            title = say("{stage} failed.", stage=say(view.STAGES.get(name, name)))
            st.html(problems.told_html(stage.error, title=title))
    facts: dict[str, object] = {
        say("Collection"): document.collection,
        say("Language"): document.language,
        say("Pages"): document.page_count,
        say("File"): f"{document.media_type}, {view.size(document.size)}",
        say("Added"): f"{document.created_at:%d %B %Y %H:%M} UTC" if document.created_at else "",
        "SHA-256": document.sha256,
        "Id": document.id,
    }
    st.html(view.facts_html(facts | {str(key): value for key, value in document.metadata.items()}))
