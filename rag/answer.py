"""The arrows of the way out: question -> retrieve -> evidence -> pack -> LLM (stream) -> ground -> cite -> Answer.

Two sorts leave before: questions about the library itself are counted in SQL (rag/corpus), requests about a whole
document read all of it (rag/whole).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import cast

from rag.access.audit import noted
from rag.answering.cite import ALSO, QUOTED, Citations
from rag.answering.evidence import Evidence, gather_evidence, relevance
from rag.answering.ground import check, content_words, unfinished
from rag.answering.pack import pack
from rag.answering.prompts import Prompt, answer_prompt
from rag.answering.segments import segments
from rag.corpus.answering import counted_answer
from rag.errors import DeadlineExceeded, DocumentNotFound, PageNotFound, Unavailable
from rag.model import Answer, Citation, Filter, Grounding, Message, Mode, Passage, SentenceCheck, Token, Usage
from rag.ports import SearchQuery
from rag.retrieval.search import find
from rag.rollouts.choose import in_charge
from rag.runtime.metrics import count_answer
from rag.services import Services
from rag.whole.answering import whole_answer

GOES_ON = re.compile(r"Question:|</?passage\b")
"""A small model goes on with a question of its own, or with another passage. The engine is not told to stop there: it would hold back as many characters of what it has
written, and the first words with them."""
NOT_FOUND = "This is not in your documents."
_REFUSAL = re.compile(
    r"do(?:es)? not (?:say|mention|contain|provide|specify|hold|state)|not (?:mentioned|in the (?:documents|passages))|no information",
    re.I,
)
_POINTS_BACK = re.compile(
    r"^(?:and|but|also|what about|how about)\b|\b(?:it|its|that|this|they|them|their|he|she|him|his|her|hers|those|these|there)\b",
    re.I,
)
EVIDENCE_PASSAGES = 16
"""Passages that evidence is looked for in; the request's `top_k` of them are shown."""
TRUSTED_EVIDENCE = 4
"""A sentence of the model is believed only when it is supported by one of the best sentences found by retrieval."""
TRUSTED_SHARE = 0.88
"""...whose score is at least this share of the best one's."""
SCOPED_PASSAGES = 40
"""As EVIDENCE_PASSAGES, where documents are named: what is asked stands in them somewhere."""
SCOPED_RELEVANCE = 0.5
"""Of `answering.min_relevance`, where documents are named: whoever opens a document asks about it."""
TRIES = 3
QUOTES = 3
QUOTED_SHARE = 0.92
"""Where the best sentence is not clearly the best, those that come as near as this are quoted beside it."""
FITTING_SHARE = 0.8
"""And this near, one that holds a date where a date was asked for and the others hold none."""


@dataclass(frozen=True, slots=True)
class AskRequest:
    question: str
    filter: Filter = Filter()
    top_k: int = 8
    mode: Mode = Mode.HYBRID
    history: tuple[Message, ...] = ()
    strict: bool | None = None
    model: str | None = None
    """The language model by its name; None: the one in charge."""
    session: str | None = None
    """Requests of one session are answered by one model while a rollout is under way."""


@dataclass(frozen=True, slots=True)
class Results:
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Cited:
    citation: Citation


@dataclass(frozen=True, slots=True)
class Final:
    answer: Answer


AnswerEvent = Results | Token | Cited | Final


@dataclass(slots=True)
class _Clock:
    started: float = field(default_factory=time.perf_counter)
    marks: dict[str, float] = field(default_factory=dict)

    def mark(self, name: str, since: float) -> float:
        now = time.perf_counter()
        self.marks[name] = round(now - since, 4)
        return now

    def timings(self) -> dict[str, float]:
        return {**self.marks, "total": round(time.perf_counter() - self.started, 4)}


async def retrieve(request: AskRequest, services: Services) -> tuple[Passage, ...]:
    """Passages, best first, from an index that has seen everything that was acknowledged before this call."""
    at_least = await services.state.feed.head()
    depth = max(request.top_k, SCOPED_PASSAGES if request.filter.document_ids else EVIDENCE_PASSAGES)
    query = SearchQuery(standalone(request.question, request.history), depth, request.mode, request.filter, at_least)
    return (await find(query, services)).passages


async def answer(request: AskRequest, services: Services) -> AsyncIterator[AnswerEvent]:
    """Events in order: Results, Token..., Cited..., Final. Final replaces what was streamed before it; Results, what came before them."""
    services = await in_charge(services, model=request.model, session=request.session)
    for tries_left in reversed(range(TRIES)):
        try:
            async for event in _answer(request, services):
                if isinstance(event, Final):
                    count_answer(event.answer, services.metrics)
                yield event
            return
        except (DocumentNotFound, PageNotFound):
            # A document was deleted while it was being answered from: those that are left are asked.
            if not tries_left:
                raise


async def _answer(request: AskRequest, services: Services) -> AsyncIterator[AnswerEvent]:
    exact = await counted_answer(request.question, request.filter, services) or await whole_answer(
        request.question, request.filter, services
    )
    if exact is not None:
        noted(*(citation.document_id for citation in exact.citations), *(read.document_id for read in exact.read))
        for event in _at_once(exact):
            yield event
        return
    clock = _Clock()
    passages = await retrieve(request, services)
    mark = clock.mark("retrieve", clock.started)
    shown = passages[: request.top_k]
    yield Results(shown)

    question = standalone(request.question, request.history)
    evidence = await gather_evidence(question, passages, services.retriever.similarity) if passages else []
    mark = clock.mark("evidence", mark)
    settings = services.settings.answering
    read = pack(passages, evidence, count=settings.passages, budget=settings.context_tokens)
    prompt = answer_prompt(question, read)

    least = settings.min_relevance * (SCOPED_RELEVANCE if request.filter.document_ids else 1.0)
    if relevance(evidence, passages) < least:
        yield Final(_not_found(shown, services, prompt, clock))
        return

    draft, usage = "", Usage()
    try:
        async with aclosing(_generate(prompt, services)) as tokens:
            async for token in tokens:
                draft, usage = draft + token.text, token.usage or usage
                yield token
                if more := GOES_ON.search(draft):
                    draft = draft[: more.start()]
                    break
    except (Unavailable, DeadlineExceeded):
        # The model is away: passages without a written answer are better than none.
        draft = ""
    mark = clock.mark("generate", mark)

    strict = settings.strict if request.strict is None else request.strict
    citations = Citations(passages, services.state.documents, min_confidence=services.settings.reading.min_confidence)
    text, checks = await _ground(question, draft.strip(), evidence, citations, strict=strict, least=settings.min_told)
    for citation in citations.all:
        yield Cited(citation)
    clock.mark("ground", mark)
    unsupported = tuple(item.text for item in checks if not item.supported)
    mean = sum(item.score for item in checks) / len(checks) if checks else 0.0
    yield Final(
        Answer(
            answer=text,
            citations=citations.all,
            grounding=Grounding(not unsupported, round(mean, 4), unsupported, tuple(checks)),
            results=shown,
            model=services.generator.model,
            prompt_version=prompt.version,
            usage=usage,
            timings=clock.timings(),
            draft=draft.strip(),
        )
    )


def _at_once(answer: Answer) -> tuple[AnswerEvent, ...]:
    """The events of an answer that is not drafted from passages."""
    return Results(()), Token(answer.answer), *(Cited(citation) for citation in answer.citations), Final(answer)


async def complete(request: AskRequest, services: Services) -> Answer:
    """The answer without its stream."""
    final: Answer | None = None
    async for event in answer(request, services):
        if isinstance(event, Final):
            final = event.answer
    assert final is not None, "answer() always ends in Final"
    return final


def standalone(question: str, history: Sequence[Message]) -> str:
    """A follow-up carries what it refers to: the last question is put before one that is short or points back."""
    asked = [message.content for message in history if message.role == "user"]
    points_back = _POINTS_BACK.search(question)
    if asked and (points_back or len(content_words(question)) < 2):
        return f"{asked[-1]} {question}"
    return question


async def _generate(prompt: Prompt, services: Services) -> AsyncGenerator[Token, None]:
    """Raises what the generator raises, and DeadlineExceeded where it does not begin in time."""
    llm = services.settings.llm
    stream = services.generator.stream(
        prompt.messages, max_tokens=llm.answer_tokens, temperature=llm.temperature, stop=("\n\n",)
    )
    async with aclosing(cast("AsyncGenerator[Token, None]", stream)) as tokens:
        try:
            async with asyncio.timeout(services.settings.answering.first_word_seconds):
                first = await anext(tokens, None)
        except TimeoutError as error:
            raise DeadlineExceeded("The language model has not begun to answer in time.") from error
        if first is not None:
            yield first
        async for token in tokens:
            yield token


async def _ground(
    question: str, draft: str, evidence: Sequence[Evidence], citations: Citations, *, strict: bool, least: float
) -> tuple[str, list[SentenceCheck]]:
    """Check each sentence; in strict mode what is not supported gives way to the best passage, quoted."""
    top = evidence[0].score
    trusted = [item for item in evidence[:TRUSTED_EVIDENCE] if item.score >= TRUSTED_SHARE * top]
    candidates = [item.segment.text for item in trusted]
    preference = [item.score / top for item in trusted]
    asked = set(content_words(question))
    parts: list[str] = []
    checks: list[SentenceCheck] = []
    # A small model may say one thing again and again.
    for sentence in dict.fromkeys(" ".join(piece.text.split()) for piece in segments(draft)):
        # What only repeats the question is no answer, however well supported.
        if not set(content_words(sentence)) - asked or _REFUSAL.search(sentence) or unfinished(sentence):
            continue
        support = check(sentence, candidates, preference, asked=asked, least=least)
        if support.supported:
            citation = await citations.cite(trusted[support.index])
            parts.append(f"{sentence} [{citation.marker}]")
            checks.append(SentenceCheck(sentence, True, round(support.score, 4), citation.marker))
        elif not strict:
            parts.append(sentence)
            checks.append(SentenceCheck(sentence, False, round(support.score, 4), None, support.missing))
    if not parts:
        return await _quotation(evidence, citations)
    return " ".join(parts), checks


async def _quotation(evidence: Sequence[Evidence], citations: Citations) -> tuple[str, list[SentenceCheck]]:
    """The best sentence in quotation marks, and those that come near it."""
    parts: list[str] = []
    checks: list[SentenceCheck] = []
    for item in _nearest(evidence):
        citation = await citations.cite(item)
        quote = " ".join(citation.quote.split())
        text = f"{ALSO if parts else QUOTED}: “{quote}” [{citation.marker}]"
        parts.append(text)
        checks.append(SentenceCheck(text, True, 1.0, citation.marker))
    return "\n\n".join(parts), checks


def _nearest(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Up to QUOTES sentences within QUOTED_SHARE of the best one, none said twice. Where all of them lack what was asked for (a
    date, an amount, a name), the best one that has it, within FITTING_SHARE, is one of them."""
    chosen: list[Evidence] = []
    for item in evidence:
        if len(chosen) == QUOTES or item.score < QUOTED_SHARE * evidence[0].score:
            break
        text = item.segment.text
        if not any(text in one.segment.text or one.segment.text in text for one in chosen):
            chosen.append(item)
    if all(item.fits < 0 for item in chosen):
        least = FITTING_SHARE * evidence[0].score
        fitting = next((item for item in evidence if item.fits > 0 and item.score >= least), None)
        if fitting is not None:
            chosen = [*chosen[: QUOTES - 1], fitting]
    return chosen


def _not_found(passages: tuple[Passage, ...], services: Services, prompt: Prompt, clock: _Clock) -> Answer:
    return Answer(
        answer=NOT_FOUND,
        citations=(),
        grounding=Grounding(True, 1.0),
        results=passages,
        model=services.generator.model,
        prompt_version=prompt.version,
        timings=clock.timings(),
        found=False,
    )
