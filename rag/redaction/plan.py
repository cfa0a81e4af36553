"""What is taken out of a document: spans by page, from entities and rules, and every other place where the same words stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.errors import InvalidInput
from rag.model import Entity, Page
from rag.redaction import rules
from rag.redaction.rules import USUAL, Countries, Found, Pii

PERSONAL = tuple(kind.value for kind in Pii)
ENTITY_KINDS = ("ORG", "GPE", "LOC", "FAC", "NORP", "DATE", "TIME", "MONEY", "REFERENCE", "LAW", "PRODUCT", "EVENT")
"""Kinds of the entity model that can be asked for beside the personal ones."""
LEAST_NAME = 3
"""Letters of a part of a name that is taken out where it stands alone."""


@dataclass(frozen=True, slots=True)
class Removal:
    page: int
    start: int
    end: int
    kind: str
    text: str


def chosen_kinds(names: Iterable[str], default: Sequence[str]) -> tuple[str, ...]:
    """Names, also several in one joined by commas; the default when there are none. Raises InvalidInput."""
    wanted = tuple(dict.fromkeys(part.strip().upper() for name in names for part in name.split(",") if part.strip()))
    unknown = [name for name in wanted if name not in PERSONAL and name not in ENTITY_KINDS]
    if unknown:
        raise InvalidInput(
            f"There is no kind '{unknown[0][:40]}'.", f"Choose of: {', '.join([*PERSONAL, *ENTITY_KINDS])}."
        )
    return wanted or tuple(default)


def plan(
    pages: Sequence[Page], entities: Sequence[Entity], kinds: Sequence[str], countries: Countries = USUAL
) -> list[Removal]:
    """Removals in the order of the text, none over another."""
    found: dict[int, list[Found]] = {page.number: rules.find(page.text, kinds, countries) for page in pages}
    for entity in entities:
        if entity.type in kinds and entity.page in found:
            found[entity.page].append(Found(entity.start, entity.end, entity.type))
    by_number = {page.number: page for page in pages}
    terms = Counter[tuple[str, str]]()
    for number, spans in found.items():
        for one in spans:
            terms[by_number[number].text[one.start : one.end], one.kind] += 1
    whole = "\n".join(page.text for page in pages)
    search = pattern(removed_terms(terms, whole))
    removals: list[Removal] = []
    for page in pages:
        spans = [*found[page.number]]
        if search is not None:
            kind_of = {_key(text): kind for (text, kind) in terms}
            spans += [
                Found(match.start(), match.end(), kind_of.get(_key(match.group()), Pii.PERSON.value))
                for match in search.finditer(page.text)
            ]
        removals += [Removal(page.number, *one, page.text[one[0] : one[1]]) for one in _joined(spans)]
    return removals


def removed_terms(found: Iterable[tuple[str, str]], whole: str) -> list[str]:
    """The texts themselves, and of persons each part of the name that is no common word of the document."""
    terms: set[str] = set()
    # Written small in running text; in an address ('anna.keller@') they are names still.
    plain_words = set(re.findall(r"(?<![\w.@/-])[^\W\d_A-ZÄÖÜ][\w'’]*+(?![@/-]|\.\w)", whole))
    for text, kind in found:
        joined = " ".join(text.split())
        if len(joined) >= 2:
            terms.add(joined)
        if kind == Pii.PERSON:
            parts = re.findall(r"[^\W\d_][\w'’-]*", joined)
            terms.update(
                part
                for part in parts
                if len(part) >= LEAST_NAME and part[0].isupper() and part.casefold() not in plain_words
            )
    return sorted(terms, key=lambda term: (-len(term), term))


def pattern(terms: Sequence[str]) -> re.Pattern[str] | None:
    """Finds the terms as whole words, whatever white space is between theirs; None without terms."""
    if not terms:
        return None
    inner = "|".join(r"\s+".join(re.escape(word) for word in term.split()) for term in terms)
    return re.compile(rf"(?<![^\W_])(?:{inner})(?![^\W_])", re.IGNORECASE)


def _key(text: str) -> str:
    return " ".join(text.casefold().split())


def _joined(spans: Iterable[Found]) -> list[tuple[int, int, str]]:
    """Without overlaps: what overlaps becomes one, of the first's kind."""
    joined: list[tuple[int, int, str]] = []
    for one in sorted(spans, key=lambda span: (span.start, -span.end)):
        if joined and one.start < joined[-1][1]:
            start, end, kind = joined[-1]
            joined[-1] = start, max(end, one.end), kind
        else:
            joined.append((one.start, one.end, one.kind))
    return joined


def redacted_text(page: Page, removals: Iterable[Removal]) -> str:
    """The page's text with [KIND] in the place of each removal."""
    text = page.text
    for one in sorted(removals, key=lambda removal: -removal.start):
        if one.page == page.number:
            text = f"{text[: one.start]}[{one.kind}]{text[one.end :]}"
    return text
