"""Summaries of documents of any length: map-reduce by budget, every sentence checked against the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.concurrency import bounded
from rag.ground import check, content_words
from rag.model import Page, Summary
from rag.ports import Generator
from rag.prompts import summary_prompt
from rag.segments import Segment, segments
from rag.settings import Analysis, Llm

SHORT_CHARS = 280
"""A text up to this length is its own summary."""
CHARS_PER_TOKEN = 4
MAPS_AT_ONCE = 8
MAX_MAPS = 24
SENTENCES = 3
MINIMUM_WORDS = 4
"""Content words of a sentence that says something."""
_MARKUP = re.compile(r"</?\w+[^>]*>")
_LETTERHEAD = re.compile(r"@|\||\bwww\.|\bTel\b|\bIBAN\b|\bPage \d", re.IGNORECASE)


async def summarize(pages: Sequence[Page], generator: Generator, llm: Llm, analysis: Analysis) -> Summary:
    """Summary with the pages it rests on. `method` says whether the model's text stood the check."""
    text = "\n\n".join(page.text for page in pages).strip()
    if len(text) <= SHORT_CHARS:
        return Summary(" ".join(text.split()), tuple(page.number for page in pages if page.text.strip()), "text")
    draft = await _draft(text, generator, llm, analysis)
    sources = [(page.number, segment) for page in pages for segment in segments(page.text)]
    kept, rest_on = _supported(draft, sources)
    if kept:
        return Summary(" ".join(kept), tuple(sorted(rest_on)), "model", generator.model)
    chosen = central_sentences(sources, SENTENCES)
    return Summary(
        " ".join(" ".join(segment.text.split()) for _, segment in chosen),
        tuple(sorted({number for number, _ in chosen})),
        "extractive",
    )


async def _draft(text: str, generator: Generator, llm: Llm, analysis: Analysis) -> str:
    """Map every part, then reduce; a text that fits is summarised at once."""
    size = analysis.summary_input_tokens * CHARS_PER_TOKEN
    while len(text) > size:
        parts = _parts(text, size)
        drafts = await bounded((_complete(part, generator, llm) for part in parts), at_once=MAPS_AT_ONCE)
        shorter = "\n".join(drafts)
        text = shorter if len(shorter) < len(text) else shorter[:size]
    return await _complete(text, generator, llm)


async def _complete(text: str, generator: Generator, llm: Llm) -> str:
    prompt = summary_prompt(text)
    pieces = [
        token.text
        async for token in generator.stream(prompt.messages, max_tokens=llm.summary_tokens, temperature=llm.temperature)
    ]
    return "".join(pieces).strip()


def _parts(text: str, size: int) -> list[str]:
    """At most `MAX_MAPS` parts, cut at line ends; of a longer text, parts spread evenly over it."""
    parts: list[str] = []
    start = 0
    while start < len(text):
        end = min(start + size, len(text))
        cut = text.rfind("\n", start + size // 2, end) if end < len(text) else end
        end = cut if cut > start else end
        parts.append(text[start:end])
        start = end
    if len(parts) > MAX_MAPS:
        parts = [parts[round(i * (len(parts) - 1) / (MAX_MAPS - 1))] for i in range(MAX_MAPS)]
    return parts


def _supported(draft: str, sources: Sequence[tuple[int, Segment]]) -> tuple[list[str], set[int]]:
    """The draft's sentences that the text supports, and the pages that do. An unfinished last sentence is dropped."""
    kept: list[str] = []
    rest_on: set[int] = set()
    windows = support_windows(sources)
    for segment in segments(_MARKUP.sub(" ", draft)):
        sentence = " ".join(segment.text.split())
        if sentence[-1:] not in ".!?" or len(content_words(sentence)) < MINIMUM_WORDS:
            continue
        support = check(sentence, [window.text for window in windows])
        if support.supported and sentence not in kept:
            kept.append(sentence)
            rest_on.add(windows[support.index].page)
    return kept, rest_on


@dataclass(frozen=True, slots=True)
class Window:
    page: int
    start: int
    end: int
    text: str


def support_windows(sources: Sequence[tuple[int, Segment]]) -> list[Window]:
    """One a sentence: two neighbours of a page together may support one sentence of a summary."""
    windows = []
    for (number, segment), (same, following) in zip(sources, [*sources[1:], (0, Segment(0, 0, ""))], strict=True):
        joined = same == number
        text = f"{segment.text} {following.text}" if joined else segment.text
        windows.append(Window(number, segment.start, following.end if joined else segment.end, text))
    return windows


def central_sentences(sources: Sequence[tuple[int, Segment]], count: int) -> list[tuple[int, Segment]]:
    """The sentences whose words recur most in the text, early ones first among equals; in document order.

    Whole sentences before lines of forms and tables, letterheads last; nothing twice.
    """
    frequency = Counter(word for _, segment in sources for word in set(content_words(segment.text)))
    scored: list[tuple[float, int]] = []
    seen: set[str] = set()
    for position, (_, segment) in enumerate(sources):
        words = set(content_words(segment.text))
        flat = " ".join(segment.text.split()).casefold()
        if len(words) < MINIMUM_WORDS or flat in seen:
            continue
        seen.add(flat)
        weight = sum(min(frequency[word], 8) for word in words) / (len(words) + 6)
        weight += 1.5 / (1 + position)
        weight += 2.0 if flat.endswith((".", "!")) and len(words) <= 40 else 0.0
        weight -= 4.0 if _LETTERHEAD.search(segment.text) else 0.0
        scored.append((weight, position))
    best = sorted(position for _, position in sorted(scored, reverse=True)[:count])
    return [sources[position] for position in best or range(min(count, len(sources)))]
