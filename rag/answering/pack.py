"""What a model reads of the passages: the best sentences with their neighbours, as many as its prompt is to hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.evidence import Evidence
from rag.answering.prompts import CHARS_PER_TOKEN, FRAME
from rag.answering.segments import Segment, segments
from rag.model import Chunk, Passage

NEIGHBOURS = 1
"""Sentences before and after one that answers: what "it" and "the same" there point at."""
CUT = "…"
"""Stands where something of a passage was left out."""


def pack(passages: Sequence[Passage], evidence: Sequence[Evidence], *, count: int, budget: int) -> list[Passage]:
    """At most `count` passages, that of the best sentence first, cut to about `budget` tokens (4 characters each), their frames among them.

    Sentences are taken as `evidence` ranks them, with their neighbours; what is left of the budget is filled up from the first passage on,
    so that a large one holds passages whole. Their places stay those of the whole passage. The best sentence always goes in.
    """
    order = list(dict.fromkeys([*(item.passage for item in evidence), *range(len(passages))]))[:count]
    lines = {index: segments(passages[index].chunk.text, passages[index].chunk.start) for index in order}
    wanted = [(item.passage, line) for item in evidence if item.passage in lines for line in _near(item, lines)]
    wanted += [(index, line) for index in order for line in range(len(lines[index]))]
    taken: dict[int, set[int]] = {index: set() for index in order}
    left = budget * CHARS_PER_TOKEN
    for number, (index, line) in enumerate(wanted):
        length = len(lines[index][line].text) + (0 if taken[index] else FRAME)
        if line not in taken[index] and (length <= left or number == 0):
            taken[index].add(line)
            left -= length
    return [_cut(passages[index], lines[index], taken[index]) for index in order if taken[index]]


def _near(item: Evidence, lines: dict[int, list[Segment]]) -> list[int]:
    """Of its passage's lines: those that it stands in, then their neighbours."""
    own = lines[item.passage]
    start, end = item.segment.start, item.segment.end
    hit = [number for number, line in enumerate(own) if line.start < end and start < line.end]
    near = range(max(0, hit[0] - NEIGHBOURS), min(len(own), hit[-1] + NEIGHBOURS + 1))
    return sorted(near, key=lambda number: number not in hit)


def _cut(passage: Passage, lines: Sequence[Segment], taken: set[int]) -> Passage:
    chunk = passage.chunk
    runs: list[list[int]] = []
    for number in sorted(taken):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    text = f" {CUT} ".join(_said(chunk, lines[run[0]], lines[run[-1]]) for run in runs)
    return replace(passage, chunk=replace(chunk, text=f"{CUT} {text}" if runs[0][0] else text))


def _said(chunk: Chunk, first: Segment, last: Segment) -> str:
    return chunk.text[first.start - chunk.start : last.end - chunk.start]
