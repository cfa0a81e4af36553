"""Whom and what a document names: from its entities, each once, with the place of its first mention."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.segments import around
from rag.model import Document, Entity, Page

_BETWEEN = re.compile(r"\b(?:between|by and between|made between|parties)\b", re.I)
_ROLE = re.compile(
    r"\s*(?:,[^(\n]{0,80})?\(\s*(?:hereinafter\s+|referred to as\s+|called\s+)*[\"“']?(?:the\s+)?[\"“']?[A-Z][\w ]{2,30}[\"”']?\s*\)"
)
_DATED = re.compile(r"\d{4}-\d{2}(?:-\d{2})?$")
REACH = 300
"""Characters after 'between' in which the parties of a contract stand."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line: what is listed, how often it occurs, and where first."""

    text: str
    count: int
    document: Document
    page: int
    start: int
    end: int


def named(
    entities: Sequence[Entity], pages: Sequence[Page], types: tuple[str, ...], document: Document
) -> list[Listed]:
    """Full dates by time, amounts by size, the rest by frequency; spellings of one thing together."""
    groups: dict[str, list[Entity]] = {}
    for entity in entities:
        if entity.type in types:
            groups.setdefault(entity.norm or entity.text.casefold(), []).append(entity)
    dated = {norm for norm, mentions in groups.items() if mentions[0].type == "DATE" and _DATED.match(norm)}
    if dated:
        # 'five years', 'the third working day': durations and times, not what is meant by dates.
        groups = {norm: m for norm, m in groups.items() if m[0].type != "DATE" or norm in dated}
    ranked = sorted(groups.items(), key=lambda item: _rank(*item))
    return [Listed(" ".join(m[0].text.split()), len(m), document, m[0].page, m[0].start, m[0].end) for _, m in ranked]


def parties(
    entities: Sequence[Entity], pages: Sequence[Page], types: tuple[str, ...], document: Document
) -> list[Listed]:
    """Those named where the document says between whom it is, or with a role like '(the Tenant)'; else everyone named."""
    texts = {page.number: page.text for page in pages}
    asked = [entity for entity in entities if entity.type in types]
    opening = _opening(texts.get(1, ""))
    for group in (
        [entity for entity in asked if _ROLE.match(texts.get(entity.page, ""), entity.end)],
        *([e for e in asked if e.page == 1 and start <= e.start < end] for start, end in opening),
    ):
        chosen = {entity.norm or entity.text.casefold() for entity in group}
        if len(chosen) > 1:
            wanted = [entity for entity in asked if (entity.norm or entity.text.casefold()) in chosen]
            return named(wanted, pages, types, document)
    return named(asked, pages, types, document)


def _opening(text: str) -> list[tuple[int, int]]:
    """Where the first page says between whom it is: the rest of that sentence, else some lines."""
    first = _BETWEEN.search(text)
    if first is None:
        return []
    return [(first.end(), around(text, *first.span())[1]), (first.end(), first.end() + REACH)]


def _rank(norm: str, mentions: list[Entity]) -> tuple[int, float, str, int, int]:
    first = mentions[0]
    if first.type == "DATE":
        return (0, 0.0, norm if _DATED.match(norm) else "", first.page, first.start)
    if first.type == "MONEY":
        exact = re.fullmatch(r"[A-Z]{3} (\d+\.\d\d)", norm)
        return (0 if exact else 1, -float(exact[1]) if exact else 0.0, "", first.page, first.start)
    return (0, -float(len(mentions)), "", first.page, first.start)
