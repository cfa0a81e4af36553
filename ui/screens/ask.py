"""Ask: a streamed answer with citations that open the page beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from rag.client import ApiError
from rag.replies.documents import Answer, Citation, CitationEvent, FinalEvent, ResultsEvent, TokenEvent
from ui import api, counted, view, viewer
from ui.screens import past, tagging
from ui.words import later, say, several

HISTORY_TURNS = 4
ROWS_AT_ONCE = 100
NAMED = 3
"""Picked documents that the scope's button names."""
DOCUMENTS_OFFERED = 200
EXAMPLES = (later("What is the monthly rent?"), later("When does the agreement end?"), later("Who signed it?"))


@dataclass(frozen=True, slots=True)
class Turn:
    question: str
    answer: Answer | None = None
    error: ApiError | None = None
    stopped: bool = False
    forgotten: bool = False
    """A document that the answer rested on was deleted."""


@dataclass(frozen=True, slots=True)
class Source:
    """The page that is open beside the answers."""

    document_id: str
    filename: str
    page: int
    start: int
    end: int


def render() -> None:
    if (chosen := st.session_state.pop("conversation_to_open", None)) is not None:
        _open_conversation(chosen)
    turns: list[Turn] = st.session_state.setdefault("turns", [])
    source: Source | None = st.session_state.get("source")
    with st.bottom:
        asked = st.chat_input(say("Ask your documents"), key="question", max_chars=8000, submit_mode="disable")
    asked = asked or st.session_state.pop("example", None)
    if cut := st.session_state.pop("answering", None):
        # The run that streamed this answer never came to its end: Stop was pressed, or something else.
        turns.append(Turn(cut, stopped=True))
    if source:
        left, right = st.columns([11, 10], gap="large")
        with right:
            _source(source)
    else:
        left = st.container(key="narrow")
    with left:
        _head(bool(turns))
        if not turns and not asked:
            _welcome()
        for at, turn in enumerate(turns):
            _turn(turn, at)
        if asked:
            st.session_state.answering = str(asked)
            turns.append(_asked(str(asked), turns))
            del st.session_state["answering"]
            st.rerun()


def _head(talking: bool) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        _scope()
        with api.shown():
            past.menu()
        if talking and st.button(say("New conversation"), icon=":material/edit_square:", type="tertiary", key="new"):
            _open_conversation("")
            st.rerun()


def _open_conversation(id: str) -> None:
    """Its turns as they were; '' is a new one."""
    told = api.client().conversation(id).turns if id else ()
    for key in [key for key in st.session_state if str(key).startswith("rows ")]:
        del st.session_state[key]
    st.session_state.turns = [Turn(turn.question, turn.answer, forgotten=turn.answer is None) for turn in told]
    st.session_state.conversation = id or None
    st.session_state.told = {}
    st.session_state.source = None


def _scope() -> None:
    """What the questions see: everything, a collection, a type."""
    documents = st.session_state.get("in_documents") or []
    tagged = st.session_state.get("in_tags") or []
    narrowed = (
        st.session_state.get("in_collection"),
        st.session_state.get("in_type"),
        *(filename for _, filename in documents[:NAMED]),
        say("{count} more", count=len(documents) - NAMED) if len(documents) > NAMED else None,
        *tagged,
    )
    chosen = [name for name in narrowed if name]
    title = view.label(", ".join(chosen)) if chosen else say("All documents")
    with st.popover(title, icon=":material/filter_list:", type="tertiary", key="scope"), api.shown():
        names = [found.name for found in api.client().collections()]
        types = sorted(api.client().stats().by_type)
        st.selectbox(say("Collection"), names, index=None, placeholder=say("Every collection"), key="in_collection")
        st.selectbox(say("Type"), types, index=None, placeholder=say("Every type"), key="in_type")
        if tags := tagging.known():
            st.multiselect(say("Tags"), tags, placeholder=say("With any tags or none"), key="in_tags")
        page = api.client().document_page(collection=st.session_state.get("in_collection"), limit=DOCUMENTS_OFFERED)
        offered = [(found.id, found.filename) for found in page.documents]
        st.multiselect(
            say("Documents"),
            list(dict.fromkeys([*documents, *offered])),
            placeholder=say("Every document"),
            format_func=lambda found: found[1],
            key="in_documents",
            help=say(
                "One document can be summarised, or asked for its parties, dates, amounts and obligations, as a whole."
            ),
        )
        st.caption(say("Questions are answered from these documents only."))


def _welcome() -> None:
    stats = api.client().stats()
    if not stats.documents:
        text = say(
            "Add documents: scans, PDFs, images or text. As soon as one is ready, ask about it here, and every answer shows "
            "the words it rests on."
        )
        st.html(view.empty_html(say("Ask once there is something to read"), text))
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.page_link(st.session_state.pages["documents"], label=say("Add documents"), icon=":material/upload_file:")
        return
    text = say(
        "Answers come from {documents}, {pages}, and show the words they rest on.",
        documents=several(stats.documents, "document", "documents"),
        pages=several(stats.pages, "page", "pages"),
    )
    st.html(view.empty_html(say("What would you like to know?"), text))
    with st.container(horizontal=True, horizontal_alignment="center"):
        for text in map(say, EXAMPLES):
            if st.button(text, key=f"example {text}"):
                st.session_state.example = text
                st.rerun()


def _turn(turn: Turn, at: int) -> None:
    st.html(f'<div class="rw-question">{view.escape(turn.question)}</div>')
    if turn.error is not None:
        api.show(turn.error)
    if turn.stopped:
        st.html(view.line_html(say("Stopped.")))
    if turn.forgotten:
        st.html(view.line_html(say("The answer rested on a document that was deleted.")))
    if turn.answer is not None:
        _answer(turn.answer, at)
        _verdict(turn, turn.answer, at)


def _answer(answer: Answer, at: int) -> None:
    if not answer.found:
        st.html(view.line_html(say("Not in your documents. These are the nearest passages."), "rw-notice"))
        for rank, result in enumerate(answer.results[:4]):
            place = Source(result.document_id, result.filename, result.page, result.start, result.end)
            _open_button(view.place(result.filename, result.page), place, key=f"near {at} {rank}")
            st.html(view.quote_html(result.text))
        return
    if answer.counted is not None:
        _counted(answer, at)
        return
    st.html(view.answer_html(answer.answer, answer.citations, answer.grounding.sentences))
    st.html(f'<div class="rw-line">{view.escape(view.support(answer))}</div>')
    for citation in answer.citations:
        _citation(citation, at)


def _verdict(turn: Turn, answer: Answer, at: int) -> None:
    """Copy it, or say whether it was right: kept for evaluation."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"verdict {at}"):
        thumb = st.feedback("thumbs", key=f"thumb {at}")
        with st.popover(say("Copy"), icon=":material/content_copy:", type="tertiary"):
            st.code(view.copied(answer), language=None, wrap_lines=True)
    told: dict[int, int] = st.session_state.setdefault("told", {})
    if thumb is None or told.get(at) == thumb:
        if thumb is not None:
            st.caption(say("Thank you, noted."))
        return
    reason = ""
    if thumb == 0:
        with st.form(f"why {at}", border=False):
            reason = st.text_input(
                say("What is wrong with it?"), placeholder=say("The amount is of another contract"), max_chars=4000
            )
            if not st.form_submit_button(say("Send")):
                return
    with api.shown():
        api.client().feedback(
            turn.question, answer, right=thumb == 1, reason=reason, collection=st.session_state.get("in_collection")
        )
        told[at] = thumb
        st.rerun()


def _counted(answer: Answer, at: int) -> None:
    """The number and its documents; the rest of them on request."""
    assert answer.counted is not None
    found = answer.counted
    st.html(counted.result_html(answer))
    rows = [*found.rows, *st.session_state.get(f"rows {at}", ())]
    st.html(counted.rows_html(rows))
    left = found.total - len(rows)
    if left > 0 and st.button(
        say("Show {count} more of {total}", count=f"{min(left, ROWS_AT_ONCE):,}", total=f"{found.total:,}"),
        key=f"more {at}",
    ):
        with api.shown():
            reply = api.client().query(found.query, offset=len(rows), limit=ROWS_AT_ONCE)
            st.session_state[f"rows {at}"] = rows[len(found.rows) :] + list(reply.rows)
            st.rerun()


def _citation(citation: Citation, at: int) -> None:
    place = Source(citation.document_id, citation.filename, citation.page, citation.start, citation.end)
    name = view.place(citation.filename, citation.page)
    _open_button(name, place, key=f"cite {at} {citation.marker}", marker=citation.marker)
    st.html(view.quote_html(citation.quote))
    if citation.poorly_read:
        st.html(view.poorly_read_html(citation.confidence))


def _open_button(text: str, place: Source, *, key: str, marker: int | None = None) -> None:
    number = f"**{marker}** " if marker is not None else ""
    if st.button(
        f"{number}{view.label(text)}", key=key, icon=":material/plagiarism:", type="tertiary", help=say("Show the page")
    ):
        st.session_state.source = place
        st.rerun()


def _source(source: Source) -> None:
    marked = ((source.start, source.end),)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        viewer.open_link(view.place(source.filename, source.page), source.document_id, source.page, marked)
        if st.button(say("Close"), icon=":material/close:", type="tertiary", key="close source"):
            st.session_state.source = None
            st.rerun()
    viewer.page_picture(source.document_id, source.page, marked, filename=source.filename)


def _asked(question: str, turns: list[Turn]) -> Turn:
    """Stream the answer onto the page; what was streamed is replaced by the final answer."""
    st.html(f'<div class="rw-question">{view.escape(question)}</div>')
    line, place, stop = st.empty(), st.empty(), st.empty()
    # Any press runs the page anew, which ends this run and with it the request.
    stop.button(say("Stop"), icon=":material/stop_circle:", type="tertiary", key="stop")
    line.html(view.line_html(say("Looking for passages …")))
    text, files, turn = "", "", Turn(question)
    citations: list[Citation] = []
    documents = st.session_state.get("in_documents") or []
    try:
        for event in api.client().ask_stream(
            question,
            collection=st.session_state.get("in_collection"),
            document_ids=[id for id, _ in documents],
            filters=_filters(),
            **_before(question, turns),
        ):
            if isinstance(event, ResultsEvent):
                names = list(dict.fromkeys(result.filename for result in event.results))
                more = say(" and {count} more", count=len(names) - 3) if len(names) > 3 else ""
                files, text = ", ".join(names[:3]) + more, ""
                citations.clear()
                line.html(view.line_html(say("Reading {files}", files=files)))
            elif isinstance(event, TokenEvent):
                if files and not text:
                    line.html(view.line_html(say("A draft from {files}, not checked yet", files=files)))
                text += event.text
                place.html(view.answer_html(text, citations, writing=True))
            elif isinstance(event, CitationEvent):
                citations.append(event.citation)
            elif isinstance(event, FinalEvent):
                turn = replace(turn, answer=event.answer)
    except ApiError as error:
        turn = replace(turn, error=error)
    return turn


def _filters() -> dict[str, list[str]]:
    kind, tags = st.session_state.get("in_type"), st.session_state.get("in_tags")
    return ({"type": [kind]} if kind else {}) | ({"tag": list(tags)} if tags else {})


def _before(question: str, turns: list[Turn]) -> dict[str, Any]:
    """The conversation that the service keeps, or what was said in the one that it does not."""
    kept = past.current(question)
    return {"conversation_id": kept} if kept else {"history": _history(turns)}


def _history(turns: list[Turn]) -> list[dict[str, str]]:
    """The last answered turns, for questions that lean on them."""
    told = [turn for turn in turns if turn.answer and turn.answer.found][-HISTORY_TURNS:]
    return [
        message
        for turn in told
        for message in (
            {"role": "user", "content": turn.question},
            {"role": "assistant", "content": turn.answer.answer if turn.answer else ""},
        )
    ]
