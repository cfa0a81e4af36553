"""Pages to chunks that keep their page and character offsets: page.text[chunk.start:chunk.end] == chunk.text.

Own code instead of a chunking library: chunks must respect headings, skip running headers and footers and never cross a
page, all in offsets of the original text; with that decided, what is left is packing sentences.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rag.model import Chunk, Page

LINE = re.compile(r"[^\n]+")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n")
MARKDOWN = re.compile(r"\s*#{1,6}\s+(\S.*)")
NUMBERED = re.compile(
    r"\s*(?:(?:article|section|chapter|part|appendix|annex|schedule)\s+)?(?:\d+(?:\.\d+)*\.?|[IVX]+\.|[A-Z]\.)\s+([A-Z].*)",
    re.I,
)
PAGE_WORD = re.compile(r"\b(?:page|pages|pg|p|seite|sheet|slide|folio)\b")
DIGITS = re.compile(r"\d+")
YEAR = re.compile(r"(?:19|20)\d\d")
NAMELESS = frozenset(
    [
        "scan",
        "scanned",
        "img",
        "image",
        "photo",
        "picture",
        "page",
        "passage",
        "part",
        "file",
        "doc",
        "document",
        "untitled",
        "copy",
        "new",
    ]
)
"""Words of file names that devices and programs give."""
MIN_CHARS = 3
"""A page with fewer letters and digits gives no chunk."""
EDGE_LINES = 2
"""Only this many lines at the top and bottom of a page can be running headers or footers."""


class Piece(NamedTuple):
    start: int
    end: int
    tokens: int
    heading: str
    breaks: bool
    """True at a heading: a chunk ends before it."""


def estimate(text: str) -> int:
    """Word pieces of English text, roughly: one for four characters, and no fewer than the words."""
    return max(len(text) // 4, text.count(" ") + 1) if text else 0


def chunk_pages(
    document_id: str, pages: Sequence[Page], *, tokens: int = 160, count: Callable[[str], int] = estimate
) -> list[Chunk]:
    """Chunks of at most about `tokens` tokens (as `count` counts), in reading order; ids are given by the store."""
    chunks = _chunks(document_id, pages, _running_lines(pages), tokens, count)
    # Where everything repeats, the repeated lines are the text.
    return chunks or _chunks(document_id, pages, frozenset(), tokens, count)


def _chunks(
    document_id: str, pages: Sequence[Page], running: frozenset[str], tokens: int, count: Callable[[str], int]
) -> list[Chunk]:
    chunks: list[Chunk] = []
    heading = ""
    for page in pages:
        text = page.text
        if sum(map(str.isalnum, text[:400])) < MIN_CHARS and sum(map(str.isalnum, text)) < MIN_CHARS:
            continue
        pieces, heading = _pieces(text, running, heading, tokens, count)
        for start, end, title in _pack(pieces, tokens):
            start, end = _strip(text, start, end)
            if start < end:
                boxes = tuple(page.words.boxes(start, end))
                chunks.append(
                    Chunk(document_id, page.number, start, end, text[start:end], None, title, boxes, page.confidence)
                )
    return chunks


def in_context(filename: str, chunk: Chunk) -> str:
    """What is embedded: a clause says 'the rent', its document's name and heading say whose."""
    return f"{title_of(filename)}\n{chunk.heading}\n{chunk.text}".lstrip("\n")


def title_of(filename: str) -> str:
    """What a file name tells of its document: not its ending, its number, nor that it is a scan ('IMG_0042.jpg' tells nothing)."""
    stem = filename.rpartition(".")[0] or filename
    words = re.sub(r"[-_.,()\[\]]+", " ", stem).split()
    return " ".join(
        word for word in words if word.casefold() not in NAMELESS and (YEAR.fullmatch(word) or not word.isdigit())
    )


def heading_of(line: str, following: str) -> str:
    """The heading that a line is, or ''. A Markdown heading, a short numbered title, or a short line in capitals."""
    stripped = line.strip()
    if match := MARKDOWN.match(line):
        return match.group(1).strip().rstrip("#").strip()
    if not 3 <= len(stripped) <= 80 or stripped[-1] in ".,;:!?|-" or not any(map(str.isalpha, stripped)):
        return ""
    words = stripped.split()
    if len(words) > 10 or not following.strip():
        return ""
    letters = sum(map(str.isalpha, stripped))
    if letters < 0.6 * len(stripped.replace(" ", "")):
        return ""
    if NUMBERED.match(line) and len(words) >= 2:
        return stripped
    if stripped.isupper() and letters >= 4:
        return stripped
    return ""


def _running_lines(pages: Sequence[Page]) -> frozenset[str]:
    """Normalised lines that stand at the edge of most pages of a document of at least three."""
    if len(pages) < 3:
        return frozenset()
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update({_normal(text[a:b]) for text in (page.text,) for a, b in _edges(page.text)})
    need = max(3, (len(pages) * 6 + 9) // 10)
    return frozenset(line for line, pages_with in seen.items() if pages_with >= need and line)


def _edges(text: str) -> list[tuple[int, int]]:
    spans = [match.span() for match in LINE.finditer(text) if match.group().strip()]
    if len(spans) <= 2 * EDGE_LINES:
        return spans
    return spans[:EDGE_LINES] + spans[-EDGE_LINES:]


def _normal(line: str) -> str:
    """Page numbers differ from page to page: in a line that tells one, digits count as one sign."""
    plain = " ".join(line.split()).casefold()
    numbered = PAGE_WORD.search(plain) or not any(map(str.isalpha, plain))
    return DIGITS.sub("#", plain) if numbered else plain


def _pieces(
    text: str, running: frozenset[str], heading: str, tokens: int, count: Callable[[str], int]
) -> tuple[list[Piece], str]:
    """Sentences and lines of a page with the heading that each stands under; running lines are left out."""
    pieces: list[Piece] = []
    edges = set(_edges(text)) if running else set()
    lines = [match.span() for match in LINE.finditer(text)]
    for index, (a, b) in enumerate(lines):
        line = text[a:b]
        if not line.strip() or ((a, b) in edges and _normal(line) in running):
            continue
        following = text[slice(*lines[index + 1])] if index + 1 < len(lines) else ""
        title = heading_of(line, following)
        if title:
            heading = title
        starts = [a] + [match.end() for match in SENTENCE_END.finditer(text, a, b)]
        for start, end in zip(starts, [*starts[1:], b], strict=True):
            for s, e in _split(text, start, end, tokens, count):
                pieces.append(Piece(s, e, count(text[s:e]), heading, bool(title) and s == a))
    return pieces, heading


def _split(text: str, start: int, end: int, tokens: int, count: Callable[[str], int]) -> list[tuple[int, int]]:
    """A span that is too long for one chunk, cut at spaces; in the middle of a word only when there is no space."""
    total = count(text[start:end])
    if total <= tokens:
        return [(start, end)]
    size = max(1, (end - start) * tokens // (total + 1))
    spans = []
    while end - start > size:
        cut = text.rfind(" ", start + size // 2, start + size) + 1
        cut = cut or start + size
        spans.append((start, cut))
        start = cut
    spans.append((start, end))
    return spans


def _pack(pieces: list[Piece], tokens: int) -> list[tuple[int, int, str]]:
    """Neighbouring pieces joined up to `tokens`; a heading starts a new chunk unless the last one is still small."""
    groups: list[list[Piece]] = []
    size = 0
    for piece in pieces:
        full = size + piece.tokens > tokens
        if not groups or full or (piece.breaks and size > tokens // 3):
            # A heading must not be the end of a chunk: it goes with what follows.
            carried: list[Piece] = []
            while groups and len(groups[-1]) > 1 and groups[-1][-1].breaks:
                carried.insert(0, groups[-1].pop())
            groups.append(carried)
            size = sum(one.tokens for one in carried)
        groups[-1].append(piece)
        size += piece.tokens
    if len(groups) > 1:
        tail = sum(one.tokens for one in groups[-1])
        before = sum(one.tokens for one in groups[-2])
        if tail < tokens // 6 and before + tail <= tokens * 5 // 4:
            groups[-2].extend(groups.pop())
    return [(group[0].start, group[-1].end, group[0].heading) for group in groups]


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
