"""Pure formatting: values of the API to text and HTML. Document text, names and answers are untrusted: all is escaped.

Functions named *_html return safe HTML for `st.html`; `label` makes text safe where Streamlit reads Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlencode

from rag.replies.documents import Answer, Citation, Classification, Document, SentenceCheck, Stage
from rag.replies.jobs import Job
from ui.words import language, later, say, several

Span = tuple[int, int]


class Safe(str):
    """HTML that was made here."""


STAGES = {
    "read": later("Read"),
    "entities": later("Entities"),
    "classify": later("Type"),
    "index": later("Index"),
    "summary": later("Summary"),
    "fields": later("Fields"),
}
STATUSES = {
    "queued": later("Waiting"),
    "reading": later("Reading"),
    "analyzing": later("Analysing"),
    "ready": later("Ready"),
    "partial": later("Partly ready"),
    "failed": later("Failed"),
    "rejected": later("Not accepted"),
}
STATES = {
    "waiting": later("waiting"),
    "running": later("running"),
    "done": later("done"),
    "failed": later("failed"),
    "skipped": later("skipped"),
}
"""Of a stage."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:&^=])")
_MARKER = re.compile(r"\[(\d{1,3})\]")


# Words and numbers


def label(text: object) -> str:
    """Text for a place where Streamlit reads Markdown: shown as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def size(count: int) -> str:
    """Bytes for people: 1 kB is 1000 B."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 9.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def seconds(duration: float | None) -> str:
    if duration is None:
        return ""
    if duration < 0.1:
        return f"{duration * 1000:.0f} ms"
    if duration < 9.95:
        return f"{duration:.1f} s"
    return f"{duration:.0f} s" if duration < 99.5 else f"{duration / 60:.0f} min"


def when(moment: datetime | None, now: datetime | None = None) -> str:
    """'just now', '5 min ago', 'today 14:03' or '3 Mar 2026' (UTC)."""
    if moment is None:
        return ""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    now = now or datetime.now(UTC)
    age = (now - moment).total_seconds()
    if age < 60:
        return say("just now")
    if age < 3600:
        return say("{minutes} min ago", minutes=f"{age / 60:.0f}")
    if moment.date() == now.date():
        return say("today {time}", time=f"{moment:%H:%M}")
    return f"{moment.day} {moment:%b %Y}" if language() == "en" else f"{moment:%d.%m.%Y}"


def kind(media_type: str) -> str:
    """'application/pdf' -> 'PDF'."""
    names = {"text/plain": say("Text"), "text/markdown": "Markdown", "message/rfc822": say("E-mail")}
    return names.get(media_type) or media_type.rpartition("/")[2].upper()[:12]


def has_pictures(media_type: str) -> bool:
    """Whether its pages are pictures or PDF pages, which can be had as a searchable PDF."""
    return media_type == "application/pdf" or media_type.startswith("image/")


def poorly_read_html(confidence: float) -> str:
    """Says that words may be wrong, and where to look."""
    text = say(
        "Read with low confidence ({share}): check these words against the picture of the page.",
        share=percent(confidence),
    )
    return f'<div class="rw-notice">{escape(text)}</div>'


def empty_html(title: str, text: str) -> str:
    """What a page shows while it has nothing to show."""
    return f'<div class="rw-empty"><h3>{escape(title)}</h3><p>{escape(text)}</p></div>'


def line_html(text: str, css: str = "rw-line") -> str:
    return f'<div class="{css}">{escape(text)}</div>'


# Links


def place(filename: str, page: int) -> str:
    return say("{file}, page {page}", file=filename, page=page)


def spans(text: str) -> list[Span]:
    """'3-17,20-25' of a link -> [(3, 17), (20, 25)]; what is not a span is left out."""
    found = (re.fullmatch(r"(\d{1,9})-(\d{1,9})", part.strip()) for part in text.split(",")[:50])
    pairs = [(int(match[1]), int(match[2])) for match in found if match]
    return [(start, end) for start, end in pairs if start < end]


def link_params(document_id: str, page: int = 1, highlights: Iterable[Span] = ()) -> dict[str, str]:
    """Query parameters of a document's page, the spans marked."""
    params = {"document": document_id, "page": str(page)}
    marked = ",".join(f"{start}-{end}" for start, end in highlights)
    return params | ({"highlight": marked} if marked else {})


def link(document_id: str, page: int = 1, highlights: Iterable[Span] = ()) -> str:
    return f"document?{urlencode(link_params(document_id, page, highlights))}"


# Progress


def progress(document: Document) -> float:
    """0..1: half for reading (by its pages), the rest for the stages after it; failed and skipped stages are over."""
    if document.final:
        return 1.0
    read = _stage_share(document.stages.get("read", Stage()))
    rest = [_stage_share(document.stages.get(name, Stage())) for name in STAGES if name != "read"]
    return 0.5 * read + 0.5 * sum(rest) / len(rest)


def _stage_share(stage: Stage) -> float:
    if stage.status in ("done", "failed", "skipped"):
        return 1.0
    return min(stage.done / stage.total, 1.0) if stage.status == "running" and stage.total else 0.0


def tags_html(tags: Sequence[str]) -> str:
    return "".join(f'<span class="rw-tag">{escape(tag)}</span>' for tag in tags)


def status_html(status: str) -> str:
    return f'<span class="rw-status rw-{_word(status)}">{escape(say(STATUSES.get(status, status)))}</span>'


def stages_html(document: Document) -> str:
    """The stages as a row of steps: each with its state, time and, while reading, its pages."""
    return f'<div class="rw-stages">{"".join(_step(document.stages, name) for name in STAGES)}</div>'


def _step(stages: Mapping[str, Stage], name: str) -> str:
    stage = stages.get(name, Stage())
    note = seconds(stage.seconds) if stage.status == "done" else ""
    if stage.status == "running" and stage.total > 1:
        note = say("{done} of {total}", done=stage.done, total=stage.total)
    elif stage.status in ("failed", "skipped"):
        note = say(STATES[stage.status])
    return (
        f'<span class="rw-step rw-{_word(stage.status)}" title="{escape(say(STATES.get(stage.status, stage.status)))}"><i></i>{escape(say(STAGES[name]))}'
        + (f"<small>{escape(note)}</small>" if note else "")
        + "</span>"
    )


def progress_html(document: Document) -> str:
    """One line of the upload panel: name, state, bar, steps."""
    return (
        f'<div class="rw-job"><div class="rw-job-head"><b>{escape(document.filename)}</b>{status_html(document.status)}'
        f'</div><div class="rw-bar" role="progressbar" aria-label="{escape(document.filename)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{100 * progress(document):.0f}">'
        f'<i style="width:{100 * progress(document):.1f}%"></i></div>{stages_html(document)}</div>'
    )


def job_html(job: Job) -> str:
    """A batch job: what it loads, state, bar, counts."""
    progress = job.progress
    share = 100.0 * progress.ended / progress.files if progress.files else 0.0
    title = ", ".join(job.sources[:3]) + (" …" if len(job.sources) > 3 else "") or say("What failed before")
    files = several(progress.files, "file", "files")
    parts = [say("{done} of {total}", done=f"{progress.ended:,}", total=files)]
    parts.append(several(progress.pages_read, "page", "pages"))
    parts += [f"{progress.failed:,} {say('failed')}"] if progress.failed else []
    parts += [f"{progress.partial:,} {say('partial')}"] if progress.partial else []
    under_way = {} if job.final else progress.stages
    parts += [
        say("{count} at {stage}", count=f"{count:,}", stage=say(STAGES.get(name, name)))
        for name, count in under_way.items()
    ]
    return (
        f'<div class="rw-job"><div class="rw-job-head"><b>{escape(title)}</b>{status_html(job.status)}</div>'
        f'<div class="rw-bar" role="progressbar" aria-label="{escape(title)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></div>'
        f'<p class="rw-line">{escape(", ".join(parts))}</p></div>'
    )


def problem_html(detail: str, remedy: str = "", *, title: str = "", own: str = "") -> str:
    """`own` are the service's words, where `detail` and `remedy` are those of the page."""
    head = f"<b>{escape(title)}</b> " if title else ""
    advice = f"<p>{escape(remedy)}</p>" if remedy else ""
    advice += f'<small lang="en">{escape(own)}</small>' if own else ""
    return f'<div class="rw-problem" role="alert">{head}{escape(detail)}{advice}</div>'


def _word(text: str) -> str:
    """Safe as part of a class name."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


# Answers


def answer_html(
    text: str, citations: Sequence[Citation] = (), sentences: Sequence[SentenceCheck] = (), *, writing: bool = False
) -> str:
    """The answer: [n] as links to the cited page, unsupported sentences underlined. Nothing of it is read as Markdown.

    While the model is `writing`, it is a draft and paler: the checked answer takes its place.
    """
    known = {citation.marker: citation for citation in citations}
    pieces: list[str] = []
    at = 0
    for sentence in sentences:
        start = text.find(sentence.text, at) if sentence.text else -1
        if start < 0 or sentence.supported:
            continue
        end = start + len(sentence.text)
        pieces += [_markers(text[at:start], known), _unsupported(_markers(text[start:end], known), sentence)]
        at = end
    pieces.append(_markers(text[at:], known))
    drafted, caret = (" rw-draft", '<span class="rw-caret"></span>') if writing else ("", "")
    return f'<div class="rw-answer{drafted}">{"".join(pieces)}{caret}</div>'


def _unsupported(html: str, sentence: SentenceCheck) -> str:
    why = say("Not supported by the passages")
    if sentence.missing:
        why += say("; they do not hold: {words}", words=", ".join(sentence.missing))
    return f'<span class="rw-unsupported" title="{escape(why)}">{html}</span>'


def _markers(text: str, known: Mapping[int, Citation]) -> str:
    pieces, at = [], 0
    for match in _MARKER.finditer(text):
        citation = known.get(int(match[1]))
        pieces.append(escape(text[at : match.start()]))
        if citation is None:
            pieces.append(f'<sup class="rw-cite">{match[1]}</sup>')
        else:
            target = link(citation.document_id, citation.page, [(citation.start, citation.end)])
            title = place(citation.filename, citation.page)
            pieces.append(
                f'<a class="rw-cite" href="{escape(target)}" target="_blank" title="{escape(title)}">{match[1]}</a>'
            )
        at = match.end()
    return "".join([*pieces, escape(text[at:])])


def copied(answer: Answer) -> str:
    """The answer as plain text with its sources below, for a letter or a note."""
    sources = [
        f"[{one.marker}] {place(one.filename, one.page)}: “{' '.join(one.quote.split())}”" for one in answer.citations
    ]
    return "\n\n".join([answer.answer, "\n".join(sources)]) if sources else answer.answer


def support(answer: Answer) -> str:
    """One line on what the answer rests on."""
    doubtful = [sentence for sentence in answer.grounding.sentences if not sentence.supported]
    count = len(doubtful) or len(answer.grounding.unsupported)
    if not answer.found:
        return say("Not in your documents")
    if count:
        sentences = several(count, "sentence", "sentences")
        return say("{sentences} not supported by your documents", sentences=sentences)
    if answer.kind == "counted":
        return say("Counted exactly in the library")
    cited = len({citation.document_id for citation in answer.citations})
    return say("Supported by {documents}", documents=several(cited, "document", "documents"))


def quote_html(text: str, *, longest: int = 280) -> str:
    short = " ".join(text.split())
    short = short if len(short) <= longest else short[: longest - 1].rsplit(" ", 1)[0] + "…"
    return f'<blockquote class="rw-quote">{escape(short)}</blockquote>'


# Facts


def bars_html(counts: Mapping[str, float], *, shown: Mapping[str, str] | None = None) -> str:
    """Horizontal bars, longest first; `shown` replaces the printed numbers."""
    top = max(counts.values(), default=0)
    rows = "".join(
        f'<div><span>{escape(name)}</span><em><i style="width:{100 * value / top if top else 0:.0f}%"></i></em>'
        f"<b>{escape((shown or {}).get(name, f'{value:,.0f}'))}</b></div>"
        for name, value in sorted(counts.items(), key=lambda item: -item[1])
    )
    return f'<div class="rw-scores rw-wide">{rows}</div>'


def classification_html(found: Classification) -> str:
    scores = {item.label: item.score for item in found.scores[:5]} or {found.label: found.score}
    return bars_html(scores, shown={name: percent(score) for name, score in scores.items()})


def facts_html(facts: Mapping[str, object]) -> str:
    """A definition list; empty values are left out."""
    rows = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in facts.items()
        if value not in (None, "", 0)
    )
    return f'<dl class="rw-facts">{rows}</dl>'


def mark_html(status: str, text: str) -> Safe:
    """A coloured dot of a status before a word."""
    return Safe(f'<span class="rw-status rw-{_word(status)}">{escape(text)}</span>')


def table_html(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are escaped unless they are Safe."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    cells = ("".join(f"<td>{one if isinstance(one, Safe) else escape(one)}</td>" for one in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<table class="rw-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def meta(document: Document) -> str:
    """'Contract · 4 pages · PDF, 82 kB · today 14:03'."""
    return " · ".join(
        part
        for part in (
            document.classification.label.capitalize() if document.classification else "",
            several(document.page_count, "page", "pages") if document.page_count else "",
            f"{kind(document.media_type)}, {size(document.size)}" if document.media_type else "",
            when(document.created_at),
        )
        if part
    )
