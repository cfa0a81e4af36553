"""The search seam: reranked where there is a reranker, duplicates named, the order of retrieval when it is away."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from rag.api import create_app
from rag.errors import Unavailable
from rag.fakes import FakeReranker, FakeRetriever
from rag.model import Hit
from rag.ports import SearchQuery, SearchResult
from rag.retrieval.search import find
from rag.services import Services
from tests.unit.app.conftest import add, work


class InOrder(FakeRetriever):
    """All chunks, by id; the first one stands for the second, a copy."""

    async def search(self, query: SearchQuery) -> SearchResult:
        keys = sorted(self.rows)
        hits = [Hit(key, 1.0 / rank) for rank, key in enumerate(keys, 1)]
        hits[0] = replace(hits[0], also=(keys[1],))
        return SearchResult(tuple(hit for hit in hits if hit.chunk_id != keys[1])[: query.top_k], 9)


@pytest.fixture
async def library(services: Services) -> Services:
    retriever = InOrder()
    for name, text in (
        ("a.txt", "Cats sleep all day long."),
        ("b.txt", "Cats sleep, all day long!"),
        ("c.txt", "The boat is moored at the pier."),
        ("d.txt", "The monthly rent is 2,450 euros."),
    ):
        document = await add(services, text, name)
        await work(services)
        for chunk in await services.state.documents.chunks(document.id):
            retriever.put(chunk.id or 0, document.id, chunk.text)
    return replace(services, retriever=retriever)


async def names(library: Services, **options) -> list[str]:
    found = await find(SearchQuery("monthly rent", **options), library)
    return [passage.filename for passage in found.passages]


async def test_without_a_reranker_the_order_is_that_of_retrieval(library):
    assert await names(library) == ["a.txt", "c.txt", "d.txt"]


async def test_text_is_read_of_as_many_passages_as_are_asked_for(library, monkeypatch):
    read: list[int] = []
    store = type(library.state.documents)
    passages = store.passages

    async def counted(self, hits):
        read.append(len(hits))
        return await passages(self, hits)

    async def apart(self, query):
        return SearchResult(tuple(Hit(key, 1.0) for key in sorted(self.rows)[: query.top_k]), 9)

    monkeypatch.setattr(store, "passages", counted)
    assert (await names(library, top_k=2), read) == (["a.txt", "c.txt"], [2])
    read.clear()
    monkeypatch.setattr(InOrder, "search", apart)
    # The second hit says what the first does: the next one is read, and takes its place.
    assert (await names(library, top_k=2), read) == (["a.txt", "c.txt"], [2, 1])


async def test_a_reranker_orders(library):
    found = await find(SearchQuery("monthly rent", top_k=1), replace(library, reranker=FakeReranker()))
    [best] = found.passages
    assert (best.filename, best.hit.score, best.hit.reranked, found.sequence) == ("d.txt", 1.0, 1.0, 9)


async def test_while_the_reranker_is_away_retrieval_stands(library):
    away = replace(library, reranker=FakeReranker(fail=Unavailable("gone")))
    assert await names(away, top_k=2) == ["a.txt", "c.txt"]


async def test_copies_are_named_where_they_are(library):
    transport = httpx.ASGITransport(create_app(library), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as client:
        [first, *_] = (await client.post("/v1/search", json={"query": "cats"})).json()["results"]
    assert [(place["filename"], place["page"]) for place in first["also_in"]] == [("b.txt", 1)]
    assert first["reranked"] is None
