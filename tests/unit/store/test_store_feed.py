from __future__ import annotations

import asyncio

import numpy as np

from rag.model import Chunk, Document
from rag.store.database import Database
from rag.store.documents import DocumentStore
from rag.store.feed import Change, ChangeFeed, Pulse


async def added(store: DocumentStore, number: int, collection: str = "default") -> Document:
    document, _ = await store.add(
        filename=f"{number}.txt", media_type="text/plain", sha256=f"{number:064}", size=1, collection=collection
    )
    return document


async def indexed(store: DocumentStore, document: Document, *texts: str, model: str = "m") -> int:
    chunks = [Chunk(document.id, 1, 0, len(text), text, heading="H") for text in texts]
    vectors = np.arange(len(texts) * 3, dtype=np.float64).reshape(-1, 3) / 7
    return await store.save_chunks(document.id, chunks, vectors, model=model)


async def test_an_empty_feed_starts_at_zero(feed: ChangeFeed) -> None:
    assert await feed.head() == 0
    assert await feed.since(0) == []
    assert await feed.rows([], "m") == []
    assert await feed.pulse() == Pulse(0, None)
    assert await feed.documents() == (0, [])


async def test_changes_come_in_their_order(store: DocumentStore, feed: ChangeFeed) -> None:
    one, two = await added(store, 1), await added(store, 2, "law")
    numbers = [await indexed(store, one, "a"), await indexed(store, two, "b"), await indexed(store, one)]
    await store.delete(two.id)
    expected = [
        Change(numbers[0], "upsert", one.id, "default"),
        Change(numbers[1], "upsert", two.id, "law"),
        Change(numbers[2], "upsert", one.id, "default"),
        Change(await feed.head(), "delete", two.id, "law"),
    ]
    assert await feed.since(0) == expected
    assert await feed.since(0, limit=2) == expected[:2]
    assert await feed.since(numbers[1]) == expected[2:]
    assert numbers == sorted(set(numbers))


async def test_rows_are_what_an_index_needs(store: DocumentStore, feed: ChangeFeed) -> None:
    one, two = await added(store, 1, "law"), await added(store, 2)
    await indexed(store, two, "z")
    await indexed(store, one, "a", "漢字")
    rows = await feed.rows([one.id, two.id, "gone", one.id], "m")
    assert [(r.document_id, r.collection, r.filename, r.text, r.heading, r.page) for r in rows] == [
        (two.id, "default", "2.txt", "z", "H", 1),
        (one.id, "law", "1.txt", "a", "H", 1),
        (one.id, "law", "1.txt", "漢字", "H", 1),
    ]
    assert [r.chunk_id for r in rows[1:]] == [c.id for c in await store.chunks(one.id)]
    assert rows[2].embedding.dtype == np.float32
    np.testing.assert_array_equal(rows[2].embedding, np.array([3, 4, 5], dtype=np.float32) / np.float32(7))


async def test_rows_come_with_the_vectors_of_the_model_asked_for(store: DocumentStore, feed: ChangeFeed) -> None:
    one, two = await added(store, 1), await added(store, 2)
    await indexed(store, one, "a", model="old")
    await indexed(store, two, "b", model="new")
    assert [row.embedding is None for row in await feed.rows([one.id, two.id], "old")] == [False, True]
    ids = [row.chunk_id for row in await feed.rows([one.id, two.id], "old")]
    found, vectors = await feed.vectors(ids, "new")
    assert (found, vectors.shape) == (ids[1:], (1, 3))
    assert (await feed.vectors(ids, "none"))[0] == []


async def test_the_pulse_names_the_model_that_was_first(store: DocumentStore, feed: ChangeFeed) -> None:
    one, two = await added(store, 1), await added(store, 2)
    await indexed(store, one, "a", model="old")
    last = await indexed(store, two, "a", model="new")
    assert await feed.pulse() == Pulse(last, "old")
    assert await feed.documents() == (last, sorted([one.id, two.id]))


async def test_a_reader_that_follows_writers_misses_no_change(
    store: DocumentStore, database: Database, feed: ChangeFeed
) -> None:
    documents = [await added(store, number) for number in range(8)]
    seen: list[int] = []
    written: list[int] = []

    async def write(document: Document) -> None:
        other = Database(database._url.render_as_string(hide_password=False))
        for _ in range(5):
            written.append(await indexed(DocumentStore(other), document, "a", "b"))
        await other.close()

    async def follow(writers: asyncio.Future[list[None]]) -> None:
        ended = False
        while not ended:
            ended = writers.done()
            changes = await feed.since(seen[-1] if seen else 0, limit=3)
            seen.extend(change.seq for change in changes)
            ended = ended and not changes

    writers = asyncio.gather(*(write(document) for document in documents))
    await follow(writers)
    await writers
    assert seen == sorted(written)
    assert len(seen) == 40
