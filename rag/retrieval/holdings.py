"""What an index holds, by document: chunk ids, collections, fingerprints of texts. Pure bookkeeping, not thread-safe."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.errors import ConfigurationError
from rag.store.feed import ChunkRow


class Holdings:
    def __init__(self) -> None:
        self._chunks: dict[str, list[int]] = {}
        self._collections: dict[str, str] = {}
        self._texts: dict[int, int] = {}
        self._allowed: dict[tuple[str, ...], np.ndarray] = {}

    def __len__(self) -> int:
        """Chunks."""
        return len(self._texts)

    @property
    def documents(self) -> list[str]:
        return list(self._chunks)

    @property
    def chunks(self) -> dict[str, list[int]]:
        """Document -> ids of its chunks."""
        return self._chunks

    @property
    def ids(self) -> np.ndarray:
        """int64 ids of all chunks, ascending."""
        return np.sort(np.fromiter(self._texts, np.int64, len(self._texts)))

    def remove(self, document: str) -> list[int]:
        """The chunk ids that the document had."""
        self._allowed.clear()
        self._collections.pop(document, None)
        gone = self._chunks.pop(document, [])
        for chunk in gone:
            self._texts.pop(chunk, None)
        return gone

    def add(self, rows: Sequence[ChunkRow]) -> None:
        self._allowed.clear()
        for row in rows:
            self._chunks.setdefault(row.document_id, []).append(row.chunk_id)
            self._collections[row.document_id] = row.collection
            self._texts[row.chunk_id] = fingerprint(row.text)

    def fingerprint(self, chunk: int) -> int:
        return self._texts[chunk]

    def allowed(self, document_ids: Sequence[str] | None, collections: tuple[str, ...]) -> np.ndarray | None:
        """Chunk ids that the filter lets pass; None is all."""
        if document_ids is None and not collections:
            return None
        if document_ids is None and collections in self._allowed:
            return self._allowed[collections]
        documents = self._chunks.keys() if document_ids is None else dict.fromkeys(document_ids)
        allowed = np.array(
            [
                chunk
                for document in documents
                if not collections or self._collections.get(document) in collections
                for chunk in self._chunks.get(document, ())
            ],
            np.int64,
        )
        if document_ids is None:
            self._allowed[collections] = allowed
        return allowed

    def save(self, path: Path) -> None:
        documents = {
            key: [self._collections[key], [[chunk, self._texts[chunk]] for chunk in chunks]]
            for key, chunks in self._chunks.items()
        }
        path.write_text(json.dumps(documents))

    @classmethod
    def load(cls, path: Path) -> Holdings:
        """Raises ValueError, KeyError or TypeError for what `save` did not write."""
        loaded = cls()
        for key, (collection, chunks) in json.loads(path.read_text()).items():
            loaded._collections[key] = collection
            loaded._chunks[key] = [chunk for chunk, _ in chunks]
            loaded._texts.update(dict(chunks))
        return loaded


def fingerprint(text: str) -> int:
    """Equal for texts that differ in case, white space and marks only."""
    plain = re.sub(r"[\W_]+", " ", text.casefold()).strip() or text
    return int.from_bytes(hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def stacked(rows: Sequence[ChunkRow], dimensions: int) -> np.ndarray:
    """Their vectors, one row each. Raises ConfigurationError for one of another size."""
    vectors = [row.embedding for row in rows if row.embedding is not None]
    wrong = next((vector for vector in vectors if len(vector) != dimensions), None)
    if wrong is not None:
        raise ConfigurationError(
            f"A stored embedding has {len(wrong)} dimensions, the embedder {dimensions}.",
            "Set embedding.model back to the model that made it, or load the documents again.",
        )
    return np.stack(vectors)
