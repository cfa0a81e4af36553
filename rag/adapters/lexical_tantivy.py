"""Lexical index over tantivy: BM25 on stems, and a field of codes and numbers as they are written."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.ground import content_words
from rag.text import encodable

CODE_BOOST = 1.5
_TOKEN = re.compile(r"[^\s\"'“”‘’()\[\]{}<>]+")
_DIGIT = re.compile(r"\d")
_AMOUNT = re.compile(r"\d+(?:[.,'’]\d+)*")


@dataclass(frozen=True, slots=True)
class LexicalRow:
    chunk_id: int
    document_id: str
    collection: str
    text: str


class TantivyIndex:
    """BM25 over `folder`, or in memory; one writer. Not thread-safe: rag/retrieve.py holds one lock over reads and writes.

    Raises ValueError when `folder` holds something else than such an index.
    """

    def __init__(self, folder: Path | None = None) -> None:
        import tantivy

        self._tantivy = tantivy
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("chunk", stored=True, indexed=True, fast=True)
        builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
        builder.add_text_field("collection", tokenizer_name="raw", index_option="basic")
        builder.add_text_field("text", tokenizer_name="en_stem", index_option="freq")
        builder.add_text_field("code", tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(self._schema, path=str(folder) if folder else None)
        self._writer = self._open_writer()

    def _open_writer(self) -> Any:
        return self._index.writer(heap_size=30_000_000, num_threads=1)

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def add(self, rows: Sequence[LexicalRow]) -> None:
        """Seen by searches after `commit`."""
        for row in rows:
            text = encodable(row.text)
            self._writer.add_document(
                self._tantivy.Document(
                    chunk=row.chunk_id,
                    document=row.document_id,
                    collection=row.collection,
                    text=text,
                    code=" ".join(codes(text)),
                )
            )

    def remove(self, document_ids: Sequence[str]) -> None:
        """Everything of these documents; seen by searches after `commit`."""
        for document_id in document_ids:
            self._writer.delete_documents_by_term("document", document_id)

    def commit(self) -> None:
        self._writer.commit()
        self._index.reload()

    def save(self, folder: Path) -> None:
        """Copy the committed index to `folder`. Raises ValueError for an index in memory."""
        if self._folder is None:
            raise ValueError("an index in memory cannot be saved")
        self._writer.commit()
        # A merge in the background would take files away while they are copied; waiting ends the writer.
        self._writer.wait_merging_threads()
        shutil.copytree(self._folder, folder, ignore=shutil.ignore_patterns("*.lock"))
        self._writer = self._open_writer()
        self._index.reload()

    def search(
        self, text: str, k: int, *, document_ids: Sequence[str] | None = None, collections: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """(chunk id, BM25 score), best first. `document_ids` None is every document."""
        query_of, should, must = self._tantivy.Query, self._tantivy.Occur.Should, self._tantivy.Occur.Must
        text = encodable(text)
        words = " ".join(re.findall(r"[^\W_]+", text)).split()
        wanted = [word for word in words if content_words(word)] or words
        if not wanted or k <= 0:
            return []
        # Lower case keeps AND, OR and NOT of a question from being operators.
        parts = [(should, self._index.parse_query_lenient(" ".join(wanted).lower(), ["text"])[0])]
        for code in codes(text):
            exact = query_of.term_query(self._schema, "code", code, index_option="freq")
            parts.append((should, query_of.boost_query(exact, CODE_BOOST)))
        query = query_of.boolean_query(parts)
        for field, values in (("document", document_ids), ("collection", collections or None)):
            if values is not None:
                allowed = query_of.const_score_query(query_of.term_set_query(self._schema, field, list(values)), 0.0)
                query = query_of.boolean_query([(must, query), (must, allowed)])
        searcher = self._index.searcher()
        return [(searcher.doc(address)["chunk"][0], score) for score, address in searcher.search(query, k).hits]


def codes(text: str) -> list[str]:
    """What holds a digit, in spellings that match each other: 'INV-2024-0117' also as 'inv20240117', '$4,850.00' as '4850'."""
    found: dict[str, None] = {}
    for token in _TOKEN.findall(text):
        if not _DIGIT.search(token):
            continue
        plain = token.strip(".,;:!?#$€£%*|_–-").casefold()
        if not plain:
            continue
        found[plain] = None
        if _AMOUNT.fullmatch(plain):
            found[_plain_number(plain)] = None
        elif joined := re.sub(r"[^\w]", "", plain):
            found[joined] = None
    return list(found)


def _plain_number(text: str) -> str:
    """Without group separators, and without decimals that are zero."""
    body, decimals = text, ""
    if match := re.fullmatch(r"(.*)[.,](\d{1,2})", text):
        body, decimals = match.groups()
    body = re.sub(r"[.,'’]", "", body)
    return body + (f".{decimals}" if decimals.strip("0") else "")
