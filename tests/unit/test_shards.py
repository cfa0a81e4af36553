"""Several shards find what one index finds, after any adds, updates and deletions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.model import Filter, Mode
from rag.ports import SearchQuery, Terms
from rag.retrieval.candidates import Candidates, merged, ranked
from rag.retrieval.retrieve import IndexView
from rag.retrieval.shards import ShardedRetriever, shard_of, together
from rag.settings import Retrieval
from tests.unit.test_retrieve import Bag, MemoryFeed

WORDS = [
    "rent",
    "lease",
    "tenant",
    "garden",
    "cat",
    "dog",
    "invoice",
    "court",
    "river",
    "stone",
    "apple",
    "music",
    "train",
    "window",
    "paper",
    "north",
]


async def no_documents(filter: Filter) -> Sequence[str]:
    return []


async def opened(feed: MemoryFeed, folder: Path, shards: int) -> list[IndexView]:
    own = Retrieval(poll_seconds=0.01, shards=shards)
    views = [
        IndexView(feed, Bag(), settings=own, snapshots=folder / str(n), resolve=no_documents, shard=n)
        for n in range(shards)
    ]
    for view in views:
        await view.start()
    return views


def test_documents_fall_to_shards_evenly_and_always_to_the_same():
    counts = np.bincount([shard_of(f"document-{n}", 4) for n in range(4000)])
    assert (min(counts) > 850, shard_of("document-1", 4)) == (True, shard_of("document-1", 4))
    assert {shard_of("document-1", 1)} == {0}


def test_frequencies_add_up():
    one, two = Terms(3, {("text", "a"): 1}), Terms(4, {("text", "a"): 2, ("text", "b"): 1})
    assert together([one, two]) == Terms(7, {("text", "a"): 3, ("text", "b"): 1})


def test_scores_are_blended_over_all_shards():
    """A shard whose best hit is poor must not have it stretched to 1."""
    good = Candidates(7, {1: 0.9, 2: 0.8}, {1: 9.0}, {}, {1: 1, 2: 2})
    poor = Candidates(5, {3: 0.1}, {3: 1.0}, {}, {3: 3})
    found = merged([good, poor], 10)
    assert (found.sequence, [hit.chunk_id for hit in ranked(Mode.HYBRID, found, 10)]) == (5, [1, 2, 3])


def test_copies_in_two_shards_are_one_hit():
    found = merged([Candidates(1, {1: 0.9}, fingerprints={1: 5}), Candidates(1, {2: 0.8}, fingerprints={2: 5})], 10)
    assert [(hit.chunk_id, hit.also) for hit in ranked(Mode.DENSE, found, 10)] == [(1, (2,))]


@settings(max_examples=5, deadline=None, derandomize=True)
@given(data=st.data())
async def test_sharded_search_equals_unsharded(data):
    with TemporaryDirectory() as folder:
        await check_equal(data, Path(folder))


async def check_equal(data, folder: Path) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    feed = MemoryFeed()

    def text() -> str:
        # Ten words each, so that the mean length, which is a shard's own, is the same in all.
        return " ".join(rng.choice(WORDS, 9)) + f" n{rng.integers(10**6)}"

    for number in range(data.draw(st.integers(1, 30))):
        feed.put(f"d{number}", *(text() for _ in range(rng.integers(1, 4))), collection="ab"[number % 2])
    views = await opened(feed, folder / "one", 1)
    shards = await opened(feed, folder / "many", 3)
    sharded = ShardedRetriever(shards, candidates=100)
    try:
        for _ in range(data.draw(st.integers(0, 8))):
            key = rng.choice(list(feed.documents_by_id))
            if rng.random() < 0.5 and len(feed.documents_by_id) > 1:
                feed.drop(str(key))
            else:
                feed.put(str(key), text(), collection="a")
        head = len(feed.changes)
        for mode in Mode:
            for filter in (Filter(), Filter(collections=("a",))):
                query = SearchQuery(" ".join(rng.choice(WORDS, 3)), 8, mode, filter, at_least=head)
                one, many = await views[0].search(query), await sharded.search(query)
                assert (one.sequence, many.sequence) == (head, head)
                living = {row.chunk_id for rows in feed.documents_by_id.values() for row in rows}
                assert {hit.chunk_id for hit in many.hits} <= living
                assert len(many.hits) == len(one.hits)
                if mode is Mode.DENSE or not deletions(feed):
                    assert scores(many.hits) == pytest.approx(scores(one.hits), rel=1e-3, abs=1e-3)
    finally:
        for view in [*views, *shards]:
            await view.stop()


def deletions(feed: MemoryFeed) -> bool:
    """BM25 counts what was deleted until its segment is merged: scores are then the same only in the long run."""
    return len(feed.changes) > len({change.document_id for change in feed.changes})


def scores(hits) -> list[float]:
    return [hit.score for hit in hits]
