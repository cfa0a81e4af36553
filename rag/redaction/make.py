"""Redacted text and PDF of a stored document; the PDF's pictures are read again, and what is found there goes too."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from rag.errors import NotReady, ParserLimit
from rag.model import Box, Document, Page, PageTask, Stage, StageStatus
from rag.read.sniff import PDF
from rag.redaction.plan import Removal, pattern, plan, redacted_text, removed_terms
from rag.redaction.rules import Countries
from rag.runtime.concurrency import bounded
from rag.services import Services

ROUNDS = 3
"""Times that the result is read again at most: after the first, only what reading differently brings up is left."""
PAGES_AT_ONCE = 16


async def removals(document: Document, kinds: Sequence[str], services: Services) -> tuple[list[Page], list[Removal]]:
    """The document's pages and what is to be removed of them. Raises NotReady while they are read or named."""
    for stage in (Stage.READ, Stage.ENTITIES):
        record = document.stages.get(stage)
        if record is None or record.status is not StageStatus.DONE:
            raise NotReady(f"The stage '{stage.value}' of the document is not done: names would be left in.")
    store = services.state.documents
    pages, entities = await store.pages(document.id), await store.entities(document.id)
    countries = Countries.of(services.settings.redaction)
    return pages, await asyncio.to_thread(plan, pages, entities, kinds, countries)


async def text_without(document: Document, kinds: Sequence[str], services: Services) -> str:
    """[KIND] in the place of each removal; a form feed between pages."""
    pages, found = await removals(document, kinds, services)
    return "\f".join(redacted_text(page, found) for page in pages)


async def pdf_without(document: Document, kinds: Sequence[str], services: Services) -> bytes:
    """Raises ParserLimit over `redaction.pages`, and what reading the original raises."""
    own = services.settings.redaction
    pages, found = await removals(document, kinds, services)
    if len(pages) > own.pages:
        raise ParserLimit(f"The document has {len(pages)} pages, more than {own.pages}.", "Raise `redaction.pages`.")
    boxes: dict[int, list[Box]] = {page.number: [] for page in pages}
    by_number = {page.number: page for page in pages}
    for one in found:
        boxes[one.page] += [word.box for word in by_number[one.page].words.within(one.start, one.end)]
    terms = removed_terms({(one.text, one.kind) for one in found}, "\n".join(page.text for page in pages))
    for _ in range(ROUNDS):
        data = await services.reader.redact(
            document.readable, media_type=document.media_type, pages=pages, removed=boxes, dpi=own.dpi
        )
        if not own.verify or not terms:
            return data
        left = await _left(data, pages, terms, kinds, document.language, services)
        if not left:
            return data
        for number, more in left.items():
            boxes[number] += more
    return await services.reader.redact(
        document.readable, media_type=document.media_type, pages=pages, removed=boxes, dpi=own.dpi
    )


async def _left(
    data: bytes,
    pages: Sequence[Page],
    terms: Sequence[str],
    kinds: Sequence[str],
    language: str | None,
    services: Services,
) -> dict[int, list[Box]]:
    """Boxes, in the original page's unit, of removed words that text recognition still reads in the pictures."""
    search, countries = pattern(terms), Countries.of(services.settings.redaction)
    key = f"redacted/{uuid4().hex}"
    await services.state.blobs.put(key, data)
    try:
        language = language or services.settings.reading.languages
        tasks = [PageTask(key, PDF, at, page.width, page.height, language) for at, page in enumerate(pages, 1)]
        read = await bounded((services.ocr.recognize(task) for task in tasks), at_once=PAGES_AT_ONCE)
    finally:
        await services.state.blobs.delete(key)
    left: dict[int, list[Box]] = {}
    for original, seen in zip(pages, read, strict=True):
        spans = [one[:2] for one in ((r.start, r.end) for r in plan([seen], (), kinds, countries))]
        if search is not None:
            spans += [match.span() for match in search.finditer(seen.text)]
        across, down = original.width / max(1e-6, seen.width), original.height / max(1e-6, seen.height)
        for start, end in spans:
            for word in seen.words.within(start, end):
                x0, y0, x1, y1 = word.box
                left.setdefault(original.number, []).append((x0 * across, y0 * down, x1 * across, y1 * down))
    return left
