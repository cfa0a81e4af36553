"""Answers from whole documents: every page is read, every line is cited, and the pages are named."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rag.analysis.summarize import summarize, support_windows
from rag.answering.cite import SpanCitations
from rag.answering.ground import check, content_words
from rag.answering.prompts import summary_prompt
from rag.answering.segments import around, segments
from rag.model import Answer, Document, Filter, Grounding, Page, PagesRead, SentenceCheck, Status
from rag.services import Services
from rag.whole.listing import Listed, named, parties
from rag.whole.request import Task, WholeRequest, whole_request

FEW = 3
"""Documents that are read as a whole at once."""
LINES = 40
STATEMENTS = 20
MINIMUM_WORDS = 4
"""Content words of a statement."""
_READ = (Status.READY, Status.PARTIAL)


@dataclass(frozen=True, slots=True)
class _Whole:
    document: Document
    pages: tuple[Page, ...]


async def whole_answer(question: str, scope: Filter, services: Services) -> Answer | None:
    """None when the question is not about whole documents, or when not one to three of them are in scope and read."""
    started = time.perf_counter()
    request = whole_request(question)
    chosen = await _chosen(request, scope, services) if request else []
    if request is None or not chosen:
        return None
    citing = SpanCitations(services.state.documents, min_confidence=services.settings.reading.min_confidence)
    if request.task is Task.SUMMARY:
        lines, checks, model = await _summaries(chosen, citing, services)
    else:
        lines, checks, model = await _listing(request, chosen, citing, services), [], ""
    if not lines:
        return None
    return Answer(
        answer="\n".join([*lines, f"Read as a whole: {'; '.join(_pages_in_words(whole) for whole in chosen)}."]),
        citations=citing.all,
        grounding=Grounding(True, 1.0, (), tuple(checks)),
        results=(),
        model=model,
        prompt_version=summary_prompt("").version if model else "",
        timings={"total": round(time.perf_counter() - started, 4)},
        kind="document",
        read=tuple(PagesRead(w.document.id, w.document.filename, tuple(p.number for p in w.pages)) for w in chosen),
    )


async def _chosen(request: WholeRequest, scope: Filter, services: Services) -> list[_Whole]:
    documents = services.state.documents
    ids = await documents.document_ids(scope)
    if request.document:
        wanted = {found.id for found in (await documents.list(q=request.document, limit=FEW + 1)).documents}
        ids = [id for id in ids if id in wanted]
    if not 1 <= len(ids) <= FEW:
        return []
    found = [_Whole(await documents.get(id), tuple(await documents.pages(id))) for id in ids]
    return found if all(whole.document.status in _READ for whole in found) else []


async def _summaries(
    chosen: Sequence[_Whole], citing: SpanCitations, services: Services
) -> tuple[list[str], list[SentenceCheck], str]:
    """The summary of each document, sentence by sentence with the place that supports it."""
    settings = services.settings
    lines, checks, model = [], [], ""
    for whole in chosen:
        summary = whole.document.summary
        if summary is None or not summary.text:
            summary = await summarize(whole.pages, services.generator, settings.llm, settings.analysis)
        model = model or summary.model
        sources = [(page.number, segment) for page in whole.pages for segment in segments(page.text)]
        windows = support_windows(sources)
        sentences = []
        for piece in segments(summary.text):
            sentence = " ".join(piece.text.split())
            support = check(sentence, [window.text for window in windows])
            if support.index < 0:
                continue
            place = windows[support.index]
            citation = await citing.cite_span(
                whole.document.id, whole.document.filename, place.page, place.start, place.end
            )
            sentences.append(f"{sentence} [{citation.marker}]")
            checks.append(SentenceCheck(sentence, support.supported, round(support.score, 4), citation.marker))
        title = f"{whole.document.filename}: " if len(chosen) > 1 else ""
        if sentences:
            lines.append(title + " ".join(sentences))
    return lines, checks, model


async def _listing(
    request: WholeRequest, chosen: Sequence[_Whole], citing: SpanCitations, services: Services
) -> list[str]:
    found: list[Listed] = []
    for whole in chosen:
        if request.task is Task.STATEMENTS:
            found += _statements(request, whole)
            continue
        entities = await services.state.documents.entities(whole.document.id)
        pick = parties if request.task is Task.PARTIES else named
        found += pick(entities, whole.pages, request.types, whole.document)
    if not found:
        return []
    most = STATEMENTS if request.task is Task.STATEMENTS else LINES
    whose = f" of {request.of}" if request.of else ""
    lines = [f"{len(found):,} {'passages on ' if request.topic else ''}{request.what}{whose}:"]
    for item in found[:most]:
        page = await citing.page(item.document.id, item.page)
        start, end = (item.start, item.end) if request.topic else around(page.text, item.start, item.end)
        citation = await citing.cite_span(item.document.id, item.document.filename, item.page, start, end)
        times = f" ({item.count} times)" if item.count > 1 else ""
        where = f" - {item.document.filename}" if len(chosen) > 1 else ""
        lines.append(f"- {item.text}{times}{where} [{citation.marker}]")
    if len(found) > most:
        lines.append(f"… and {len(found) - most:,} more.")
    return lines


def _statements(request: WholeRequest, whole: _Whole) -> list[Listed]:
    """The sentences of the topic in the order of the text; of a party, those that name it, or all where none does."""
    assert request.topic is not None, "statements have a topic"
    party = set(content_words(request.of))
    # 'The Tenant keeps the inside in good order': in a contract the plain present binds its subject.
    subject = rf"\W*(?:[\d.]+\s+)?(?:the\s+)?{re.escape(request.of)}\s+(?!may\b)\w+s\b"
    binds = re.compile(subject if request.of and request.topic.name == "obligations" else r"(?!)", re.I)
    found = [
        Listed(" ".join(segment.text.split()), 1, whole.document, page.number, segment.start, segment.end)
        for page in whole.pages
        for segment in segments(page.text)
        if (request.topic.says.search(segment.text) or binds.match(segment.text))
        and len(content_words(segment.text)) >= MINIMUM_WORDS
    ]
    return [item for item in found if party <= set(content_words(item.text))] or found


def _pages_in_words(whole: _Whole) -> str:
    numbers = [page.number for page in whole.pages]
    which = (
        f"page {numbers[0]}" if len(numbers) == 1 else f"pages {numbers[0]} to {numbers[-1]}" if numbers else "no page"
    )
    return f"{whole.document.filename}, {which}"
