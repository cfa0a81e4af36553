"""Plain text to pages: decoding, cutting, a virtual 612 x 792 sheet with a box for each word, and its picture.

Pages of text files and of office documents share this sheet: fixed-width columns, so boxes are known without fonts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rag.errors import DamagedFile, EmptyFile, ParserLimit
from rag.model import Page, Source, Word, Words

SHEET = (612.0, 792.0)
MARGIN, LINE, COLUMN, SIZE = 40.0, 12.0, 5.4, 9
COLUMNS = int((SHEET[0] - 2 * MARGIN) / COLUMN)
LINES = int((SHEET[1] - 2 * MARGIN) / LINE)
PAGE_CHARS = 3000
_WORD = re.compile(r"\S+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def decode(data: bytes) -> str:
    """Text of bytes in any encoding, line ends as \\n. Raises DamagedFile when no encoding fits."""
    text = None
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = data.decode(encoding, errors="replace")
            break
    if text is None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = _guess(data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    sample = data if len(data) <= 1 << 18 else data[: 1 << 18]
    best = from_bytes(sample).best()
    if best is None:
        raise DamagedFile("The text is in no encoding that is known.", "Save it as UTF-8 and send that.")
    return data.decode(best.encoding, errors="replace")


def pages(text: str, *, max_bytes: int, max_pages: int, language: str | None = None) -> tuple[Page, ...]:
    """The text cut into sheets at paragraph ends; a form feed always ends a page.

    Raises EmptyFile when there is nothing but white space, ParserLimit over `limits.text_bytes` or `limits.pages`.
    """
    if len(text) > max_bytes:
        raise ParserLimit(
            f"The text is longer than {max_bytes} bytes.", "Split the file, or raise `limits.text_bytes`."
        )
    if not text.strip():
        raise EmptyFile("The file holds no text.")
    sheets = [sheet for part in text.split("\f") if part.strip() for sheet in cut(part)]
    if len(sheets) > max_pages:
        raise ParserLimit(
            f"The text fills {len(sheets)} pages, more than {max_pages}.", "Split the file, or raise `limits.pages`."
        )
    return tuple(page(sheet, number, language=language) for number, sheet in enumerate(sheets, 1))


def page(text: str, number: int, *, language: str | None = None) -> Page:
    """One virtual sheet; lines below its lower edge are squeezed so that every word has a box on it."""
    rows = _rows(text)
    line = min(LINE, (SHEET[1] - 2 * MARGIN) / max(1, len(rows)))
    words: list[Word] = []
    for index, (start, end) in enumerate(rows):
        top = MARGIN + index * line
        column, last = 0, start
        for match in _WORD.finditer(text, start, end):
            column += _width(text[last : match.start()])
            wide = _width(match.group())
            x0 = MARGIN + column * COLUMN
            words.append(Word(match.start(), match.end(), (x0, top, x0 + wide * COLUMN, top + line), 1.0))
            column, last = column + wide, match.end()
    return Page(number, *SHEET, text, Source.TEXT_LAYER, Words.pack(words), language=language)


def cut(text: str) -> list[str]:
    """Sheets of at most about PAGE_CHARS characters and LINES lines: at paragraph, then line, then word ends."""
    sheets: list[str] = []
    lines: list[str] = []
    rows = chars = 0
    for line in _short_lines(text.strip("\n").split("\n")):
        high = max(1, -(-_width(line) // COLUMNS))
        if lines and (rows + high > LINES or chars + len(line) > PAGE_CHARS):
            # A paragraph that began in the last third goes over whole.
            blank = max((i for i, one in enumerate(lines) if not one.strip()), default=-1)
            keep = blank if blank > 2 * len(lines) // 3 else len(lines)
            sheets.append("\n".join(lines[:keep]).strip("\n"))
            lines = lines[keep + 1 :] if keep == blank else []
            rows = sum(max(1, -(-_width(one) // COLUMNS)) for one in lines)
            chars = sum(len(one) + 1 for one in lines)
        lines.append(line)
        rows, chars = rows + high, chars + len(line) + 1
    sheets.append("\n".join(lines).strip("\n"))
    return [sheet for sheet in sheets if sheet.strip()]


def _short_lines(lines: Sequence[str]) -> list[str]:
    """A line longer than a sheet becomes several, cut at a space where there is one."""
    short: list[str] = []
    for line in lines:
        while len(line) > PAGE_CHARS:
            at = line.rfind(" ", PAGE_CHARS // 2, PAGE_CHARS)
            at = at + 1 if at > 0 else PAGE_CHARS
            short.append(line[:at])
            line = line[at:]
        short.append(line)
    return short


def _rows(text: str) -> list[tuple[int, int]]:
    """Ranges of the drawn lines: lines of the text, wrapped at COLUMNS."""
    rows: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        at = start
        while _width(text[at:end]) > COLUMNS:
            stop = at + COLUMNS
            space = text.rfind(" ", at + 1, stop)
            stop = space + 1 if space > at else stop
            rows.append((at, stop))
            at = stop
        rows.append((at, end))
        start = end + 1
    return rows


def _width(text: str) -> int:
    """Columns: East Asian wide letters take two, tabs four."""
    if text.isascii():
        return len(text) + 3 * text.count("\t")
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 4 if c == "\t" else 1
        for c in text
    )
