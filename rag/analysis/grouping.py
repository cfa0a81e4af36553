"""Mentions of one thing get one name within a document. Pure.

Names of firms and places are joined by `normalise` already (Acme Ltd., ACME Limited); here a document's own context decides:
who "Keller" or "Ms Keller" is, and what "NOS" stands for.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from rag.model import Entity

LONGEST_ACRONYM = 6
_SMALL = frozenset({"of", "the", "and", "for", "in", "on", "de", "la", "der", "&"})


def grouped(entities: Sequence[Entity]) -> list[Entity]:
    """The same mentions in the same order; `norm` of those that are one thing is the fullest name among them.

    Careful on purpose: a surname is joined to a person only where exactly one person of the document bears it, an acronym
    to a firm only where exactly one firm's initials spell it.
    """
    joined = _surnames(entities) | _acronyms(entities)
    return [
        replace(entity, norm=joined[entity.type, entity.norm]) if (entity.type, entity.norm) in joined else entity
        for entity in entities
    ]


def _surnames(entities: Sequence[Entity]) -> dict[tuple[str, str], str]:
    """('PERSON', 'keller') -> 'anna keller'; also 'a keller' and 'keller anna'."""
    full = {entity.norm for entity in entities if entity.type == "PERSON" and len(entity.norm.split()) > 1}
    complete = {name for name in full if len(name.split()[0]) > 1}
    by_surname: defaultdict[str, set[str]] = defaultdict(set)
    for name in complete:
        by_surname[name.split()[-1]].add(name)
    found: dict[tuple[str, str], str] = {}
    for name in {entity.norm for entity in entities if entity.type == "PERSON"}:
        words = name.split()
        owners = by_surname.get(words[-1], set()) - {name}
        if len(words) == 1 and len(words[0]) > 2:
            candidates = owners
        elif len(words) > 1 and all(len(word) == 1 for word in words[:-1]):
            candidates = {owner for owner in owners if owner[0] == words[0]}
        else:
            continue
        if len(candidates) == 1:
            found["PERSON", name] = next(iter(candidates))
    return found


def _acronyms(entities: Sequence[Entity]) -> dict[tuple[str, str], str]:
    """('ORG', 'nos') -> 'northgate office supplies'."""
    names = {entity.norm for entity in entities if entity.type == "ORG"}
    by_initials: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        words = [word for word in re.findall(r"\w+", name) if word not in _SMALL]
        if len(words) > 1:
            by_initials["".join(word[0] for word in words)].add(name)
    short = {
        entity.norm
        for entity in entities
        if entity.type == "ORG" and entity.text.isupper() and 2 <= len(entity.norm) <= LONGEST_ACRONYM
    }
    return {("ORG", name): next(iter(by_initials[name])) for name in short if len(by_initials.get(name, ())) == 1}


def canonical(spellings: Sequence[str], kind: str) -> str:
    """What names a group: of a person the fullest spelling, else the most frequent that is no acronym, then the shortest."""
    counts = Counter(" ".join(text.split()) for text in spellings)
    if kind == "PERSON":
        return min(counts, key=lambda text: (-len(text.split()), -counts[text], text.isupper(), text))
    written_out = [text for text in counts if not (text.isupper() and len(text) <= LONGEST_ACRONYM)] or list(counts)
    return min(written_out, key=lambda text: (-counts[text], len(text), text))
