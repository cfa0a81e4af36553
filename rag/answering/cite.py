"""Citations: a span of a page with its words' boxes, numbered in the order of first use."""

from __future__ import annotations

from rag.analysis.legible import MIN_CONFIDENCE, poorly_read
from rag.answering.evidence import Evidence
from rag.model import Citation, Page, Passage
from rag.store.documents import DocumentStore

QUOTED = "The documents say"
"""Begins an answer that quotes a page instead of telling it."""
ALSO = "See also"
"""Begins each further quotation."""


class SpanCitations:
    """Collects the citations of one answer; the same span is cited under the same number."""

    def __init__(self, documents: DocumentStore, *, min_confidence: float = MIN_CONFIDENCE) -> None:
        self._documents = documents
        self._min_confidence = min_confidence
        self._by_span: dict[tuple[str, int, int, int], Citation] = {}
        self._pages: dict[tuple[str, int], Page] = {}

    @property
    def all(self) -> tuple[Citation, ...]:
        return tuple(self._by_span.values())

    async def page(self, document_id: str, number: int) -> Page:
        """Each page is fetched once. Raises DocumentNotFound, PageNotFound."""
        key = document_id, number
        if key not in self._pages:
            self._pages[key] = await self._documents.page(*key)
        return self._pages[key]

    async def cite_span(
        self, document_id: str, filename: str, number: int, start: int, end: int, *, chunk_id: int | None = None
    ) -> Citation:
        """The quote is cut from the stored page, so that slicing the page gives the quoted words."""
        span = (document_id, number, start, end)
        if span not in self._by_span:
            page = await self.page(document_id, number)
            self._by_span[span] = Citation(
                marker=len(self._by_span) + 1,
                document_id=document_id,
                filename=filename,
                page=number,
                start=start,
                end=end,
                quote=page.text[start:end],
                boxes=tuple(page.words.boxes(start, end)),
                confidence=page.confidence,
                chunk_id=chunk_id,
                poorly_read=poorly_read(page.source, page.confidence, len(page.text), self._min_confidence),
            )
        return self._by_span[span]


class Citations(SpanCitations):
    """Of evidence from passages."""

    def __init__(
        self, passages: tuple[Passage, ...], documents: DocumentStore, *, min_confidence: float = MIN_CONFIDENCE
    ) -> None:
        super().__init__(documents, min_confidence=min_confidence)
        self._passages = passages

    async def cite(self, evidence: Evidence) -> Citation:
        passage = self._passages[evidence.passage]
        chunk, segment = passage.chunk, evidence.segment
        return await self.cite_span(
            chunk.document_id, passage.filename, chunk.page, segment.start, segment.end, chunk_id=chunk.id
        )
