"""question -> retriever -> text -> reranker, where there is one -> passages that each say something of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from rag.access.audit import noted
from rag.access.principal import NOWHERE, acting, tenant_of
from rag.errors import Busy, DeadlineExceeded
from rag.model import Filter, Passage
from rag.ports import Reranker, SearchQuery
from rag.retrieval.context import distinct
from rag.services import Services

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    passages: tuple[Passage, ...]
    """Best first, at most the query's `top_k`."""
    sequence: int
    """The change feed's number that the index had reached."""


async def find(query: SearchQuery, services: Services) -> Found:
    """Half as many again are looked for: what says the same as another gives its place to the next. Their text is read only where
    one does, or where a reranker wants all of them."""
    wanted, depth = query.top_k, query.top_k + (query.top_k + 1) // 2
    reranker = services.reranker
    if reranker is not None:
        wanted = depth = max(depth, services.settings.reranking.candidates)
    seen = await narrowed(query.filter, services)
    result = await services.retriever.search(replace(query, top_k=depth, filter=seen))
    hits, read = result.hits, services.state.documents.passages
    passages = await read(hits[:wanted])
    if reranker is not None and passages:
        passages = await _reranked(query.text, passages, reranker)
    kept = distinct(passages)
    if len(kept) < query.top_k and len(hits) > wanted:
        kept = distinct([*kept, *await read(hits[wanted:])])
    shown = tuple(kept[: query.top_k])
    noted(*(passage.chunk.document_id for passage in shown))
    return Found(shown, result.sequence)


async def narrowed(filter: Filter, services: Services) -> Filter:
    """The filter with the collections that whoever asks may see: the index, which does not know him, goes by them.

    Where all that there are may be seen, none are named. What came since is dropped when passages are looked up.
    """
    principal = acting()
    if principal is None:
        return filter
    own = principal.stored_collections
    if own is None:
        there = await services.state.documents.collection_names()
        own = tuple(name for name in there if tenant_of(name) == principal.tenant)
        if len(own) == len(there) and not filter.collections:
            return filter
    names = tuple(name for name in filter.collections if name in own) if filter.collections else own
    return replace(filter, collections=names or (NOWHERE,))


async def _reranked(question: str, passages: Sequence[Passage], reranker: Reranker) -> list[Passage]:
    """In the order of the cross-encoder's scores; as they are while it is away."""
    try:
        scores = await reranker.rerank(question, [f"{one.chunk.heading}\n{one.chunk.text}" for one in passages])
    except (Busy, DeadlineExceeded) as error:
        log.warning("reranker_away", detail=error.detail)
        return list(passages)
    scored = [
        replace(one, hit=replace(one.hit, score=score, reranked=score))
        for one, score in zip(passages, scores, strict=True)
    ]
    return sorted(scored, key=lambda one: -one.hit.score)
