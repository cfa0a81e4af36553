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


def by_words(lexical: TantivyIndex, query: SearchQuery, depth: int, document_ids: Documents, applied: int) -> Words:
    found = lexical.search(
        query.text,
        depth,
        document_ids=document_ids,
        collections=query.filter.collections,
        everywhere=query.terms,
    )
    return Words(applied, dict(found))


def look_up(
    dense: FaissIndex,
    held: Holdings,
    vector: np.ndarray | None,
    depth: int,
    allowed: np.ndarray | None,
    lexical: Mapping[int, float],
    sequence: int,
) -> Candidates:
    """`vector` has the shape (1, dimensions), None where only words count; `allowed` are the chunks that the filter lets pass."""
    near: dict[int, float] = {}
    cosines: dict[int, float] = {}
    if vector is not None:
        scores, ids = dense.search(vector, depth, allowed)
        near = {int(i): float(s) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0}
        # What only words found has a cosine too: the blend needs both.
        rest = [key for key in lexical if key not in near]
        scored = zip(rest, dense.scores(vector[0], rest), strict=True)
        cosines = {key: cosine for key, cosine in scored if cosine is not None}
    prints = {key: held.fingerprint(key) for key in {**near, **lexical}}
    return Candidates(sequence, near, lexical, cosines, prints)
