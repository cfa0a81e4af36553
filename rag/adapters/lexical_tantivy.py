"""Lexical index over tantivy: BM25 on stems, and a field of codes and numbers as they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import tantivy

from rag.ground import content_words

_TOKEN = re.compile(r"[^\s\"'“”‘’()\[\]{}<>]+")
_CODE_BOOST = 1.5


@dataclass(frozen=True, slots=True)
class LexicalRow:
    chunk_id: int
    document_id: str
    collection: str
    text: str


class TantivyIndex:
    """In memory; rebuilt with the dense index. One writer at a time."""

    def __init__(self) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("chunk", stored=True, indexed=True, fast=True)
        builder.add_text_field("document", tokenizer_name="raw")
        builder.add_text_field("collection", tokenizer_name="raw")
        builder.add_text_field("text", tokenizer_name="en_stem", index_option="position")
        builder.add_text_field("code", tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        self._writer = self._index.writer(heap_size=30_000_000, num_threads=1)

    def add(self, rows: Sequence[LexicalRow]) -> None:
        for row in rows:
            self._writer.add_document(
                tantivy.Document(
                    chunk=row.chunk_id,
                    document=row.document_id,
                    collection=row.collection,
                    text=row.text,
                    code=" ".join(codes(row.text)),
                )
            )

    def remove(self, document_ids: Sequence[str]) -> None:
        for document_id in document_ids:
            self._writer.delete_documents_by_term("document", document_id)

    def commit(self) -> None:
        self._writer.commit()
        self._index.reload()

    def search(
        self, text: str, k: int, *, document_ids: Sequence[str] = (), collections: Sequence[str] = ()
    ) -> list[tuple[int, float]]:
        """(chunk id, BM25 score), best first."""
        query_of, should, must = tantivy.Query, tantivy.Occur.Should, tantivy.Occur.Must
        words = " ".join(re.findall(r"[^\W_]+", text))
        wanted = [word for word in words.split() if content_words(word)] or words.split()
        if not wanted:
            return []
        parts = [(should, self._index.parse_query_lenient(" ".join(wanted), ["text"])[0])]
        for code in codes(text):
            parts.append((should, query_of.boost_query(query_of.term_query(self._schema, "code", code), _CODE_BOOST)))
        query = query_of.boolean_query(parts)
        for field, values in (("document", document_ids), ("collection", collections)):
            if values:
                allowed = query_of.const_score_query(query_of.term_set_query(self._schema, field, list(values)), 0.0)
                query = query_of.boolean_query([(must, query), (must, allowed)])
        searcher = self._index.searcher()
        return [(searcher.doc(address)["chunk"][0], score) for score, address in searcher.search(query, k).hits]


def codes(text: str) -> list[str]:
    """Tokens that hold a digit, lower case, without closing punctuation: numbers, amounts, dates, references."""
    tokens = (token.strip(".,;:!?").casefold() for token in _TOKEN.findall(text))
    return [token for token in tokens if any(c.isdigit() for c in token)]
