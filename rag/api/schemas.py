"""What crosses HTTP: pydantic models and the translation from the domain's dataclasses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field, SecretStr

from rag.access.principal import shown
from rag.analysis.grouping import canonical
from rag.analysis.legible import DocumentReading, poorly_read
from rag.answer import AskRequest
from rag.api.counted import counted_record
from rag.api.scope import Body, Scope
from rag.intake.instant import InstantAnalysis
from rag.model import Answer, Box, Citation, Document, Entity, Message, Mode, Page, Passage, Summary


class SearchBody(Scope):
    query: str = Field(min_length=1)
    top_k: int = Field(10, ge=1, le=100)
    mode: Mode = Mode.HYBRID


class Turn(Body):
    role: Literal["user", "assistant", "system"]
    content: str


class AskBody(Scope):
    question: str = Field(min_length=1)
    top_k: int = Field(8, ge=1, le=50)
    mode: Mode = Mode.HYBRID
    stream: bool = False
    history: list[Turn] = Field(default_factory=list, max_length=100)
    strict: bool | None = Field(None, description="Quote the page where the model's sentence is not supported.")
    model: str | None = Field(
        default=None, max_length=200, description="A language model by its name; GET /v1/rollouts."
    )
    session: str | None = Field(default=None, max_length=200, description="Questions of one session go to one model.")
    conversation_id: str | None = Field(
        default=None, max_length=64, description="Keep question and answer there; what was said in it is the history."
    )

    def request(self) -> AskRequest:
        history = tuple(Message(turn.role, turn.content) for turn in self.history)
        return AskRequest(
            self.question.strip(),
            self.filter(),
            self.top_k,
            self.mode,
            history,
            self.strict,
            self.model,
            self.session,
        )


class RetryBody(Body):
    password: SecretStr | None = Field(None, max_length=1024, description="Opens an encrypted file; not kept.")


class RootBody(Body):
    query: str = Field(min_length=1)


def document_record(document: Document) -> dict[str, Any]:
    """The Analysis record without its entities."""
    return {
        "id": document.id,
        "collection": shown(document.collection),
        "filename": document.filename,
        "media_type": document.media_type,
        "size": document.size,
        "sha256": document.sha256,
        "status": document.status.value,
        "created_at": document.created_at.isoformat(),
        "updated_at": document.updated_at.isoformat(),
        "page_count": document.page_count,
        "language": document.detected_language,
        "classification": asdict(document.classification) if document.classification else None,
        "summary": summary_record(document.summary) if document.summary else None,
        "stages": {
            name: {
                "status": record.status.value,
                "seconds": record.seconds,
                "error": record.error,
                "done": record.done,
                "total": record.total,
            }
            for name, record in document.stages.items()
        },
        "metadata": dict(document.metadata),
        "warnings": list(document.warnings),
        "error": document.error,
        "revision": document.revision,
        "parent_id": document.parent_id,
        "tags": list(document.tags),
    }


def child_records(document: Document, children: Sequence[Document]) -> list[dict[str, Any]]:
    """What came in a document: its documents, then the files that became none, with their errors."""
    accepted = [
        {
            "id": child.id,
            "filename": child.filename,
            "media_type": child.media_type,
            "size": child.size,
            "status": child.status.value,
            "error": child.error,
        }
        for child in children
    ]
    return accepted + [
        {"id": None, "filename": one["path"], "status": "rejected", "error": one["error"]} for one in document.refused
    ]


def summary_record(summary: Summary) -> dict[str, Any]:
    """`short` is `text` by the name that goes with `long`."""
    return {**asdict(summary), "short": summary.text}


def entity_groups(entities: Sequence[Entity], pages: Sequence[Page]) -> list[dict[str, Any]]:
    """Mentions of one thing together, most frequent first, with the pages that name it."""
    by_number = {page.number: page for page in pages}
    groups: dict[tuple[str, str], list[Entity]] = {}
    for entity in entities:
        groups.setdefault((entity.type, entity.norm or entity.text), []).append(entity)
    rows = []
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    for (kind, _), mentions in ranked:
        rows.append(
            {
                "text": canonical([mention.text for mention in mentions], kind),
                "type": kind,
                "norm": mentions[0].norm,
                "count": len(mentions),
                "pages": sorted({mention.page for mention in mentions}),
                "mentions": [
                    {"page": m.page, "start": m.start, "end": m.end, "boxes": _boxes(by_number.get(m.page), m)}
                    for m in mentions
                ],
            }
        )
    return rows


def instant_record(found: InstantAnalysis) -> dict[str, Any]:
    """In the shapes of the stored record."""
    return {
        "text": "\f".join(page.text for page in found.pages),
        "entities": entity_groups(found.entities, found.pages),
        "classification": asdict(found.classification),
        "summary": summary_record(found.summary),
        "language": found.language,
        "timings": dict(found.timings),
    }


def _boxes(page: Page | None, mention: Entity) -> list[Box]:
    return page.words.boxes(mention.start, mention.end) if page else []


def page_record(page: Page, min_confidence: float) -> dict[str, Any]:
    return {
        "number": page.number,
        "width": page.width,
        "height": page.height,
        "text": page.text,
        "source": page.source.value,
        "confidence": round(page.confidence, 4),
        "poorly_read": poorly_read(page.source, page.confidence, len(page.text), min_confidence),
        "rotation": page.rotation,
        "language": page.language,
        "error": page.error,
        "words": [
            {
                "text": page.text[word.start : word.end],
                "box": [round(side, 2) for side in word.box],
                "confidence": round(word.confidence, 4),
                "start": word.start,
                "end": word.end,
            }
            for word in page.words
        ],
    }


def reading_record(reading: DocumentReading) -> dict[str, Any]:
    """How well the document was read, page by page."""
    return {
        "confidence": None if reading.confidence is None else round(reading.confidence, 4),
        "min_confidence": reading.min_confidence,
        "poor_pages": list(reading.poor_pages),
        "pages": [
            {
                "number": page.number,
                "source": page.source.value,
                "confidence": round(page.confidence, 4),
                "poorly_read": page.number in reading.poor_pages,
            }
            for page in reading.pages
        ],
    }


def passage_record(passage: Passage) -> dict[str, Any]:
    chunk, hit = passage.chunk, passage.hit
    return {
        "document_id": chunk.document_id,
        "filename": passage.filename,
        "collection": shown(passage.collection),
        "chunk_id": chunk.id,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "heading": chunk.heading,
        "score": hit.score,
        "dense": hit.dense,
        "lexical": hit.lexical,
        "dense_rank": hit.dense_rank,
        "lexical_rank": hit.lexical_rank,
        "reranked": hit.reranked,
        "also_in": [asdict(place) for place in passage.also_in],
        "boxes": [list(box) for box in passage.boxes],
        "confidence": passage.confidence,
    }


def citation_record(citation: Citation) -> dict[str, Any]:
    return {**asdict(citation), "boxes": [list(box) for box in citation.boxes]}


def answer_record(answer: Answer) -> dict[str, Any]:
    return {
        "answer": answer.answer,
        "found": answer.found,
        "citations": [citation_record(citation) for citation in answer.citations],
        "grounding": asdict(answer.grounding),
        "results": [passage_record(passage) for passage in answer.results],
        "model": answer.model,
        "prompt_version": answer.prompt_version,
        "usage": asdict(answer.usage),
        "timings": dict(answer.timings),
        "draft": answer.draft,
        "kind": answer.kind,
        "counted": counted_record(answer.counted) if answer.counted else None,
        "read": [asdict(item) for item in answer.read],
    }
