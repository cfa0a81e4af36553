"""One look into the two indexes: what words find, what the question's vector finds, and what the blend needs of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.adapters.index_faiss import FaissIndex
from rag.adapters.lexical_tantivy import TantivyIndex
from rag.ports import SearchQuery
from rag.retrieval.candidates import Candidates
from rag.retrieval.holdings import Holdings

Documents = Sequence[str] | None
"""Ids of the documents that a search is kept to; None: all."""


@dataclass(frozen=True, slots=True)
class Words:
    """What lexical search found, and how many changes the index had been through by then: with another number, it is of another index."""

    applied: int
    found: Mapping[int, float]
    """Chunk id -> score, best first."""


def by_words(lexical: TantivyIndex, query: SearchQuery, documents: Documents, least: int, applied: int) -> Words:
    found = lexical.search(
        query.text,
        _depth(query, least),
        document_ids=documents,
        collections=query.filter.collections,
        everywhere=query.terms,
    )
    return Words(applied, dict(found))


def look_up(
    dense: FaissIndex,
    held: Holdings,
    query: SearchQuery,
    vector: np.ndarray | None,
    words: Words | None,
    documents: Documents,
    least: int,
    sequence: int,
) -> Candidates:
    """`vector` has the shape (1, dimensions); None where only words count, as `words` is where only the vector does. `least`: how
    many candidates each side brings at least."""
    lexical = {} if words is None else words.found
    near: dict[int, float] = {}
    cosines: dict[int, float] = {}
    if vector is not None:
        allowed = held.allowed(documents, query.filter.collections)
        scores, ids = dense.search(vector, _depth(query, least), allowed)
        near = {int(i): float(s) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0}
        # What only words found has a cosine too: the blend needs both.
        rest = [key for key in lexical if key not in near]
        scored = zip(rest, dense.scores(vector[0], rest), strict=True)
        cosines = {key: cosine for key, cosine in scored if cosine is not None}
    prints = {key: held.fingerprint(key) for key in {**near, **lexical}}
    return Candidates(sequence, near, lexical, cosines, prints)


def _depth(query: SearchQuery, least: int) -> int:
    return max(least, 2 * query.top_k)
