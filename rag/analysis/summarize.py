"""Summaries of documents of any length: map-reduce by budget, every sentence checked against the text."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.ground import check, content_words
from rag.answering.prompts import CHARS_PER_TOKEN, Prompt, long_summary_prompt, summary_prompt
from rag.answering.segments import Segment, segments
from rag.model import Page, Summary
from rag.ports import Generator
from rag.runtime.concurrency import bounded, together
from rag.settings import Analysis, Llm

SUMMARY_VERSION = "2"
"""Raised when summaries are made otherwise: documents then get the stage again."""
SHORT_CHARS = 280
"""A text up to this length is its own summary."""
SENTENCES = 3
LONG_SENTENCES = 12
LEAST_LONG = 1200
"""Characters of a text that a long summary is worth writing of; the short one does for less."""
MINIMUM_WORDS = 4
"""Content words of a sentence that says something."""
_MARKUP = re.compile(r"</?\w+[^>]*>")
_LETTERHEAD = re.compile(r"@|\||\bwww\.|\bTel\b|\bIBAN\b|\bPage \d", re.IGNORECASE)

Sources = list[tuple[int, Segment]]
"""Sentences with the numbers of their pages."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What one map gave: sentences of the draft that its part supports (else of the part itself), with their pages."""

    sentences: tuple[tuple[int, str], ...]
    by_model: bool


async def summarize(pages: Sequence[Page], generator: Generator, llm: Llm, analysis: Analysis) -> Summary:
    """Short and long summary with the pages they rest on. `method` says whether the model's text stood the check.

    Every part of the text is summarised and checked against itself, all parts side by side; the short summary is made of
    what stood the check, and is checked against the whole text.
    """
    text = "\n\n".join(page.text for page in pages).strip()
    if len(text) <= SHORT_CHARS:
        flat, numbers = " ".join(text.split()), tuple(page.number for page in pages if page.text.strip())
        return Summary(flat, numbers, "text", long=flat, long_pages=numbers)
    sources = [(page.number, segment) for page in pages for segment in segments(page.text)]
    size = analysis.summary_input_tokens * CHARS_PER_TOKEN
    at_once = max(1, llm.scaling.max_ongoing_requests // 2)
    if len(text) <= size:
        long = len(text) >= LEAST_LONG and llm.long_summary_tokens > 0
        drafts = await together(
            _complete(summary_prompt(text), llm.summary_tokens, generator, llm),
            *([_complete(long_summary_prompt(text), llm.long_summary_tokens, generator, llm)] if long else []),
        )
        parts = [await asyncio.to_thread(_checked, drafts[-1], sources, LONG_SENTENCES if long else SENTENCES)]
        draft = drafts[0]
    else:
        pieces = await asyncio.to_thread(_parts, sources, size, analysis.summary_parts)
        parts = await bounded((_mapped(piece, generator, llm) for piece in pieces), at_once=at_once)
        draft = await _reduced(parts, size, generator, llm)
    kept, rest_on = await asyncio.to_thread(_supported, draft, sources)
    details = _spread([one for part in parts for one in part.sentences], LONG_SENTENCES)
    long_text, long_pages = " ".join(sentence for _, sentence in details), tuple(sorted({page for page, _ in details}))
    if kept:
        longer = (
            (long_text, long_pages)
            if len(long_text) > len(" ".join(kept))
            else (" ".join(kept), tuple(sorted(rest_on)))
        )
        return Summary(" ".join(kept), tuple(sorted(rest_on)), "model", generator.model, *longer)
    chosen = central_sentences(sources, SENTENCES)
    short = " ".join(" ".join(segment.text.split()) for _, segment in chosen)
    numbers = tuple(sorted({number for number, _ in chosen}))
    longer = (long_text, long_pages) if len(long_text) > len(short) else (short, numbers)
    return Summary(short, numbers, "extractive", "", *longer)


async def _mapped(piece: Sources, generator: Generator, llm: Llm) -> _Part:
    text = "\n".join(segment.text for _, segment in piece)
    draft = await _complete(summary_prompt(text), llm.summary_tokens, generator, llm)
    return await asyncio.to_thread(_checked, draft, piece, SENTENCES)


async def _reduced(parts: Sequence[_Part], size: int, generator: Generator, llm: Llm) -> str:
    """One draft of what the maps kept; where that is still too much, of a share of each part's sentences."""
    sentences = [one for part in parts for one in part.sentences]
    count = len(sentences)
    while count > 1 and sum(len(sentence) + 1 for _, sentence in _spread(sentences, count)) > size:
        count = count * 3 // 4
    joined = "\n".join(sentence for _, sentence in _spread(sentences, count))
    return await _complete(summary_prompt(joined), llm.summary_tokens, generator, llm)


def _checked(draft: str, sources: Sources, count: int) -> _Part:
    windows = support_windows(sources)
    kept: dict[str, int] = {}
    for sentence in _sentences(draft):
        support = check(sentence, [window.text for window in windows])
        if support.supported:
            kept.setdefault(sentence, windows[support.index].page)
    if kept:
        return _Part(tuple((page, sentence) for sentence, page in kept.items()), True)
    chosen = central_sentences(sources, min(count, SENTENCES))
    return _Part(tuple((number, " ".join(segment.text.split())) for number, segment in chosen), False)


def _spread(sentences: Sequence[tuple[int, str]], count: int) -> list[tuple[int, str]]:
    """At most `count` of them, evenly over all, each once."""
    once = list({sentence: (page, sentence) for page, sentence in sentences}.values())
    if len(once) <= count:
        return once
    return [once[round(at * (len(once) - 1) / max(1, count - 1))] for at in range(count)]


async def _complete(prompt: Prompt, tokens: int, generator: Generator, llm: Llm) -> str:
    pieces = [
        token.text async for token in generator.stream(prompt.messages, max_tokens=tokens, temperature=llm.temperature)
    ]
    return "".join(pieces).strip()


def _parts(sources: Sources, size: int, most: int) -> list[Sources]:
    """Runs of sentences of about `size` characters; of more than `most`, as many spread evenly over the text."""
    parts: list[Sources] = [[]]
    filled = 0
    for one in sources:
        if filled and filled + len(one[1].text) > size:
            parts.append([])
            filled = 0
        parts[-1].append(one)
        filled += len(one[1].text) + 1
    if len(parts) <= most:
        return parts
    return [parts[round(at * (len(parts) - 1) / max(1, most - 1))] for at in range(most)]


def _sentences(draft: str) -> list[str]:
    """Finished sentences of a draft that say something."""
    found = []
    for segment in segments(_MARKUP.sub(" ", draft)):
        sentence = " ".join(segment.text.split())
        if sentence[-1:] in (".", "!", "?") and len(content_words(sentence)) >= MINIMUM_WORDS:
            found.append(sentence)
    return found


def _supported(draft: str, sources: Sequence[tuple[int, Segment]]) -> tuple[list[str], set[int]]:
    """The draft's sentences that the text supports, and the pages that do. An unfinished last sentence is dropped."""
    kept: list[str] = []
    rest_on: set[int] = set()
    windows = support_windows(sources)
    for sentence in _sentences(draft):
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
