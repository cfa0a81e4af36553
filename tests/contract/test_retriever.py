"""Every Retriever: ranks by the question, keeps to the documents asked for, and scores texts against a question."""

from __future__ import annotations

import numpy as np
import pytest

from rag.fakes import FakeEmbedder, FakeRetriever
from rag.model import Filter
from rag.ports import SearchQuery
from rag.retrieval.retrieve import IndexView
from rag.settings import Retrieval
from rag.store.feed import Change, ChunkRow, Pulse
from rag.store.watching import Watch

ROWS = [
    (1, "rent", "The monthly rent is 2,450 euros."),
    (2, "cats", "Cats sleep all day."),
    (3, "rent", "Pay the deposit now."),
]


class Feed:
    """ROWS, one change a document."""

    def __init__(self, embedder) -> None:
        self._embedder = embedder

    async def since(self, seq, *, limit=500):
        return [Change(1, "upsert", "rent", "a"), Change(2, "upsert", "cats", "a")][seq:]

    def watch(self):
        return Watch(lambda: None, at_most=1)  # as of a database that tells commits only when it is asked

    async def pulse(self):
        return Pulse(2, None)

    async def documents(self):
        return 2, ["rent", "cats"]

    async def rows(self, document_ids, model):
        return [
            ChunkRow(key, document, "a", "x.pdf", 1, "", text, self._embedder.embed([text])[0])
            for key, document, text in ROWS
            if document in document_ids
        ]

    async def vectors(self, chunk_ids, model):
        return [], np.zeros((0, 0), np.float32)


class Bag:
    version, dimensions = "bag/1", 64

    def embed(self, texts):
        return np.stack([FakeEmbedder().vector(text) for text in texts])


async def no_documents(filter):
    return []


@pytest.fixture(params=["fake", "index/bag", "index/minilm"])
async def retriever(request, tmp_path):
    if request.param == "fake":
        fake = FakeRetriever(reached=2)
        for row in ROWS:
            fake.put(*row)
        yield fake
        return
    embedder = Bag() if request.param.endswith("bag") else request.getfixturevalue("minilm")
    view = IndexView(Feed(embedder), embedder, settings=Retrieval(), snapshots=tmp_path, resolve=no_documents)
    await view.start()
    yield view
    await view.stop()


async def test_the_answer_is_first(retriever):
    found = await retriever.search(SearchQuery("What is the monthly rent?"))
    assert (found.hits[0].chunk_id, found.sequence) == (1, 2)


async def test_scores_fall(retriever):
    scores = [hit.score for hit in (await retriever.search(SearchQuery("rent of cats"))).hits]
    assert scores == sorted(scores, reverse=True)


async def test_no_more_than_asked_for(retriever):
    assert len((await retriever.search(SearchQuery("rent", top_k=1))).hits) == 1


async def test_only_the_documents_asked_for(retriever):
    found = await retriever.search(SearchQuery("monthly rent", filter=Filter(document_ids=("cats",))))
    assert [hit.chunk_id for hit in found.hits] == [2]


async def test_similarity_orders_texts(retriever):
    near, far = await retriever.similarity("monthly rent", ["the monthly rent", "cats sleep"])
    assert near > far + 0.3


async def test_similarity_of_nothing(retriever):
    assert await retriever.similarity("rent", []) == []


async def test_the_sequence_is_told(retriever):
    assert await retriever.sequence() == 2
