"""From query to counted answer: tally in SQL, then the span of a page that shows why each row of it was counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rag.answering.cite import SpanCitations
from rag.answering.segments import around, segments
from rag.corpus.query import CorpusQuery, Counted, Match, Row
from rag.corpus.wording import understood
from rag.store.counting import Place, title_pattern
from rag.store.documents import DocumentStore

ROWS = 10
"""Rows that an answer shows; POST /v1/query pages through the rest."""
MAX_ROWS = 200


async def count(query: CorpusQuery, documents: DocumentStore, *, offset: int = 0, limit: int = ROWS) -> Counted:
    """The exact total with `limit` rows from `offset` on, each with its evidence."""
    tally = await documents.tally(query, offset=offset, limit=limit)
    ids = [row.document_id for row in tally.rows]
    said: list[tuple[str, dict[str, Place]]] = []
    if ids:
        said += [("mention", await documents.mention_places(ids, group)) for group in query.mentions]
        said += [("issuer", await documents.issuer_places(ids, group)) for group in query.issuers]
    citing = SpanCitations(documents)
    rows = []
    for row in tally.rows:
        places = [(what, found[row.document_id]) for what, found in said if row.document_id in found]
        places += list(_measured(row))
        if not places:
            places = [await _beginning(query, row, citing)]
        rows.append(replace(row, matches=tuple([await _match(row, what, place, citing) for what, place in places])))
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
        citations=citing.all,
    )


async def _match(row: Row, what: str, place: Place, citing: SpanCitations) -> Match:
    page = await citing.page(place.document_id, place.page)
    start, end = around(page.text, place.start, place.end)
    citation = await citing.cite_span(row.document_id, row.filename, place.page, start, end)
    return Match(what, place.page, place.start, place.end, page.text[place.start : place.end], citation.marker)


def _measured(row: Row) -> Iterator[tuple[str, Place]]:
    for what, found in (("amount", row.amount), ("date", row.date)):
        if found and found.page is not None and found.start is not None and found.end is not None:
            yield what, Place(row.document_id, found.page, found.start, found.end)


async def _beginning(query: CorpusQuery, row: Row, citing: SpanCitations) -> tuple[str, Place]:
    """Where the document says what it is, or else its first words."""
    page = await citing.page(row.document_id, 1)
    titles = [kind.title for kind in query.kinds if kind.title]
    for title in titles:
        if match := re.search(title_pattern(title), page.text, re.I):
            start = match.end() - len(match[0].lstrip("\n #*"))
            return "title", Place(row.document_id, 1, start, match.end())
    first = next(iter(segments(page.text)), None)
    return "beginning", Place(row.document_id, 1, first.start if first else 0, first.end if first else 0)
