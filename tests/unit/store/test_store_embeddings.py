"""Models, their vectors and the views of the index in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from rag.errors import Conflict, InvalidInput, StageFailed
from rag.model import Chunk, Document
from rag.store.database import Database
from rag.store.documents import DocumentStore
from rag.store.embeddings import Embeddings
from rag.store.feed import ChangeFeed
from rag.store.views import IndexViews, ViewState

VIEW = ViewState("one", 0, "old", "flat", 3, 3, 3)


@pytest.fixture
def embeddings(database: Database) -> Embeddings:
    return Embeddings(database)


async def indexed(store: DocumentStore, number: int, *texts: str, model: str = "old") -> Document:
    document, _ = await store.add(filename=f"{number}.txt", media_type="text/plain", sha256=f"{number:064}", size=1)
    chunks = [Chunk(document.id, 1, 0, len(text), text) for text in texts]
    await store.save_chunks(document.id, chunks, np.ones((len(texts), 4)), model=model)
    return document


async def made(embeddings: Embeddings, version: str, *, announce: bool = False) -> int:
    pending = await embeddings.missing(version)
    await embeddings.save(version, pending, np.full((len(pending), 4), 2.0), announce=announce)
    return len(pending)


async def test_the_first_model_is_active_and_stays_so(store: DocumentStore, embeddings: Embeddings) -> None:
    assert await embeddings.settle("old") == "old"
    assert await embeddings.settle("other") == "other"  # nothing was embedded yet
    await indexed(store, 1, "a", model="other")
    assert await embeddings.settle("old") == "other"
    assert await embeddings.active() == "other"


async def test_a_model_is_made_beside_the_old_one_and_promoted(
    store: DocumentStore, embeddings: Embeddings, feed: ChangeFeed
) -> None:
    await indexed(store, 1, "a", "b")
    await embeddings.begin("new")
    assert await embeddings.work("me", lease_seconds=60) == ("new", "building")
    assert not await embeddings.promote("new")
    assert await made(embeddings, "new") == 2
    assert [(m.version, m.state, m.done) for m in await embeddings.models()] == [
        ("old", "active", 2),
        ("new", "building", 2),
    ]
    assert (await feed.pulse()).model == "old"
    assert await embeddings.promote("new")
    assert (await feed.pulse()).model == "new"
    assert await embeddings.work("me", lease_seconds=60) == ("old", "retired")
    await embeddings.forget("old")
    assert [(m.version, m.state, m.done) for m in await embeddings.models()] == [("new", "active", 2)]


async def test_a_chunk_that_came_late_holds_the_swap_back(store: DocumentStore, embeddings: Embeddings) -> None:
    await indexed(store, 1, "a")
    await embeddings.begin("new")
    await made(embeddings, "new")
    await indexed(store, 2, "b")
    assert not await embeddings.promote("new")
    await made(embeddings, "new")
    assert await embeddings.promote("new")


async def test_vectors_of_an_unknown_model_call_for_work(store: DocumentStore, embeddings: Embeddings) -> None:
    """An analyzer that had begun before the swap writes with the model that was active then."""
    await indexed(store, 1, "a", model="new")
    late = await indexed(store, 2, "b", model="old")
    assert await embeddings.work("me", lease_seconds=60) == ("old", "retired")
    assert [p.chunk.document_id for p in await embeddings.missing("new")] == [late.id]


async def test_filling_the_active_model_tells_the_indexes(
    store: DocumentStore, embeddings: Embeddings, feed: ChangeFeed
) -> None:
    await indexed(store, 1, "a", model="new")
    late = await indexed(store, 2, "b", "c", model="old")
    before = await feed.head()
    await made(embeddings, "new", announce=True)
    assert [(c.op, c.document_id) for c in await feed.since(before) or []] == [("upsert", late.id)]


async def test_a_deleted_chunk_is_left_out_and_takes_its_vectors_with_it(
    store: DocumentStore, embeddings: Embeddings
) -> None:
    gone, kept = await indexed(store, 1, "a"), await indexed(store, 2, "b")
    await embeddings.begin("new")
    pending = await embeddings.missing("new")
    await store.delete(gone.id)
    await embeddings.save("new", pending, np.ones((2, 4)), announce=False)
    assert [(m.version, m.done) for m in await embeddings.models()] == [("old", 1), ("new", 1)]
    assert [chunk.text for chunk in await store.chunks(kept.id)] == ["b"]


async def test_one_move_at_a_time(store: DocumentStore, embeddings: Embeddings) -> None:
    await indexed(store, 1, "a")
    with pytest.raises(Conflict, match="indexed with old already"):
        await embeddings.begin("old")
    await embeddings.begin("new")
    await embeddings.begin("new")
    with pytest.raises(Conflict, match="Embeddings of new are being made"):
        await embeddings.begin("newer")
    with pytest.raises(InvalidInput, match="longer than 300"):
        await embeddings.begin("x" * 301)


async def test_cancelling_deletes_what_was_made(store: DocumentStore, embeddings: Embeddings) -> None:
    await indexed(store, 1, "a")
    await embeddings.begin("new")
    await made(embeddings, "new")
    assert await embeddings.cancel()
    assert not await embeddings.cancel()
    assert [(m.version, m.done) for m in await embeddings.models()] == [("old", 1)]


async def test_a_failure_is_recorded_and_ends_the_work(store: DocumentStore, embeddings: Embeddings) -> None:
    await indexed(store, 1, "a")
    await embeddings.begin("new")
    await embeddings.fail("new", StageFailed("no such model", "name another"))
    assert await embeddings.work("me", lease_seconds=60) is None
    [_, failed] = await embeddings.models()
    assert (failed.state, failed.error) == (
        "failed",
        {"code": "stage_failed", "detail": "no such model", "remedy": "name another"},
    )
    await embeddings.begin("new")
    assert await embeddings.work("me", lease_seconds=60) == ("new", "building")


async def test_work_is_leased(database: Database, store: DocumentStore) -> None:
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    await indexed(store, 1, "a")
    await Embeddings(database, clock=lambda: instant).begin("new")
    assert await Embeddings(database, clock=lambda: instant).work("me", lease_seconds=60) == ("new", "building")
    assert await Embeddings(database, clock=lambda: instant).work("you", lease_seconds=60) is None
    later = instant + timedelta(seconds=61)
    assert await Embeddings(database, clock=lambda: later).work("you", lease_seconds=60) == ("new", "building")


async def test_changes_that_every_live_view_has_passed_are_pruned(
    database: Database, store: DocumentStore, feed: ChangeFeed
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    views = IndexViews(database, clock=lambda: now)
    for number in range(6):
        await indexed(store, number, "a")
    assert await views.prune() == 0
    await views.report(replace(VIEW, needs=4))
    await views.report(replace(VIEW, id="two", needs=2, sequence=5))
    assert await views.prune() == 2
    assert await feed.since(1) is None
    assert [change.seq for change in await feed.since(2) or []] == [3, 4, 5, 6]
    now += timedelta(seconds=61)
    await views.report(replace(VIEW, needs=9))
    assert [view.id for view in await views.live()] == ["one"]
    assert await views.prune() == 3
    assert (await feed.head(), await feed.since(0)) == (6, None)
    assert [change.seq for change in await feed.since(5) or []] == [6]
    await views.leave("one")
    assert await views.live() == []
