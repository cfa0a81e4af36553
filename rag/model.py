"""The vocabulary: frozen values that travel between stages.

Offsets (`start`, `end`) are character offsets into the text of one page, end exclusive; pages count from 1.
Boxes are (x0, y0, x1, y1) with the origin at the top left, in the unit of their page's width and height
(points for PDF, pixels for images). Scores grow with quality; confidences lie in 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rag.intake import originals
from rag.words import WORD_DTYPE as WORD_DTYPE
from rag.words import Box as Box
from rag.words import Word as Word
from rag.words import Words as Words
from rag.words import pack_boxes as pack_boxes
from rag.words import unpack_boxes as unpack_boxes

if TYPE_CHECKING:
    from rag.corpus.query import Counted


class Status(StrEnum):
    """Where a document stands."""

    QUEUED = "queued"
    READING = "reading"
    ANALYZING = "analyzing"
    READY = "ready"
    PARTIAL = "partial"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (Status.READY, Status.PARTIAL, Status.FAILED)


class StageStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Stage(StrEnum):
    """The stages of the way in, in the order in which a person would list them."""

    READ = "read"
    ENTITIES = "entities"
    CLASSIFY = "classify"
    INDEX = "index"
    SUMMARY = "summary"
    FIELDS = "fields"


class Source(StrEnum):
    """Where a page's text came from."""

    TEXT_LAYER = "text_layer"
    OCR = "ocr"


class Mode(StrEnum):
    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    width: float
    height: float
    text: str
    source: Source
    words: Words = Words()
    confidence: float = 1.0
    """Mean word confidence, 1.0 for a text layer, 0.0 for an OCR page without words."""
    rotation: int = 0
    """Degrees clockwise by which the picture was turned before it was read (0, 90, 180, 270)."""
    error: str | None = None
    """Why this page could not be read; its text is then empty and the document goes on without it."""
    language: str | None = None
    part: str | None = None
    """The picture inside an office file that this page is: its name in the container."""


@dataclass(frozen=True, slots=True)
class PageTask:
    """A page that has no usable text layer and waits for OCR. `key` is the blob of the whole original."""

    key: str
    media_type: str
    number: int
    width: float
    height: float
    language: str = "eng"
    password: str | None = field(default=None, repr=False)
    part: str | None = None
    """The picture inside an office file, as in Page."""


@dataclass(frozen=True, slots=True)
class Chunk:
    document_id: str
    page: int
    start: int
    end: int
    text: str
    id: int | None = None
    """Assigned by the store; unique over the installation, never used again."""
    heading: str = ""
    boxes: tuple[Box, ...] | None = None
    """One a line of the text, in the page's unit; None where an earlier version saved it: the page's words tell."""
    confidence: float | None = None
    """Of the page; None as `boxes`."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One mention. `text` is the page's text between `start` and `end`; `norm` groups mentions of one thing."""

    text: str
    type: str
    page: int
    start: int
    end: int
    norm: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Classification:
    label: str
    score: float
    scores: tuple[Label, ...] = ()
    """Every label with its probability, best first; they sum to 1."""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    text: str
    pages: tuple[int, ...] = ()
    """The pages it rests on."""
    method: str = ""
    """'model', 'extractive' (the model's text was not supported) or 'text' (short documents are their own summary)."""
    model: str = ""
    long: str = ""
    """The long summary; `text` is the short one."""
    long_pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StageRecord:
    status: StageStatus = StageStatus.WAITING
    seconds: float | None = None
    error: Mapping[str, Any] | None = None
    """{code, detail, remedy} when the stage failed."""
    version: str = ""
    done: int = 0
    total: int = 0
    """Progress in the stage's own unit (pages while reading)."""


@dataclass(frozen=True, slots=True)
class Document:
    """One row of the library: the Analysis record without pages, chunks and mentions."""

    id: str
    collection: str
    filename: str
    media_type: str
    sha256: str
    size: int
    status: Status
    created_at: datetime
    updated_at: datetime
    language: str | None = None
    """OCR language(s) asked for, tesseract codes joined by '+'."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    page_count: int | None = None
    detected_language: str | None = None
    """ISO 639-1, of the text."""
    classification: Classification | None = None
    summary: Summary | None = None
    error: Mapping[str, Any] | None = None
    stages: Mapping[str, StageRecord] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    revision: int = 0
    """Grows with every change of the record: what the event stream waits on."""
    parent_id: str | None = None
    """The archive or mail that it came in."""
    refused: tuple[Mapping[str, Any], ...] = ()
    """Files in it that became no documents: {path, error: {code, detail, remedy}}."""
    unlocked: bool = False
    """True when a password was given: a copy without encryption is read instead of the original."""
    tags: tuple[str, ...] = ()

    @property
    def blob(self) -> str:
        """Key of the original in the blob store."""
        return originals.original(self.sha256)

    @property
    def readable(self) -> str:
        """Key of the bytes that are read and drawn: the original, or its copy without encryption."""
        return originals.unlocked(self.blob) if self.unlocked else self.blob


@dataclass(frozen=True, slots=True)
class Filter:
    """What a search may see. Empty tuples mean 'everything'; fields are joined by AND, values in a field by OR."""

    collections: tuple[str, ...] = ()
    document_ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    tags: tuple[str, ...] = ()

    @property
    def needs_database(self) -> bool:
        """True when more than collection and document ids are asked for: the index itself knows only those."""
        return bool(
            self.types
            or self.entities
            or self.media_types
            or self.metadata
            or self.created_after
            or self.created_before
            or self.tags
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """One retrieved chunk id with its scores: `score` orders, the others say where it comes from."""

    chunk_id: int
    score: float
    dense: float | None = None
    lexical: float | None = None
    dense_rank: int | None = None
    lexical_rank: int | None = None
    also: tuple[int, ...] = ()
    """Chunks with the same words, in other places."""
    reranked: float | None = None
    """The cross-encoder's score, which then orders."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A hit with its text, ready to be shown, packed and cited."""

    chunk: Chunk
    filename: str
    collection: str
    hit: Hit
    also_in: tuple[Place, ...] = ()
    """Where else the same is said."""

    @property
    def boxes(self) -> tuple[Box, ...]:
        return self.chunk.boxes or ()

    @property
    def confidence(self) -> float:
        """Reading confidence of the page: 1.0 for text layers."""
        return 1.0 if self.chunk.confidence is None else self.chunk.confidence


@dataclass(frozen=True, slots=True)
class Place:
    document_id: str
    filename: str
    page: int


@dataclass(frozen=True, slots=True)
class Citation:
    """`quote` equals the page's text[start:end]."""

    marker: int
    """The number shown in the answer as [n]."""
    document_id: str
    filename: str
    page: int
    start: int
    end: int
    quote: str
    boxes: tuple[Box, ...] = ()
    confidence: float = 1.0
    chunk_id: int | None = None
    poorly_read: bool = False
    """The page was read with less than `reading.min_confidence`: the quote may hold errors of OCR."""


@dataclass(frozen=True, slots=True)
class SentenceCheck:
    """Outcome of the grounding check of one sentence of an answer."""

    text: str
    supported: bool
    score: float
    citation: int | None = None
    """`marker` of the citation that supports it."""
    missing: tuple[str, ...] = ()
    """Numbers, dates and names of the sentence that its passage does not hold."""


@dataclass(frozen=True, slots=True)
class Grounding:
    supported: bool
    score: float
    unsupported: tuple[str, ...] = ()
    sentences: tuple[SentenceCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class PagesRead:
    document_id: str
    filename: str
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    answer: str
    citations: tuple[Citation, ...]
    grounding: Grounding
    results: tuple[Passage, ...]
    model: str
    prompt_version: str
    usage: Usage = Usage()
    timings: Mapping[str, float] = field(default_factory=dict)
    found: bool = True
    """False: 'not in your documents'; `results` then holds the nearest passages."""
    draft: str = ""
    """What the model wrote, where strict mode put a quotation in its place."""
    kind: str = "passages"
    """'passages': from retrieved passages; 'counted': in SQL, see `counted`; 'document': from the whole of `read`."""
    counted: Counted | None = None
    read: tuple[PagesRead, ...] = ()
    """The pages that a whole-document answer rests on."""


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a generated text; the last one carries `finish_reason` and usage."""

    text: str
    finish_reason: str | None = None
    usage: Usage | None = None
