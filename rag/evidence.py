"""Which sentences of the retrieved passages answer a question: the basis of citations, refusals and quotations."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rag.ground import content_words, numbers
from rag.model import Passage
from rag.segments import Segment, segments

CANDIDATES = 48
"""Sentences that are compared by embedding; the rest were far behind by words already."""
_MONEY = re.compile(r"[€$£]|\b(?:EUR|USD|GBP|CHF)\b|\d[.,]\d\d\b")
_DATE = re.compile(
    r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|\b(?:19|20)\d\d\b|\b(?:January|February|March|April|May|June|July|August|"
    r"September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)\b",
)
_NAME = re.compile(r"[A-ZÄÖÜ][\w'’-]+ (?:[A-Z]\. )?[A-ZÄÖÜ][\w'’-]+")
_ASKS = (
    (
        re.compile(
            r"\bhow much\b|\b(?:amount|price|cost|costs|total|rent|fee|salary|sum|paid|pay|balance|budget)\b", re.I
        ),
        _MONEY,
        0.07,
    ),
    (
        re.compile(r"\bwhen\b|\bdate\b|\bdeadline\b|\bwhat day\b|\bwhich year\b|\bby what time\b|\bexpire", re.I),
        _DATE,
        0.07,
    ),
    (re.compile(r"\bwho\b|\bwhose\b|\bwhom\b|\bname of\b", re.I), _NAME, 0.05),
    (
        re.compile(r"\bhow (?:many|long|often|far|old|large|big)\b|\bpercent|\bnumber\b", re.I),
        re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|monthly|weekly)\b", re.I),
        0.05,
    ),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    passage: int
    """Index into the passages."""
    segment: Segment
    """Offsets are into the page."""
    score: float
    """Relevance to the question, about 0..1."""
    coverage: float
    """Share of the question's terms that stand in the sentence, its heading or file name, 0..1."""


Similarity = Callable[[str, Sequence[str]], Awaitable[list[float]]]


async def gather_evidence(question: str, passages: Sequence[Passage], similarity: Similarity) -> list[Evidence]:
    """Sentences, most relevant first."""
    terms = _weighted_terms(question)
    pool: list[tuple[float, float, int, Segment]] = []
    for index, passage in enumerate(passages):
        context = f"{passage.chunk.heading} {passage.filename.replace('-', ' ').replace('_', ' ')}"
        around = _coverage(terms, f"{context} {passage.chunk.text}")
        for segment in segments(passage.chunk.text, passage.chunk.start):
            own = _coverage(terms, segment.text)
            with_context = _coverage(terms, f"{context} {segment.text}")
            pool.append((0.6 * own + 0.4 * with_context, around, index, segment))
    pool.sort(key=lambda row: (-row[0], row[2]))
    pool = pool[:CANDIDATES]
    cosines = await similarity(question, [segment.text for _, _, _, segment in pool])
    bonus = sum(weight for asks, _, weight in _ASKS if asks.search(question))
    found = []
    for (own, around, index, segment), cosine in zip(pool, cosines, strict=True):
        prior = 1.0 / (1.0 + 0.35 * index)
        kind = sum(weight for asks, holds, weight in _ASKS if asks.search(question) and holds.search(segment.text))
        score = 0.42 * max(cosine, 0.0) + 0.26 * own + 0.20 * around + 0.12 * prior + kind - 0.5 * bonus
        if _heading_like(segment.text) or segment.text.rstrip().endswith("?"):
            score -= 0.08
        found.append(Evidence(index, segment, score, around))
    found.sort(key=lambda item: -item.score)
    return found


def _weighted_terms(question: str) -> dict[str, float]:
    """Question terms with their weight: codes and numbers tell most, then names, then other words."""
    weights: dict[str, float] = {}
    for word in re.findall(r"[^\W_]+(?:[-/'’.&][^\W_]+)*", question):
        [*stems] = content_words(word)
        weight = 2.0 if any(c.isdigit() for c in word) else 1.5 if word[0].isupper() else 1.0
        for item in stems:
            weights[item] = max(weights.get(item, 0.0), weight)
    return weights


def _coverage(terms: dict[str, float], text: str) -> float:
    if not terms:
        return 0.0
    there = set(content_words(text)) | numbers(text)
    return sum(weight for term, weight in terms.items() if term in there) / sum(terms.values())


def _heading_like(text: str) -> bool:
    return len(text) < 60 and not re.search(r"\d", text) and not text.rstrip().endswith((".", "!", ";"))
