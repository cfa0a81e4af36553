"""Citations: a span of a page with its words' boxes, numbered in the order of first use."""

from __future__ import annotations

from rag.evidence import Evidence
from rag.model import Citation, Passage
from rag.store.documents import DocumentStore


class Citations:
    """Collects the citations of one answer; the same span is cited under the same number."""

    def __init__(self, passages: tuple[Passage, ...], documents: DocumentStore) -> None:
        self._passages = passages
        self._documents = documents
        self._by_span: dict[tuple[str, int, int, int], Citation] = {}

    @property
    def all(self) -> tuple[Citation, ...]:
        return tuple(self._by_span.values())

    async def cite(self, evidence: Evidence) -> Citation:
        """The quote is cut from the stored page, so that slicing the page gives the quoted words."""
        passage = self._passages[evidence.passage]
        chunk, segment = passage.chunk, evidence.segment
        span = (chunk.document_id, chunk.page, segment.start, segment.end)
        if span not in self._by_span:
            page = await self._documents.page(chunk.document_id, chunk.page)
            self._by_span[span] = Citation(
                marker=len(self._by_span) + 1,
                document_id=chunk.document_id,
                filename=passage.filename,
                page=chunk.page,
                start=segment.start,
                end=segment.end,
                quote=page.text[segment.start : segment.end],
                boxes=tuple(page.words.boxes(segment.start, segment.end)),
                confidence=page.confidence,
                chunk_id=chunk.id,
            )
        return self._by_span[span]
