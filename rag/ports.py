"""The contracts of every replaceable part: async and batch-first.

Adapters (rag/adapters) are plain synchronous classes with the same method names; `rag/local.py` runs them on threads and
`rag/serving` as Ray Serve deployments, both behind these protocols. Every method raises rag.errors only. Results come
in the order of their inputs, one each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rag.analysis.labels import Example, LabelSet, Trained
from rag.model import Box, Classification, Document, Entity, Filter, Hit, Message, Mode, Page, PageTask, Stage, Token


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside another one: in the blob store as an original, or not to be had for `error`."""

    name: str
    """Path inside the archive; name of the attachment."""
    media_type: str = ""
    sha256: str = ""
    size: int = 0
    error: Mapping[str, Any] | None = None
    """{code, detail, remedy}"""


@dataclass(frozen=True, slots=True)
class Outline:
    """What the reader found before OCR: `pages[i]` is a finished page or the task that OCR has to do, in page order."""

    media_type: str
    pages: tuple[Page | PageTask, ...]
    warnings: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    """What an archive or a mail holds, in its order."""


class Reader(Protocol):
    """Bytes to pages, without OCR. Runs parsers in limited worker processes."""

    async def read(
        self,
        key: str,
        *,
        filename: str,
        language: str | None = None,
        password: str | None = None,
        keep_members: bool = False,
    ) -> Outline:
        """`keep_members` stores what an archive or mail holds as originals before this returns.

        Raises UnsupportedType, DamagedFile, EncryptedFile, EmptyFile, ParserLimit.
        """
        ...

    async def unlock(self, key: str, *, filename: str, password: str, target: str) -> str | None:
        """Store a copy of the blob without encryption as `target`; its media type, or None where no password is needed.

        The password is used and forgotten. Raises EncryptedFile when it is wrong.
        """
        ...

    async def render(
        self, key: str, *, media_type: str, page: Page, highlights: Sequence[tuple[int, int]] = (), width: int = 1000
    ) -> bytes:
        """PNG of one page, `width` pixels wide, turned upright as it was read, spans of its text marked."""
        ...

    async def searchable(self, key: str, *, media_type: str, pages: Sequence[Page]) -> bytes:
        """PDF of all pages in order: the original pictures, the words of `pages` as invisible text over them.

        Raises UnsupportedType, DamagedFile, EncryptedFile, ParserLimit.
        """
        ...

    async def redact(
        self, key: str, *, media_type: str, pages: Sequence[Page], removed: Mapping[int, Sequence[Box]], dpi: int
    ) -> bytes:
        """PDF of pictures of `pages`, the boxes black, and the words that meet none of them; nothing of the original is in it.

        `removed` maps page numbers to boxes in the page's unit. Raises DamagedFile, EncryptedFile, ParserLimit.
        """
        ...


class Ocr(Protocol):
    """One page a call; callers fan out. An unreadable page comes back with `error` set, it does not raise."""

    @property
    def version(self) -> str:
        """Part of the stage record: a new version runs the stage again."""
        ...

    async def recognize(self, task: PageTask) -> Page: ...


class EntityRecognizer(Protocol):
    @property
    def version(self) -> str:
        """Part of the stage record: a new version runs the stage again."""
        ...

    async def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        """One list a page, ordered by start; spans of one page do not overlap."""
        ...


class Classifier(Protocol):
    @property
    def version(self) -> str:
        """Part of the stage record: a new version runs the stage again."""
        ...

    async def classify(self, texts: Sequence[str], labels: LabelSet | None = None) -> list[Classification]:
        """Without `labels` the document types. A head that travels in `labels` decides in place of the descriptions."""
        ...

    async def fit(self, examples: Sequence[Example], labels: LabelSet) -> Trained:
        """Train a head for the label set and measure it. Raises InvalidInput with too few examples."""
        ...

    async def classify_name(self, filename: str, metadata: str) -> Classification:
        """From what is known before the text. Scores near uniform when the name says nothing."""
        ...


class Embedder(Protocol):
    @property
    def version(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32 array of shape (len(texts), dimensions), rows of unit length: for passages, bulk lane."""
        ...

    def at(self, version: str) -> Embedder:
        """The same lane with the model of another version: while the library moves from one to the other."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """Frequencies of words: `held` is (field, term) -> how many of the `chunks` hold it."""

    chunks: int
    held: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    text: str
    top_k: int = 10
    mode: Mode = Mode.HYBRID
    filter: Filter = Filter()
    at_least: int = 0
    """Wait until the index holds the change feed up to this sequence number: read your own upload."""
    terms: Terms | None = None
    """How frequent the question's words are in all shards, where an index is one of several."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    hits: tuple[Hit, ...]
    sequence: int
    """The change feed's sequence number that the index had reached."""


class Retriever(Protocol):
    """Dense and lexical indexes as views of the change feed; queries are embedded here, in their own lane."""

    async def search(self, query: SearchQuery) -> SearchResult: ...

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        """Cosine of the query with each text: scores sentences when a citation is chosen."""
        ...

    async def sequence(self) -> int: ...


class Reranker(Protocol):
    """Reads question and text together: slower and sharper than comparing their embeddings."""

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """Relevance of each text, in their order: higher is better."""
        ...


class Generator(Protocol):
    @property
    def model(self) -> str: ...

    @property
    def context_tokens(self) -> int: ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        """Pieces as they are made; the last has `finish_reason` and `usage`. Raises Unavailable, DeadlineExceeded.

        With a JSON `schema` the text is JSON of that form, cut off only by `max_tokens`.
        """
        ...


class Blobs(Protocol):
    """Named bytes. Keys are slash-separated; a write is atomic: a reader sees all of it or none."""

    async def put(self, key: str, data: bytes) -> None: ...

    async def put_file(self, key: str, path: Path) -> None:
        """Like `put`, from a local file, which stays."""
        ...

    async def get(self, key: str) -> bytes:
        """Raises NotFound."""
        ...

    def open_path(self, key: str) -> AbstractContextManager[Path]:
        """A local file with the blob's bytes, valid inside the context; raises NotFound. Blocks: call it on a thread."""
        ...

    def save_path(self, key: str, path: Path) -> None:
        """Like `put_file`, for threads; a blob that is there already stays. Blocks."""
        ...

    async def delete(self, key: str) -> None:
        """Deleting what is not there is no error."""
        ...

    async def exists(self, key: str) -> bool: ...

    async def keys(self, prefix: str = "") -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed lease on the analysis of one document."""

    document: Document
    owner: str
    attempt: int
    stage: Stage | None = None
    """Only this stage, again; None: all that is left to do."""
