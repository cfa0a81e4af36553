"""Documents: upload with progress that comes by itself, and the library."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import streamlit as st

from rag.client import ApiError
from rag.intake.names import left_out
from rag.replies.documents import Document
from ui import api, problems, view
from ui.screens import bulk, tagging
from ui.words import later, say, several

PER_PAGE = 25
AT_ONCE = 20
"""Files in one request: the service takes 100 (`limits.files_per_upload`), and the bar moves."""
SORTS = {
    "-created_at": later("Newest first"),
    "created_at": later("Oldest first"),
    "filename": later("Name"),
    "-size": later("Largest first"),
    "-updated_at": later("Last changed"),
}
PERIODS = {1: later("Today"), 7: later("Last 7 days"), 30: later("Last 30 days"), 365: later("Last 365 days")}
"""When documents were added, in days."""
UNDER_WAY = ("queued", "reading", "analyzing")


def render() -> None:
    stats = api.client().stats()
    under_way = sum(stats.by_status.get(name, 0) for name in UNDER_WAY)
    st.title(say("Documents"))
    if not stats.documents:
        st.html(
            view.line_html(
                say(
                    "Redwell reads what you add here, page by page, and remembers where every word stands. "
                    "Scans and photographs go through text recognition; nothing leaves this installation."
                ),
                "rw-lead",
            )
        )
    _uploader()
    _refusals()
    if under_way:
        st.fragment(_under_way, run_every=1.0)()
    if stats.documents:
        _library(sorted(stats.by_type))


def _uploader() -> None:
    turn = st.session_state.setdefault("upload turn", 0)
    files = st.file_uploader(
        say("Add documents: PDF, scans and pictures, Office files, e-mail, text, or a ZIP of them"),
        accept_multiple_files="directory" if st.session_state.get("to_folder") else True,
        key=f"files {turn} {bool(st.session_state.get('to_folder'))}",
    )
    with st.popover(say("Options for the next upload"), icon=":material/tune:", type="tertiary"):
        st.toggle(
            say("A whole folder"), key="to_folder", help=say("Choose a folder, or drop one: all its files are sent.")
        )
        collection = st.text_input(
            say("Collection"),
            placeholder="default",
            key="to_collection",
            help=say("Letters, digits, dot, dash and underscore."),
        )
        language = st.text_input(
            say("Language of scans"),
            placeholder="eng",
            key="to_language",
            help=say("Tesseract codes joined by +: eng+deu"),
        )
        password = st.text_input(
            say("Password"),
            type="password",
            key="to_password",
            help=say("For encrypted files. Used once and not kept."),
        )
    if files:
        # A folder's names are paths. Whoever picked a single hidden file wants it; a folder has those of its programs.
        wanted = [file for file in files if "/" not in file.name or not left_out(file.name)]
        st.session_state.refused, known = [], []
        bar = st.progress(0.0, sending := say("Sending {files} …", files=several(len(wanted), "file", "files")))
        for at in range(0, len(wanted), AT_ONCE):
            group = [(file.name, file.getvalue()) for file in wanted[at : at + AT_ONCE]]
            known += _send(group, collection.strip(), language.strip(), password)
            bar.progress((at + len(group)) / len(wanted), sending)
        if known:
            st.toast(_already(known), icon=":material/file_copy:")
        st.session_state["upload turn"] += 1  # a new key empties the uploader
        st.rerun()


def _already(names: list[str]) -> str:
    if len(names) == 1:
        return say("{file} is already here.", file=view.label(names[0]))
    return say("{files} are already here.", files=several(len(names), "file", "files"))


def _send(files: list[tuple[str, bytes]], collection: str, language: str, password: str) -> list[str]:
    """Names of those that were there before; what was refused is kept for `_refusals`."""
    refused: list[tuple[str, problems.Problem]] = st.session_state.refused
    try:
        uploads = api.client().upload(
            files, collection=collection or None, language=language or None, password=password or None
        )
    except ApiError as error:
        names = files[0][0] if len(files) == 1 else several(len(files), "file", "files")
        refused.append((names, error))
        return []
    for upload in uploads:
        if upload.error is not None:
            refused.append((upload.filename, upload.error))
    return [upload.filename for upload in uploads if upload.duplicate and upload.error is None]


def _refusals() -> None:
    refused = st.session_state.get("refused")
    if not refused:
        return
    for name, error in refused:
        st.html(problems.told_html(error, title=name))
    if st.button(say("Dismiss"), type="tertiary", key="dismiss"):
        st.session_state.refused = []
        st.rerun()


def _under_way() -> None:
    """Runs by itself every second while something is under way, then draws the page once more."""
    try:
        found: dict[str, Document] = {}
        for status in UNDER_WAY:  # in their order: what moves on between two questions is met twice, never missed
            for document in api.client().document_page(status=status, sort="created_at", limit=8).documents:
                found[document.id] = document
        running = sorted(found.values(), key=lambda document: UNDER_WAY.index(document.status), reverse=True)
        total = sum(api.client().stats().by_status.get(status, 0) for status in UNDER_WAY)
    except ApiError as error:
        api.show(error)
        return
    now = {document.id for document in running}
    before = st.session_state.get("under way", now)
    if not running or before - now:  # something is ready: the library below shows it at once
        st.session_state["under way"] = now
        st.rerun()
    st.session_state["under way"] = now
    with st.container(border=True):
        st.markdown("**" + say("{documents} under way", documents=several(total, "document", "documents")) + "**")
        st.html("".join(view.progress_html(document) for document in running[:8]))


def _library(types: list[str]) -> None:
    filters = _filters(types)
    cursors: list[str | None] = st.session_state.setdefault("cursors", [None])
    if st.session_state.get("listed") != filters:
        st.session_state.listed = filters
        cursors[:] = [None]
    # What came in mails and archives is found by any filter, and does not flood the whole list.
    narrowed = set(filters) - {"sort", "collection"}
    outermost = {} if narrowed else {"parent_id": "none"}
    found = api.client().document_page(cursor=cursors[-1], limit=PER_PAGE, **filters, **outermost)
    if not found.documents:
        st.html(view.empty_html(say("Nothing matches"), say("Take a filter away, or search for less.")))
        return
    picking = bulk.picking()
    if picking:
        bulk.bar(found.documents)
    with st.container(key="library", gap=None):
        for document in found.documents:
            _row(document, picking=picking)
    _pager(cursors, found.next_cursor, len(found.documents), found.total or 0)


def _filters(types: list[str]) -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        q = st.text_input(say("Name"), placeholder=say("Search names"), key="q", label_visibility="collapsed")
        entity = st.text_input(
            say("Names in the text"), placeholder=say("Mentions: Acme"), key="entity", label_visibility="collapsed"
        )
        statuses = [name for name in view.STATUSES if name != "rejected"]
        status = st.selectbox(
            say("Status"),
            statuses,
            index=None,
            placeholder=say("Any status"),
            format_func=lambda name: say(view.STATUSES[name]),
            key="status",
            label_visibility="collapsed",
        )
        kind = st.selectbox(
            say("Type"), types, index=None, placeholder=say("Any type"), key="type", label_visibility="collapsed"
        )
        tags = tagging.known()
        tag = (
            st.selectbox(
                say("Tag"), tags, index=None, placeholder=say("Any tag"), key="tag", label_visibility="collapsed"
            )
            if tags
            else None
        )
        names = [collection.name for collection in api.client().collections()]
        collection = st.selectbox(
            say("Collection"),
            names,
            index=None,
            placeholder=say("Any collection"),
            key="coll",
            label_visibility="collapsed",
        )
        days = st.selectbox(
            say("Added"), list(PERIODS), index=None, placeholder=say("Any time"), key="added",
            format_func=lambda days: say(PERIODS[days]), label_visibility="collapsed",
        )  # fmt: skip
        sort = st.selectbox(
            say("Order"),
            list(SORTS),
            format_func=lambda name: say(SORTS[name]),
            key="sort",
            label_visibility="collapsed",
        )
    chosen = {
        "q": q.strip(),
        "entity": entity.strip(),
        "status": status,
        "type": kind,
        "tag": tag,
        "collection": collection,
        **since(days, datetime.now(UTC)),
    }
    return {name: value for name, value in {**chosen, "sort": sort}.items() if value}


def since(days: int | None, now: datetime) -> dict[str, datetime]:
    """Of so many days, today's (UTC) among them."""
    if days is None:
        return {}
    return {"created_after": datetime.combine(now.date(), time(), UTC) - timedelta(days=days - 1)}


def _row(document: Document, *, picking: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=True):
        if picking:
            bulk.box(document)
        st.page_link(
            st.session_state.pages["document"],
            label=view.label(document.filename),
            icon=":material/image:" if document.media_type.startswith("image/") else ":material/description:",
            query_params=view.link_params(document.id),
            width="stretch",
        )
        st.html(
            f'<div class="rw-row-meta">{view.tags_html(document.tags)}<span class="rw-dim">{view.escape(view.meta(document))}</span>'
            f"{view.status_html(document.status)}</div>",
            width="content",
        )


def _pager(cursors: list[str | None], following: str | None, shown: int, total: int) -> None:
    first = (len(cursors) - 1) * PER_PAGE + 1
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(
            say(
                "{first}–{last} of {documents}",
                first=f"{first:,}",
                last=f"{first + shown - 1:,}",
                documents=several(total, "document", "documents"),
            )
        )
        with st.container(horizontal=True, width="content"):
            if len(cursors) > 1 and st.button(say("Back"), icon=":material/chevron_left:", key="back"):
                cursors.pop()
                st.rerun()
            if following and st.button(say("Next"), icon=":material/chevron_right:", key="next"):
                cursors.append(following)
                st.rerun()
