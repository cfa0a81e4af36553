"""What the HTTP API answers, as frozen values: the vocabulary of `rag.client`.

Names, offsets, pages and boxes mean what they mean in DESIGN.md: `start`/`end` are character offsets into the text of
one page, end exclusive; pages count from 1; boxes are (x0, y0, x1, y1) from the top left, in the unit of the page's
width and height. Every field has a default, and unknown fields are ignored, so that a client reads the answers of a
newer or older server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rag.replies.corpus import Counted
from rag.replies.fields import FieldValue
from rag.replies.place import Box, Place
from rag.replies.reading import Reading

FINAL = frozenset({"ready", "partial", "failed"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong and what to do about it."""

    code: str = ""
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """Outcome for one file of an upload. A refused file has no id, status 'rejected' and an error."""

    id: str | None = None
    filename: str = ""
    status: str = ""
    duplicate: bool = False
    error: Problem | None = None

    @property
    def accepted(self) -> bool:
        return self.id is not None


@dataclass(frozen=True, slots=True)
class Label:
    label: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Classification:
    label: str
    score: float = 0.0
    scores: tuple[Label, ...] = ()
    model: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """`text` is the short one."""

    text: str
    pages: tuple[int, ...] = ()
    method: str = ""
    model: str = ""
    long: str = ""
    long_pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    page: int
    start: int
    end: int
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing with all its mentions in the document."""

    text: str
    type: str
    count: int = 0
    mentions: tuple[Mention, ...] = ()
    norm: str = ""
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """waiting, running, done, failed or skipped; `done` of `total` in the stage's own unit (pages while reading)."""

    status: str = "waiting"
    seconds: float | None = None
    error: Problem | None = None
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Child:
    """A file that came in a mail or archive: a document of its own, or 'rejected' with an error and no id."""

    id: str | None = None
    filename: str = ""
    status: str = ""
    media_type: str = ""
    size: int = 0
    error: Problem | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The Analysis record. `entities`, `fields` and `children` are filled when one document is asked for, not in lists."""

    id: str
    filename: str = ""
    collection: str = ""
    media_type: str = ""
    size: int = 0
    sha256: str = ""
    status: str = "queued"
    created_at: datetime | None = None
    updated_at: datetime | None = None
    page_count: int | None = None
    language: str | None = None
    classification: Classification | None = None
    summary: Summary | None = None
    entities: tuple[Entity, ...] = ()
    fields: tuple[FieldValue, ...] = ()
    stages: Mapping[str, Stage] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    reading: Reading | None = None
    warnings: tuple[str, ...] = ()
    error: Problem | None = None
    revision: int = 0
    parent_id: str | None = None
    """The mail or archive that it came in."""
    children: tuple[Child, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def final(self) -> bool:
        """True when no stage will run any more by itself."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One cursor page of the list; `next_cursor` is None on the last."""

    documents: tuple[Document, ...] = ()
    next_cursor: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start: int
    end: int
    box: Box
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    width: float = 0.0
    height: float = 0.0
    text: str = ""
    source: str = ""
    confidence: float = 1.0
    poorly_read: bool = False
    words: tuple[Word, ...] = ()
    language: str | None = None
    """ISO 639-1, where the page has text enough to tell."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One passage. `score` orders; `dense` and `lexical` say where it comes from (None: that index did not bring it)."""

    document_id: str
    page: int
    start: int
    end: int
    filename: str = ""
    collection: str = ""
    chunk_id: int | None = None
    text: str = ""
    heading: str = ""
    score: float = 0.0
    dense: float | None = None
    lexical: float | None = None
    dense_rank: int | None = None
    lexical_rank: int | None = None
    reranked: float | None = None
    also_in: tuple[Place, ...] = ()
    boxes: tuple[Box, ...] = ()
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class SearchReply:
    results: tuple[Result, ...] = ()
    sequence: int = 0
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """`quote` equals the page's text[start:end]; the answer shows it as [marker]."""

    marker: int
    document_id: str
    page: int
    start: int
    end: int
    filename: str = ""
    quote: str = ""
    boxes: tuple[Box, ...] = ()
    confidence: float = 1.0
    poorly_read: bool = False


@dataclass(frozen=True, slots=True)
class SentenceCheck:
    text: str
    supported: bool = True
    score: float = 0.0
    citation: int | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grounding:
    supported: bool = True
    score: float = 0.0
    unsupported: tuple[str, ...] = ()
    sentences: tuple[SentenceCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class PagesRead:
    document_id: str
    filename: str = ""
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryReply(Counted):
    """`answer` tells the same in words, with the citations' markers."""

    answer: str = ""
    citations: tuple[Citation, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """`found` False means 'not in your documents'; `results` then holds the nearest passages."""

    answer: str = ""
    found: bool = True
    citations: tuple[Citation, ...] = ()
    grounding: Grounding = Grounding()
    results: tuple[Result, ...] = ()
    model: str = ""
    prompt_version: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    draft: str = ""
    kind: str = "passages"
    """'passages'; 'counted': exact, with `counted`; 'document': from the whole of the pages in `read`."""
    counted: Counted | None = None
    read: tuple[PagesRead, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultsEvent:
    """The passages that the model reads now."""

    results: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenEvent:
    text: str = ""


@dataclass(frozen=True, slots=True)
class CitationEvent:
    citation: Citation


@dataclass(frozen=True, slots=True)
class FinalEvent:
    """The whole answer: it replaces what was streamed."""

    answer: Answer


AskEvent = ResultsEvent | TokenEvent | CitationEvent | FinalEvent


@dataclass(frozen=True, slots=True)
class Analysis:
    """A file analysed at once, without being stored."""

    text: str = ""
    entities: tuple[Entity, ...] = ()
    classification: Classification | None = None
    summary: Summary | None = None
    language: str | None = None
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stats:
    documents: int = 0
    pages: int = 0
    chunks: int = 0
    by_status: Mapping[str, int] = field(default_factory=dict)
    by_type: Mapping[str, int] = field(default_factory=dict)
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    documents: int = 0


@dataclass(frozen=True, slots=True)
class EntityCount:
    """`documents`: how many documents name it; `mentions`: how often they do."""

    text: str
    type: str
    mentions: int = 0
    documents: int = 0
    document_ids: tuple[str, ...] = ()
    norm: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """`ok` follows the HTTP status; `parts` is the body: what the server says about its parts."""

    ok: bool
    parts: Mapping[str, Any] = field(default_factory=dict)
