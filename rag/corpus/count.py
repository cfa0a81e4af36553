"""From query to counted answer: tally in SQL, then the span of a page that shows why each row of it was counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rag.corpus.query import CorpusQuery, Counted, Match, Row
from rag.corpus.wording import understood
from rag.model import Citation, Page
from rag.segments import segments
from rag.store.counting import Place, title_pattern
from rag.store.documents import DocumentStore

ROWS = 10
"""Rows that an answer shows; POST /v1/query pages through the rest."""
MAX_ROWS = 200
QUOTE_CHARS = 320


@dataclass(slots=True)
class _Citing:
    """Collects citations in the order of the rows; the same span is cited once."""

    documents: DocumentStore
    found: dict[tuple[str, int, int, int], Citation] = field(default_factory=dict)
    pages: dict[tuple[str, int], Page] = field(default_factory=dict)

    async def page(self, document_id: str, number: int) -> Page:
        key = document_id, number
        if key not in self.pages:
            self.pages[key] = await self.documents.page(*key)
        return self.pages[key]

    async def match(self, row: Row, what: str, place: Place) -> Match:
        page = await self.page(place.document_id, place.page)
        start, end = _around(page.text, place.start, place.end)
        key = row.document_id, place.page, start, end
        if key not in self.found:
            self.found[key] = Citation(
                marker=len(self.found) + 1,
                document_id=row.document_id,
                filename=row.filename,
                page=place.page,
                start=start,
                end=end,
                quote=page.text[start:end],
                boxes=tuple(page.words.boxes(start, end)),
                confidence=page.confidence,
            )
        text = page.text[place.start : place.end]
        return Match(what, place.page, place.start, place.end, text, self.found[key].marker)


async def count(query: CorpusQuery, documents: DocumentStore, *, offset: int = 0, limit: int = ROWS) -> Counted:
    """The exact total with `limit` rows from `offset` on, each with its evidence."""
    tally = await documents.tally(query, offset=offset, limit=limit)
    ids = [row.document_id for row in tally.rows]
    mentioned = [await documents.mention_places(ids, group) for group in query.mentions] if ids else []
    citing = _Citing(documents)
    rows = []
    for row in tally.rows:
        places = [("mention", group[row.document_id]) for group in mentioned if row.document_id in group]
        places += list(_measured(row))
        if not places:
            places = [await _beginning(query, row, citing)]
        rows.append(replace(row, matches=tuple([await citing.match(row, what, place) for what, place in places])))
    return Counted(
        query=query,
        understood=understood(query),
        total=tally.total,
        rows=tuple(rows),
        offset=offset,
        in_scope=tally.in_scope,
        sums=tally.sums,
        without_amount=tally.without_amount,
        without_date=tally.without_date,
        unread=tally.unread,
        citations=tuple(citing.found.values()),
    )


def _measured(row: Row) -> Iterator[tuple[str, Place]]:
    if row.amount:
        yield "amount", Place(row.document_id, row.amount.page, row.amount.start, row.amount.end)
    if row.date:
        yield "date", Place(row.document_id, row.date.page, row.date.start, row.date.end)


async def _beginning(query: CorpusQuery, row: Row, citing: _Citing) -> tuple[str, Place]:
    """Where the document says what it is, or else its first words."""
    page = await citing.page(row.document_id, 1)
    titles = [kind.title for kind in query.kinds if kind.title]
    for title in titles:
        if match := re.search(title_pattern(title), page.text, re.I):
            start = match.end() - len(match[0].lstrip("\n #*"))
            return "title", Place(row.document_id, 1, start, match.end())
    first = next(iter(segments(page.text)), None)
    return "beginning", Place(row.document_id, 1, first.start if first else 0, first.end if first else 0)


def _around(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence or line that holds the span; only the span where that would be too long to read."""
    window = max(0, start - 2 * QUOTE_CHARS)
    window = text.rfind("\n", 0, window) + 1 if window else 0
    for segment in segments(text[window : end + 2 * QUOTE_CHARS], window):
        if segment.start <= start and end <= segment.end and segment.end - segment.start <= QUOTE_CHARS:
            return segment.start, segment.end
    return start, end
