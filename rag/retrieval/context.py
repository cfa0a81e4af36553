"""Passages as a reader wants them: what says the same is given once, neighbours read on. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.answering.ground import names, numbers
from rag.model import Passage, Place

ALIKE = 0.8
"""Share of three-word runs that two passages have in common from which on they say the same..."""
GAP_CHARS = 40
"""Neighbours on one page lie at most this far apart: white space, or a line that was left out."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring passages of one document, in its order."""

    passages: tuple[Passage, ...]

    @property
    def text(self) -> str:
        return "\n".join(passage.chunk.text for passage in self.passages)

    @property
    def source(self) -> str:
        pages = sorted({passage.chunk.page for passage in self.passages})
        told = f"page {pages[0]}" if len(pages) == 1 else f"pages {pages[0]} to {pages[-1]}"
        return f"{self.passages[0].filename}, {told}"


def distinct(passages: Sequence[Passage]) -> list[Passage]:
    """Without those that say what a better placed one says; that one names their places in `also_in`.

    ...and only if every number and name in them is the same: two invoices of one form are not duplicates.
    """
    kept: list[tuple[Passage, frozenset[int]]] = []
    for passage in passages:
        runs = _runs(passage.chunk.text)
        for index, (other, its_runs) in enumerate(kept):
            if _alike(runs, its_runs) and _same_facts(passage, other) and not _neighbours(other, passage):
                place = Place(passage.chunk.document_id, passage.filename, passage.chunk.page)
                also = tuple(dict.fromkeys([*other.also_in, place, *passage.also_in]))
                kept[index] = (replace(other, also_in=also), its_runs)
                break
        else:
            kept.append((passage, runs))
    return [passage for passage, _ in kept]


def blocks(passages: Sequence[Passage]) -> list[Block]:
    """Neighbours together, in the order of each block's best placed passage."""
    groups: list[list[Passage]] = []
    for passage in passages:
        near = [group for group in groups if any(_neighbours(one, passage) for one in group)]
        if not near:
            groups.append([passage])
            continue
        first, *others = near
        first.append(passage)
        for other in others:  # it closed a gap between them
            first.extend(other)
            groups.remove(other)
    return [Block(tuple(sorted(group, key=lambda one: (one.chunk.page, one.chunk.start)))) for group in groups]


def _neighbours(one: Passage, other: Passage) -> bool:
    a, b = sorted((one.chunk, other.chunk), key=lambda chunk: (chunk.page, chunk.start))
    if a.document_id != b.document_id:
        return False
    if a.page == b.page:
        return b.start - a.end <= GAP_CHARS
    return a.id is not None and b.id == a.id + 1 and b.page == a.page + 1


def _runs(text: str) -> frozenset[int]:
    """Hashes of its three-word runs: each passage is compared with all others, and a tuple would be hashed anew each time."""
    words = _WORD.findall(text.casefold())
    runs = zip(words, words[1:], words[2:], strict=False) if len(words) > 2 else [tuple(words)]
    return frozenset(map(hash, runs))


def _same_facts(one: Passage, other: Passage) -> bool:
    """Asked last: names take longer to find than all the rest, and few pairs of passages are alike."""
    return _facts(one.chunk.text) == _facts(other.chunk.text)


def _facts(text: str) -> frozenset[str]:
    return frozenset(numbers(text)) | frozenset(name.casefold() for name in names(text))


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    if one.isdisjoint(other):
        return False
    shared = len(one & other)
    return shared >= ALIKE * (len(one) + len(other) - shared)
