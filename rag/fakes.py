"""A deterministic version of every port, for tests and benches: small, honest, no models."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rag.analysis.labels import Example, LabelSet, Trained
from rag.errors import EncryptedFile, NotFound, RedwellError, UnsupportedType
from rag.intake.originals import original
from rag.model import (
    Box,
    Classification,
    Entity,
    Hit,
    Label,
    Message,
    Page,
    PageTask,
    Source,
    Token,
    Usage,
    Word,
    Words,
)
from rag.ports import Member, Outline, SearchQuery, SearchResult


@dataclass(kw_only=True)
class _Fake:
    """`delay` seconds before every call; `fail` is raised instead of an answer."""

    delay: float = 0.0
    fail: RedwellError | None = None
    version: str = "fake/1"

    async def _wait(self) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.fail is not None:
            raise self.fail


def text_page(number: int, text: str, *, source: Source = Source.TEXT_LAYER, confidence: float = 1.0) -> Page:
    """A page whose words lie on a grid of 6 by 12 points a character."""
    words, line = [], 0
    for index, row in enumerate(text.split("\n")):
        for match in re.finditer(r"\S+", row):
            box = (match.start() * 6.0, index * 12.0, match.end() * 6.0, index * 12.0 + 10)
            words.append(Word(line + match.start(), line + match.end(), box, confidence))
        line += len(row) + 1
    return Page(number, 612.0, 792.0, text, source, Words.pack(words), confidence)


@dataclass(kw_only=True)
class FakeReader(_Fake):
    """Text bytes from `blobs`; a form feed ends a page. A page that begins with SCAN: waits for OCR, one that begins with
    FILE:name and a line end is a file inside (REFUSED instead of bytes: one that cannot be had). LOCKED:password and a
    line end in front of it all is encryption.
    """

    blobs: FakeBlobs

    async def read(
        self,
        key: str,
        *,
        filename: str,
        language: str | None = None,
        password: str | None = None,
        keep_members: bool = False,
    ) -> Outline:
        await self._wait()
        content = (await self.blobs.get(key)).decode()
        if content.startswith("LOCKED:"):
            raise EncryptedFile()
        texts = content.split("\f")
        members = [self._member(text) for text in texts if text.startswith("FILE:")]
        texts = [text for text in texts if not text.startswith("FILE:")]
        pages: list[Page | PageTask] = []
        for number, text in enumerate(texts, 1):
            scan = text.startswith("SCAN:")
            pages.append(PageTask(key, "text/plain", number, 612, 792) if scan else text_page(number, text))
        return Outline("text/plain", tuple(pages), members=tuple(members))

    async def unlock(self, key: str, *, filename: str, password: str, target: str) -> str | None:
        await self._wait()
        first, _, content = (await self.blobs.get(key)).decode().partition("\n")
        if not first.startswith("LOCKED:"):
            return None
        if password != first.removeprefix("LOCKED:"):
            raise EncryptedFile("The password does not open the file.")
        self.blobs.data[target] = content.encode()
        return "text/plain"

    def _member(self, text: str) -> Member:
        name, _, content = text.removeprefix("FILE:").partition("\n")
        if content == "REFUSED":
            return Member(name, error=UnsupportedType("Not read.").as_dict())
        data = content.replace("\v", "\f").encode()
        sha256 = hashlib.sha256(data).hexdigest()
        self.blobs.data[original(sha256)] = data
        return Member(name, "text/plain", sha256, len(data))

    async def render(
        self, key: str, *, media_type: str, page: Page, highlights: Sequence[tuple[int, int]] = (), width: int = 1000
    ) -> bytes:
        await self._wait()
        return b"\x89PNG\r\n\x1a\n" + f"{key} {page.number} {list(highlights)} {width}".encode()

    async def searchable(self, key: str, *, media_type: str, pages: Sequence[Page]) -> bytes:
        await self._wait()
        return b"%PDF-1.7\n" + "\f".join(page.text for page in pages).encode()

    async def redact(
        self, key: str, *, media_type: str, pages: Sequence[Page], removed: Mapping[int, Sequence[Box]], dpi: int
    ) -> bytes:
        await self._wait()
        kept = [
            [page.text[w.start : w.end] for w in page.words if w.box not in removed.get(page.number, ())]
            for page in pages
        ]
        return "\f".join(" ".join(words) for words in kept).encode()


@dataclass(kw_only=True)
class FakeOcr(_Fake):
    """Reads what follows SCAN: on the page of FakeReader's document."""

    blobs: FakeBlobs

    async def recognize(self, task: PageTask) -> Page:
        await self._wait()
        text = (await self.blobs.get(task.key)).decode().split("\f")[task.number - 1].removeprefix("SCAN:")
        return text_page(task.number, text, source=Source.OCR, confidence=0.9)


@dataclass(kw_only=True)
class FakeEntityRecognizer(_Fake):
    """Two or more capitalised words in a row are a PERSON."""

    async def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        await self._wait()
        name = re.compile(r"[A-Z][a-z]+(?: [A-Z][a-z]+)+")
        return [
            [
                Entity(m.group(), "PERSON", page.number, m.start(), m.end(), m.group().casefold())
                for m in name.finditer(page.text)
            ]
            for page in pages
        ]


@dataclass(kw_only=True)
class FakeClassifier(_Fake):
    """The first label whose name stands in the text; 'other' when none does; a head knows the words of its examples."""

    labels: tuple[str, ...] = ("contract", "invoice", "letter")

    async def classify(self, texts: Sequence[str], labels: LabelSet | None = None) -> list[Classification]:
        await self._wait()
        return [self._one(text, labels) for text in texts]

    async def classify_name(self, filename: str, metadata: str) -> Classification:
        await self._wait()
        found = self._one(f"{filename} {metadata}", None)
        if found.label != "other":
            return found
        names = ("other", *self.labels)
        scores = tuple(Label(label, 1 / len(names)) for label in names)
        return Classification("other", scores[0].score, scores, self.version)

    async def fit(self, examples: Sequence[Example], labels: LabelSet) -> Trained:
        """A head that knows the words of the examples: the label whose examples share most of them wins."""
        await self._wait()
        words: dict[str, list[str]] = {}
        for example in examples:
            words.setdefault(example.label, []).extend(re.findall(r"\w+", example.text.casefold()))
        right = sum(self._one(example.text, labels).label == example.label for example in examples)
        baseline = right / max(len(examples), 1)
        return Trained(json.dumps(words).encode(), len(examples), 1.0, 0.0, baseline)

    def _one(self, text: str, labels: LabelSet | None) -> Classification:
        names = labels.names if labels else self.labels
        plain = text.casefold()
        found = next((label for label in names if label in plain), "other")
        version = self.version
        if labels and labels.head:
            known = json.loads(labels.head.data)
            shared = {label: len(set(words) & set(re.findall(r"\w+", plain))) for label, words in known.items()}
            found, version = max(shared, key=lambda label: shared[label]), f"{self.version}+{labels.version}"
        rest = [label for label in (*names, "other") if label != found]
        scores = (Label(found, 0.7), *(Label(label, 0.3 / len(rest)) for label in rest))
        return Classification(found, 0.7, scores, version)


@dataclass(kw_only=True)
class FakeEmbedder(_Fake):
    """A hashed bag of words: texts that share words are near. Versions put words in different places."""

    dimensions: int = 64

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        await self._wait()
        return np.stack([self.vector(text) for text in texts]) if texts else np.zeros((0, self.dimensions), np.float32)

    def at(self, version: str) -> FakeEmbedder:
        return self if version == self.version else replace(self, version=version)

    def vector(self, text: str) -> np.ndarray:
        row = np.full(self.dimensions, 1e-6, np.float32)
        salt = "" if self.version == "fake/1" else self.version
        for word in re.findall(r"\w+", text.casefold()):
            row[int(hashlib.sha256((salt + word).encode()).hexdigest(), 16) % self.dimensions] += 1.0
        return row / np.linalg.norm(row)


@dataclass(kw_only=True)
class FakeRetriever(_Fake):
    """Chunk texts put in with `put`, ranked by FakeEmbedder."""

    rows: dict[int, tuple[str, str]] = field(default_factory=dict)
    reached: int = 0
    embedder: FakeEmbedder = field(default_factory=FakeEmbedder)

    def put(self, chunk_id: int, document_id: str, text: str) -> None:
        self.rows[chunk_id] = (document_id, text)

    async def search(self, query: SearchQuery) -> SearchResult:
        await self._wait()
        wanted = query.filter.document_ids
        vector = self.embedder.vector(query.text)
        scored = [
            (float(vector @ self.embedder.vector(text)), key)
            for key, (document_id, text) in self.rows.items()
            if not wanted or document_id in wanted
        ]
        scored.sort(key=lambda row: (-row[0], row[1]))
        hits = [Hit(key, score, dense=score, dense_rank=rank) for rank, (score, key) in enumerate(scored, 1)]
        return SearchResult(tuple(hits[: query.top_k]), max(self.reached, query.at_least))

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        await self._wait()
        vector = self.embedder.vector(query)
        return [float(vector @ self.embedder.vector(text)) for text in texts]

    async def sequence(self) -> int:
        await self._wait()
        return self.reached


@dataclass(kw_only=True)
class FakeReranker(_Fake):
    """The share of the question's words that a text holds."""

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        await self._wait()
        asked = set(re.findall(r"\w+", query.casefold()))
        return [len(asked & set(re.findall(r"\w+", text.casefold()))) / max(len(asked), 1) for text in texts]


@dataclass(kw_only=True)
class FakeGenerator(_Fake):
    """Says the first sentence of the first passage (or document) of the prompt, word by word, or `says`."""

    model: str = "fake-model"
    context_tokens: int = 4096
    says: str | None = None
    calls: list[str] = field(default_factory=list)

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Token]:
        await self._wait()
        prompt = messages[-1].content
        self.calls.append(prompt)
        quoted = re.search(r"<(passage|document)[^>]*>\n(.*?)\n</\1>", prompt, re.S)
        text = (
            self.says if self.says is not None else re.split(r"(?<=[.!?])\s", quoted.group(2))[0] if quoted else "Yes."
        )
        words = text.split(" ")[:max_tokens]
        for index, word in enumerate(words):
            yield Token(word if index == 0 else f" {word}")
        yield Token("", "stop", Usage(len(prompt) // 4, len(words)))


@dataclass(kw_only=True)
class FakeBlobs(_Fake):
    """In memory."""

    data: dict[str, bytes] = field(default_factory=dict)

    async def put(self, key: str, data: bytes) -> None:
        await self._wait()
        self.data[key] = data

    async def put_file(self, key: str, path: Path) -> None:
        await self.put(key, await asyncio.to_thread(path.read_bytes))

    async def get(self, key: str) -> bytes:
        await self._wait()
        if key not in self.data:
            raise NotFound(f"There is no blob '{key}'.")
        return self.data[key]

    async def delete(self, key: str) -> None:
        await self._wait()
        self.data.pop(key, None)

    async def exists(self, key: str) -> bool:
        await self._wait()
        return key in self.data

    async def keys(self, prefix: str = "") -> list[str]:
        await self._wait()
        return sorted(key for key in self.data if key.startswith(prefix))

    def save_path(self, key: str, path: Path) -> None:
        self.data.setdefault(key, path.read_bytes())

    @contextmanager
    def open_path(self, key: str) -> Iterator[Path]:
        if key not in self.data:
            raise NotFound(f"There is no blob '{key}'.")
        with TemporaryDirectory(prefix="redwell-blob-") as folder:
            path = Path(folder) / "blob"
            path.write_bytes(self.data[key])
            yield path
