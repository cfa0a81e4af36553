"""`redwell eval answers`: what is found, cited, supported, refused, and said, on a question set with its truth."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from rag.adapters.ocr_tesseract import TesseractOcr
from rag.answer import EVIDENCE_PASSAGES, AskRequest, complete
from rag.answering.cite import ALSO, QUOTED
from rag.answering.ground import check, content_words
from rag.evaluation.corpora import Asked, QuestionSet, Source
from rag.evaluation.files import in_place
from rag.evaluation.library import Library, Text
from rag.model import Answer, Filter, Page
from rag.read.reader import LocalReader

TOP = 5
MARKER = re.compile(r"\s*\[\d+\]")
FRAME = re.compile(rf"^(?:{QUOTED}|{ALSO}): |[“”]", re.MULTILINE)
SPAN_WINDOW = 100
"""Letters and digits of a long span that must stand on a page: clauses run over page breaks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    id: str
    kind: str
    question: str
    answer: str
    found: bool
    """False: 'not in your documents'."""
    source: str | None
    """The document that holds the answer."""
    ranked: tuple[str, ...]
    """Documents in the order of their best passage, as far as evidence is looked for."""
    rank: int | None
    """Of the right document among them, from 1."""
    cited: int
    cited_right: int
    """Citations from the right document (on a page that holds a span, where spans are known)."""
    page_right: bool
    """At least one citation lies in the right document, on a page that holds a span."""
    quote_right: bool
    """A cited quote holds a span."""
    exact: float
    f1: float
    """Best over the accepted answers, words normalised as SQuAD does."""
    told: bool
    """An accepted answer stands in what is said."""
    written: bool
    """In the model's words; others are quotations."""
    sentences: int
    supported: int
    """Sentences of the answer that the quote they cite supports."""
    seconds: float


async def evaluate_answers(
    questions: QuestionSet, library: Library, *, progress: Callable[[str], None] = lambda _: None
) -> list[Outcome]:
    """Load the set's documents into `library` and put its questions; outcomes in their order."""
    await load(questions.sources, library, progress)
    ids = {name: key for key, name in library.names.items()}
    outcomes = []
    for number, asked in enumerate(questions.questions, 1):
        progress(f"{number} of {len(questions.questions)}: {asked.question[:80]}")
        scope = Filter(
            collections=asked.collections, document_ids=(ids[asked.document],) if asked.document in ids else ()
        )
        answer = await complete(AskRequest(asked.question, scope, top_k=EVIDENCE_PASSAGES), library.services)
        outcomes.append(await judge(asked, answer, library))
    return outcomes


async def load(sources: Iterable[Source], library: Library, progress: Callable[[str], None]) -> None:
    limits, reading = library.settings.limits, library.settings.reading
    ocr = TesseractOcr(limits=limits, reading=reading, open_path=in_place)
    with closing(LocalReader(limits=limits, reading=reading, open_path=in_place)) as reader:
        for source in sources:
            progress(f"indexing {source.name}")
            if source.path is None:
                await library.add([Text(source.name, (source.text or "",), source.collection)])
                continue
            outline = reader.read(str(source.path), filename=source.name)
            pages = [page if isinstance(page, Page) else ocr.recognize(page) for page in outline.pages]
            await library.add_pages([(source.name, source.collection, pages)])


async def judge(asked: Asked, answer: Answer, library: Library) -> Outcome:
    store = library.services.state.documents
    names = tuple(dict.fromkeys(passage.filename for passage in answer.results))
    right, page_right, quote_right = 0, False, False
    for citation in answer.citations:
        if citation.filename != asked.source:
            continue
        page = await store.page(citation.document_id, citation.page)
        holds = not asked.spans or any(contains(page.text, span) for span in asked.spans)
        right += holds
        page_right = page_right or holds
        quote_right = quote_right or any(contains(citation.quote, span) for span in asked.spans)
    said = [item for item in answer.grounding.sentences if item.citation is not None]
    quotes = {citation.marker: citation.quote for citation in answer.citations}
    plain = _plain(answer.answer)
    words, least = frozenset(content_words(asked.question)), library.settings.answering.min_told
    return Outcome(
        id=asked.id,
        kind=asked.kind,
        question=asked.question,
        answer=answer.answer,
        found=answer.found,
        source=asked.source,
        ranked=names,
        rank=names.index(asked.source) + 1 if asked.source in names else None,
        cited=len(answer.citations),
        cited_right=right,
        page_right=page_right,
        quote_right=quote_right,
        exact=max((float(normal(plain) == normal(one)) for one in asked.answers), default=0.0),
        f1=max((word_f1(plain, one) for one in asked.answers), default=0.0),
        told=any(_says(plain, one) for one in asked.answers),
        written=answer.found and not answer.answer.startswith(QUOTED),
        sentences=len(answer.grounding.sentences),
        supported=sum(
            check(_plain(item.text), [quotes[item.citation]], asked=words, least=least).supported
            for item in said
            if item.citation in quotes
        ),
        seconds=answer.timings.get("total", 0.0),
    )


def _says(text: str, answer: str) -> bool:
    """Word for word, as SQuAD normalises them."""
    return f" {' '.join(normal(answer))} " in f" {' '.join(normal(text))} "


def _plain(text: str) -> str:
    """What is said, without markers and the words that introduce a quotation."""
    return FRAME.sub("", MARKER.sub("", text)).strip()


def contains(text: str, span: str) -> bool:
    """Whether `text` holds the span, by letters and digits alone; of a long span any window of it."""
    text, span = _letters(text), _letters(span)
    if len(span) <= SPAN_WINDOW:
        return bool(span) and span in text
    last = len(span) - SPAN_WINDOW
    return any(span[i : i + SPAN_WINDOW] in text for i in [*range(0, last, SPAN_WINDOW // 4), last])


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def normal(text: str) -> list[str]:
    """SQuAD's normalisation: case, punctuation and articles do not matter."""
    text = text.casefold().translate(str.maketrans("", "", string.punctuation + "“”’‘"))
    return re.sub(r"\b(?:a|an|the)\b", " ", text).split()


def word_f1(text: str, truth: str) -> float:
    ours, theirs = normal(text), normal(truth)
    common = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0


def summarise(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares in 0..1 by name, 'n ...' are counts; a figure is left out where the set has nothing to measure it on."""
    of = {kind: [o for o in outcomes if o.kind == kind] for kind in ("answerable", "absent", "unanswerable")}
    told = [o for o in outcomes if o.found]
    answerable = of["answerable"]
    answered = [o for o in answerable if o.found]
    figures: dict[str, float] = {f"n {kind}": len(rows) for kind, rows in of.items() if rows}
    figures |= {
        f"right document in top {TOP}": mean(o.rank is not None and o.rank <= TOP for o in answerable),
        **_retrieval(answerable),
        "answerable refused": mean(not o.found for o in answerable),
        "cited page right": mean(o.page_right for o in answerable),
        "cited quote right": mean(o.quote_right for o in answerable),
        "citation precision": _ratio(sum(o.cited_right for o in answered), sum(o.cited for o in answered)),
        "exact match": mean(o.exact for o in answerable),
        "f1": mean(o.f1 for o in answerable),
        "accepted answer said": mean(o.told for o in answerable),
        "sentences supported": _ratio(sum(o.supported for o in told), sum(o.sentences for o in told)),
    }
    if written := [o for o in told if o.written]:
        figures["n in the model's words"] = len(written)
    if right := [o for o in written if o.kind == "answerable"]:
        figures["the same, accepted answer said"] = mean(o.told for o in right)
    for kind in ("absent", "unanswerable"):
        if of[kind]:
            figures[f"{kind} refused"] = mean(not o.found for o in of[kind])
    return figures


def _retrieval(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Over documents, by ir-measures."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    judged = {o.id: {o.source: 1} for o in outcomes if o.source}
    run = {o.id: {name: 1.0 / place for place, name in enumerate(o.ranked, 1)} for o in outcomes if o.ranked}
    if not judged or not run:
        return {}
    found = ir_measures.calc_aggregate([nDCG @ 10, R @ 10, RR @ 10], judged, run)
    return {str(measure): float(value) for measure, value in found.items()}


def mean(values: Iterable[float]) -> float:
    listed = [float(value) for value in values]
    return sum(listed) / len(listed) if listed else 0.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def report(name: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {"set": name, "summary": summarise(outcomes), "outcomes": [asdict(outcome) for outcome in outcomes]}
