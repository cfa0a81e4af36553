"""Lexical index over tantivy: BM25 on stems, and a field of codes and numbers as they are written."""

from __future__ import annotations

import math
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.answering.ground import content_words
from rag.ports import Terms
from rag.retrieval.spellings import codes
from rag.text import encodable

CODE_BOOST = 1.5
MOST_TERMS = 48
"""A longer question is searched by its rarest words: those tell most, and the others cost time."""
MOST_REPEATED = 4
"""A word that a question repeats counts so often at most."""
FUZZY_TERMS, FUZZY_CHARS, FUZZY_BOOST = 6, 5, 0.35
"""So many words of at least so many letters that no text holds are searched as misspelt."""
_LETTERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class LexicalRow:
    chunk_id: int
    document_id: str
    collection: str
    text: str


class TantivyIndex:
    """BM25 over `folder`, or in memory; one writer. Not thread-safe: rag/retrieval/retrieve.py holds one lock over reads and writes.

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
        # What the tokenizer en_stem does when a text is indexed.
        self._analyzer = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
            .filter(tantivy.Filter.remove_long(40))
            .filter(tantivy.Filter.lowercase())
            .filter(tantivy.Filter.stemmer("english"))
            .build()
        )
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
        self,
        text: str,
        k: int,
        *,
        document_ids: Sequence[str] | None = None,
        collections: Sequence[str] = (),
        everywhere: Terms | None = None,
    ) -> list[tuple[int, float]]:
        """(chunk id, BM25 score), best first. `document_ids` None is every document; `everywhere` weighs words by their
        frequency in all shards."""
        query_of, must = self._tantivy.Query, self._tantivy.Occur.Must
        query = None if k <= 0 else self._question(encodable(text), everywhere)
        if query is None:
            return []
        for field, values in (("document", document_ids), ("collection", collections or None)):
            if values is not None:
                allowed = query_of.const_score_query(query_of.term_set_query(self._schema, field, list(values)), 0.0)
                query = query_of.boolean_query([(must, query), (must, allowed)])
        searcher = self._index.searcher()
        hits = searcher.search(query, k, count=False).hits
        keys = searcher.fast_field_values("chunk", [address for _, address in hits])
        return [(int(key), score) for key, (score, _) in zip(keys, hits, strict=True) if key is not None]

    def terms(self, text: str) -> dict[tuple[str, str], int]:
        """(field, term) of a question -> how many chunks hold it: what shards add up, so that a word weighs the same in all."""
        plain = encodable(text)
        return self._frequencies(self._index.searcher(), self._words(plain), plain)

    def _words(self, text: str) -> dict[str, int]:
        """Stem -> how often the question says it; words that carry no meaning only where there is nothing else."""
        words = " ".join(_LETTERS.findall(text)).split()
        wanted = [word for word in words if content_words(word)] or words
        return dict(Counter(term for term in self._analyzer.analyze(" ".join(wanted))))

    def _question(self, text: str, everywhere: Terms | None) -> Any:
        """One query of weighed terms; None when the text holds none."""
        query_of, should = self._tantivy.Query, self._tantivy.Occur.Should
        searcher = self._index.searcher()
        words = self._words(text)
        here = Terms(searcher.num_docs, self._frequencies(searcher, words, text))
        held = everywhere or here
        parts = []

        def weighed(field: str, term: str, boost: float) -> None:
            one = query_of.term_query(self._schema, field, term, index_option="freq")
            if everywhere is not None:
                boost *= _idf(everywhere, (field, term)) / _idf(here, (field, term))
            parts.append((should, query_of.boost_query(one, boost)))

        frequency = {term: held.held.get(("text", term), 0) for term in words}
        for term in sorted((term for term in words if frequency[term]), key=lambda term: frequency[term])[:MOST_TERMS]:
            weighed("text", term, float(min(words[term], MOST_REPEATED)))
        unknown = [term for term in words if not frequency[term] and len(term) >= FUZZY_CHARS and term.isalpha()]
        for term in unknown[:FUZZY_TERMS]:
            near = query_of.fuzzy_term_query(self._schema, "text", term, distance=1 if len(term) < 8 else 2)
            parts.append((should, query_of.boost_query(near, FUZZY_BOOST * math.log(1 + held.chunks))))
        for code in codes(text)[:MOST_TERMS]:
            weighed("code", code, CODE_BOOST)
        return query_of.boolean_query(parts) if parts else None

    def _frequencies(self, searcher: Any, words: Iterable[str], text: str) -> dict[tuple[str, str], int]:
        terms = [*(("text", word) for word in words), *(("code", code) for code in codes(text))]
        return {(field, term): searcher.doc_freq(field, term) for field, term in terms}


def _idf(known: Terms, term: tuple[str, str]) -> float:
    """As BM25 of tantivy weighs a term."""
    held = known.held.get(term, 0)
    return math.log(1 + (known.chunks - held + 0.5) / (held + 0.5)) if known.chunks > held else math.log(1.5)
