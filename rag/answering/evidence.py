"""Which sentences of the retrieved passages answer a question: the basis of citations, refusals and quotations."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.answering.ground import content_words, numbers
from rag.answering.segments import Segment, segments
from rag.answering.synonyms import synonyms
from rag.model import Passage

CANDIDATES = 24
"""Units that are compared by embedding, each some 2 ms; the rest were far behind by words already. With 32 (and 64), of 300 questions of SQuAD one citation
more is right, of 183 contracts the figures are the same, and of data/questions.jsonl the citations are less precise (0.818, with 24 0.826)."""
WINDOW_CHARS = 260
"""A form line, table row or heading is joined with the one after it up to this length: the label and its value."""
SHORT_CHARS = 70
FULL_CHARS = 300
SYNONYM = 0.6
"""What a word counts where only one of its group in rag/answering/synonyms.txt stands."""

_MONEY = re.compile(r"[€$£]|\b(?:EUR|USD|GBP|CHF)\b|\d[.,]\d\d\b")
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
_DATE = re.compile(rf"\b\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}\b|\b(?:19|20)\d\d\b|\b(?:{_MONTHS})\b")
_NAME = re.compile(r"[A-ZÄÖÜ][\w'’-]+ (?:[A-Z]\. )?[A-ZÄÖÜ][\w'’-]+")
_CLAUSE = re.compile(r"(?:§ ?)?\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-z]|[ivx]{1,4})[.)] ")
_POINTS_BACK = re.compile(r"(?:it|its|he|his|she|her|they|their|this|these|that|those|such)\b", re.IGNORECASE)
_COUNT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|monthly|weekly|daily|once|twice)\b",
    re.IGNORECASE,
)
_ASKS = (
    (
        re.compile(
            r"\bhow much\b|\b(?:amount|price|cost|costs|total|rent|fee|salary|sum|balance|budget|revenue)\b", re.I
        ),
        _MONEY,
        -1.0,
    ),
    (
        re.compile(r"\bwhen\b|\bdate\b|\bdeadline\b|\b(?:what|which) (?:day|year|month)\b", re.I),
        _DATE,
        -1.0,
    ),
    (
        re.compile(
            r"^(?:\w+ )?who(?:se|m)?\b|[,;] who(?:se|m)?\b|^which (?:person|engineer|nurse|architect|councillor|company|bank)\b",
            re.I,
        ),
        _NAME,
        0.0,
    ),
    (
        re.compile(
            r"\bhow (?:many|long|often|far|old|large|big|high|few)\b|\bper ?cent|\bpercentage|\bprecision\b|\bweight\b",
            re.I,
        ),
        _COUNT,
        -1.0,
    ),
)
"""How a question asks; what an answer to it holds; what a sentence without that counts (`Evidence.fits`)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    passage: int
    """Index into the passages."""
    segment: Segment
    """Offsets are into the page."""
    score: float
    """For ranking, about 0..1."""
    cosine: float = 0.0
    """Of its embedding with the question's."""
    fits: float = 0.0
    """1 when it holds something of the kind that was asked for (an amount, a date, a name, a number), -1 when not, 0 when the
    question does not tell, and where a person may as well be told by what he is ("the tenant pays")."""


Similarity = Callable[[str, Sequence[str]], Awaitable[list[float]]]


@dataclass(frozen=True, slots=True)
class _Unit:
    passage: int
    segment: Segment
    context: str
    """Heading, file name and the sentence that "it" points back to: what the sentence is about without saying it."""
    around: str
    """The whole passage."""
    document: str
    """All that was retrieved of its document."""
    heads: bool = False
    """The heading of numbered clauses: it tells what they are about, and answers nothing itself."""


async def gather_evidence(question: str, passages: Sequence[Passage], similarity: Similarity) -> list[Evidence]:
    """Sentences (and short lines joined with the next), most relevant first."""
    units = list(_units(passages))
    terms = _weighted_terms(question, units)
    words = _Words()
    telling = [unit for unit in units if not unit.heads]
    pool = sorted(telling, key=lambda unit: -_coverage(terms, words[unit.context] | words[unit.segment.text]))[
        :CANDIDATES
    ]
    cosines = await similarity(question, [unit.segment.text for unit in pool])
    found = [_scored(question, terms, words, unit, cosine) for unit, cosine in zip(pool, cosines, strict=True)]
    found.sort(key=lambda item: -item.score)
    return found


def _units(passages: Sequence[Passage]) -> Iterable[_Unit]:
    documents: dict[str, str] = {}
    for passage in passages:
        known = documents.get(passage.chunk.document_id, "")
        documents[passage.chunk.document_id] = f"{known} {passage.chunk.heading} {passage.chunk.text}"
    for index, passage in enumerate(passages):
        chunk = passage.chunk
        context = f"{chunk.heading} {re.sub(r'[-_.]+', ' ', passage.filename)}"
        lines = segments(chunk.text, chunk.start)
        for position, line in enumerate(lines):
            following = lines[position + 1] if position + 1 < len(lines) else None
            heads, joined = False, [line]
            if following and _labels(line):
                if _CLAUSE.match(following.text):
                    # The heading of numbered clauses is no more the first one's than the others'.
                    heads = not _CLAUSE.match(line.text)
                elif following.end - line.start <= WINDOW_CHARS:
                    text = chunk.text[line.start - chunk.start : following.end - chunk.start]
                    joined.append(Segment(line.start, following.end, text))
            before = lines[position - 1].text if position and _POINTS_BACK.match(line.text) else ""
            for segment in joined:
                yield _Unit(index, segment, f"{context} {before}", chunk.text, documents[chunk.document_id], heads)


def _labels(line: Segment) -> bool:
    """Is it a short line that says what the next one is about?"""
    return len(line.text) <= SHORT_CHARS and not line.text.rstrip().endswith((".", "!", "?"))


class _Words(dict[str, frozenset[str]]):
    """Text -> its stems and numbers, found once: a passage is asked for by each of its sentences."""

    def __missing__(self, text: str) -> frozenset[str]:
        self[text] = found = frozenset(content_words(text)) | numbers(text)
        return found


def relevance(evidence: Sequence[Evidence], passages: Sequence[Passage]) -> float:
    """Probability that the passages are about what was asked, from the best sentence and the nearest passage.

    A logistic regression fitted on 440 SQuAD questions, half of them put to a corpus without their article.
    """
    if not evidence:
        return 0.0
    nearest = [passage.hit.dense for passage in passages if passage.hit.dense is not None]
    # Lexical search knows no cosines of passages.
    cosine = max(nearest, default=max(item.cosine for item in evidence))
    return 1.0 / (1.0 + math.exp(16.6 - 17.6 * evidence[0].score - 18.1 * cosine))


def _scored(question: str, terms: dict[str, float], words: _Words, unit: _Unit, cosine: float) -> Evidence:
    """A weighted sum, about 0..1. The weights were fitted pairwise (two-fold cross-validated) on three question sets:
    data/questions.jsonl, SQuAD and CUAD contracts."""
    text, context = unit.segment.text, words[unit.context]
    fits = _fits(question, text)
    score = (
        0.169 * cosine
        + 0.134 / (1.0 + 0.35 * unit.passage)
        + 0.096 * _coverage(terms, words[text])
        + 0.090 * _coverage(terms, context | words[text])
        + 0.065 * _coverage(terms, context | words[unit.around])
        + 0.120 * _coverage(terms, context | words[unit.document])
        + 0.082 * min(len(text), FULL_CHARS) / FULL_CHARS
        + 0.065 * _news(terms, text)
        + 0.045 * fits
    )
    return Evidence(unit.passage, unit.segment, score, cosine, fits)


def _news(terms: dict[str, float], text: str) -> float:
    """Does it tell anything beyond the question's own words? 0..1, 1 from three words."""
    return min(sum(word not in terms for word in content_words(text)), 3) / 3


def _fits(question: str, text: str) -> float:
    """As `Evidence.fits`."""
    for asks, holds, lacking in _ASKS:
        if asks.search(question):
            own = "|".join(re.escape(word) for word in question.split() if len(word) > 2)
            return 1.0 if holds.search(re.sub(own or r"(?!)", " ", text)) else lacking
    return 0.0


def _weighted_terms(question: str, units: Sequence[_Unit]) -> dict[str, float]:
    """Question terms with their weight: codes tell most, then names, then words; what stands everywhere tells little."""
    frequency = Counter(word for unit in units for word in set(content_words(unit.segment.text)))
    weights: dict[str, float] = {}
    for word in re.findall(r"[^\W_]+(?:[-/'’.&][^\W_]+)*", question):
        base = 2.0 if any(c.isdigit() for c in word) else 1.3 if word[0].isupper() else 1.0
        for term in content_words(word):
            rarity = math.log(1 + len(units) / (1 + frequency[term])) / math.log(2 + len(units))
            weights[term] = max(weights.get(term, 0.0), base * (0.25 + rarity))
    return weights


def _coverage(terms: dict[str, float], there: frozenset[str]) -> float:
    """Share of the question's weight that stands there, 0..1; a synonym counts in part."""
    if not terms:
        return 0.0
    alike = synonyms()
    found = sum(
        weight if term in there else SYNONYM * weight
        for term, weight in terms.items()
        if term in there or not there.isdisjoint(alike.get(term, frozenset()))
    )
    return found / sum(terms.values())
