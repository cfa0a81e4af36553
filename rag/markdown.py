"""Pages as Markdown: what the layout says of headings and lists is written as such. Tables are Markdown already."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from statistics import median

from rag.chunk import heading_of
from rag.model import Page, Source
from rag.read.sniff import IMAGES, PDF

LARGER = 1.2
"""Size of a line over the body's from which it is a heading; with OCR, whose boxes are rough, `ROUGH` more."""
ROUGH = 0.2
LEVELS = (1.75, 1.4)
"""From these heights on it is a heading of the first and second level; below, of the third."""
MOST_WORDS = 14
SHORT = 0.6
"""A line shorter than this share of the page's longest may be a title; a longer one is text."""
PROSE = 50
"""Letters of the longest line from which a page is one of paragraphs."""
MOST_TITLE_WORDS = 7
_BULLET = re.compile(r"^\s*[•●○▪■◦‣⁃∙·*–—➢✓-]\s+(?=\S)")
_SIGN = re.compile(r"^\s*([#>+])(?=\s)")


def document_markdown(pages: Sequence[Page], media_type: str) -> str:
    """All pages, a blank line between them, and a line end. Files that came with their structure keep it."""
    laid_out = media_type == PDF or media_type in IMAGES
    texts = [page_markdown(page) if laid_out else page.text.strip() for page in pages]
    return "\n\n".join(text for text in texts if text) + "\n"


def page_markdown(page: Page) -> str:
    """A PDF page or scan: larger lines become headings, bullets a list, short numbered or capital lines headings."""
    lines = _lines(page.text)
    heights = _heights(page, lines)
    body = _body(heights, lines)
    longest = max((end - start for start, end in lines), default=0)
    larger = LARGER + (ROUGH if page.source is Source.OCR else 0.0)
    written: list[str] = []
    for index, (start, end) in enumerate(lines):
        line = page.text[start:end].rstrip()
        if line.lstrip().startswith("|"):
            written.append(line)
            continue
        if bullet := _BULLET.match(line):
            written.append(f"- {line[bullet.end() :]}")
            continue
        level = _level(line, heights[index] / body if body else 0.0, larger)
        if level == 3 and index and page.text[slice(*lines[index - 1])].strip():
            level = 0  # a little larger inside a paragraph: high letters, no heading
        if not level and _is_title(page.text, lines, index, longest):
            level = 3
        line = _SIGN.sub(r"\\\1", line)
        written.append(f"{'#' * level} {line.strip()}\n" if level else line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(written)).strip()


def _level(line: str, ratio: float, larger: float) -> int:
    """1 to 3 for a line that stands out by its size, 0 for others."""
    words = line.split()
    if ratio < larger or not 0 < len(words) <= MOST_WORDS or not any(map(str.isalpha, line)) or len(line.strip()) < 3:
        return 0
    return next((level for level, least in enumerate(LEVELS, 1) if ratio >= least), 3)


def _is_title(text: str, lines: list[tuple[int, int]], index: int, longest: int) -> bool:
    """A short line of its own before a blank or a full one: numbered, in capitals, or a few words over a paragraph."""

    def line(at: int) -> str:
        return text[slice(*lines[at])].strip() if 0 <= at < len(lines) else ""

    own, following = line(index), line(index + 1)
    full = len(following) > SHORT * longest or bool(_BULLET.match(following))
    if line(index - 1) or not own or len(own) > SHORT * longest or (following and not full):
        return False
    if heading_of(own, following or "."):
        return True
    plain = own[0].isupper() and own[-1].isalpha() and not any(map(str.isdigit, own))
    return full and plain and longest >= PROSE and len(own.split()) <= MOST_TITLE_WORDS


def _lines(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def _heights(page: Page, lines: list[tuple[int, int]]) -> list[float]:
    """Of each line the size of its letters: the median of what its words' boxes say; 0.0 without words."""
    sizes: list[list[float]] = [[] for _ in lines]
    starts = [start for start, _ in lines]
    for word in page.words:
        text = page.text[word.start : word.end]
        if any(map(str.isalnum, text)):
            sizes[bisect_right(starts, word.start) - 1].append((word.box[3] - word.box[1]) / _share_of_size(text))
    return [median(found) if found else 0.0 for found in sizes]


def _share_of_size(word: str) -> float:
    """How high a word's ink is, in parts of its font's size: 'on' is lower than 'By', and 'pot' than 'pots,'."""
    above = any(c.isupper() or c.isdigit() or c in "bdfhiklt(|[" for c in word)
    below = any(c in "gjpqy,;Q()[|" for c in word)
    return (0.72 if above else 0.52) + (0.21 if below else 0.0)


def _body(heights: list[float], lines: list[tuple[int, int]]) -> float:
    """Height of the line in which the median letter stands."""
    sized = sorted((high, end - start) for high, (start, end) in zip(heights, lines, strict=True) if high > 0)
    total, seen = sum(count for _, count in sized), 0
    for high, count in sized:
        seen += count
        if 2 * seen >= total:
            return high
    return 0.0
