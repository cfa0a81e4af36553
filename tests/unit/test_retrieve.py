"""The index view over a feed in memory: what is found, when, and after what."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.adapters import index_faiss
from rag.errors import ConfigurationError
from rag.fakes import FakeEmbedder
from rag.model import Filter, Mode
from rag.ports import SearchQuery
from rag.retrieval import retrieve, snapshots
from rag.retrieval.holdings import fingerprint
from rag.retrieval.retrieve import IndexView
from rag.settings import Retrieval
from rag.store.feed import Change, ChunkRow, Pulse
from rag.store.views import ViewState
from rag.store.watching import Watch


class Bag:
    """FakeEmbedder, synchronously."""

    def __init__(self, version: str = "bag/1", dimensions: int = 256) -> None:
        self._fake = FakeEmbedder(dimensions=dimensions, version="fake/1" if version == "bag/1" else version)
        self.version, self.dimensions = version, dimensions

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._fake.vector(text) for text in texts])


class MemoryFeed:
    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.documents_by_id: dict[str, list[ChunkRow]] = {}
        self.model: str | None = None
        self.pruned = 0
        self.unseen: set[tuple[str, str]] = set()
        """(text, model) without a vector yet."""
        self.asked: list[str] = []
        self.commits: int | None = None
        self.looks = 0
        self._next = 0
        self._bag = Bag()

    def put(self, document_id: str, *texts: str, collection: str = "a") -> int:
        rows = []
        for text in texts:
            self._next += 1
            vector = self._bag.embed([text])[0]
            rows.append(ChunkRow(self._next, document_id, collection, f"{document_id}.pdf", 1, "", text, vector))
        self.documents_by_id[document_id] = rows
        return self._change("upsert", document_id, collection)

    def drop(self, document_id: str) -> int:
        del self.documents_by_id[document_id]
        return self._change("delete", document_id, "a")

    def _change(self, op, document_id: str, collection: str) -> int:
        self.changes.append(Change(len(self.changes) + 1, op, document_id, collection))
        return len(self.changes)

    def watch(self) -> Watch:
        return Watch(lambda: self.commits, at_most=60)

    async def pulse(self) -> Pulse:
        self.looks += 1
        return Pulse(len(self.changes), self.model)

    async def since(self, seq: int, *, limit: int = 500) -> list[Change] | None:
        return None if seq < self.pruned else self.changes[seq : seq + limit]

    async def documents(self) -> tuple[int, list[str]]:
        return len(self.changes), [key for key, rows in self.documents_by_id.items() if rows]

    async def rows(self, document_ids: Sequence[str], model: str) -> list[ChunkRow]:
        self.asked.extend(document_ids)
        rows = [row for key in document_ids for row in self.documents_by_id.get(key, [])]
        return [replace(row, embedding=self.vector(row, model)) for row in rows]

    async def vectors(self, chunk_ids: Sequence[int], model: str) -> tuple[list[int], np.ndarray]:
        rows = [row for rows in self.documents_by_id.values() for row in rows if row.chunk_id in set(chunk_ids)]
        found = [(row.chunk_id, vector) for row in rows if (vector := self.vector(row, model)) is not None]
        return [key for key, _ in found], np.stack([vector for _, vector in found] or [np.zeros(0, np.float32)])

    def vector(self, row: ChunkRow, model: str) -> np.ndarray | None:
        return None if (row.text, model) in self.unseen else Bag(model).embed([row.text])[0]


@pytest.fixture
def feed() -> MemoryFeed:
    feed = MemoryFeed()
    feed.put("rent", "The monthly rent is 2,450 euros.", "The tenant keeps the garden.")
    feed.put("cats", "Cats sleep most of the day.", collection="b")
    feed.put("bill", "Invoice INV-2024-0117 over $4,850.00 is due in May.")
    return feed


@pytest.fixture
async def opened(tmp_path: Path):
    """Opens views over `tmp_path`, and stops them at the end."""
    views = []

    async def open_view(feed: MemoryFeed, *, embedder: Bag | None = None, **options) -> IndexView:
        async def resolve(filter: Filter) -> list[str]:
            return [key for key in feed.documents_by_id if key in filter.types]

        view = IndexView(
            feed,
            embedder or Bag(),
            settings=Retrieval(poll_seconds=0.01),
            snapshots=tmp_path / "index",
            resolve=resolve,
            **options,
        )
        views.append(view)
        await view.start()
        return view

    yield open_view
    for view in views:
        await view.stop()


async def texts(view: IndexView, feed: MemoryFeed, text: str, **options) -> list[str]:
    known = {row.chunk_id: row.text for rows in feed.documents_by_id.values() for row in rows}
    found = await view.search(SearchQuery(text, **options))
    return [known[hit.chunk_id] for hit in found.hits]


async def test_an_idle_view_asks_the_library_only_when_something_was_committed(feed, opened):
    feed.commits = 1
    view = await opened(feed)
    await asyncio.sleep(0.1)
    asked = feed.looks
    await asyncio.sleep(0.2)  # twenty times `poll_seconds`
    assert feed.looks == asked
    last = feed.put("late", "The notary keeps the deed.")
    feed.commits = 2
    async with asyncio.timeout(10):
        while await view.sequence() < last:
            await asyncio.sleep(0.01)
    assert "The notary keeps the deed." in await texts(view, feed, "notary deed")


@pytest.mark.parametrize("mode", list(Mode))
async def test_the_chunk_that_shares_the_words_is_first(feed, opened, mode):
    view = await opened(feed)
    assert (await texts(view, feed, "monthly rent", mode=mode))[0] == "The monthly rent is 2,450 euros."


async def test_lexical_finds_words_in_another_form(feed, opened):
    assert await texts(await opened(feed), feed, "sleeping", mode=Mode.LEXICAL) == ["Cats sleep most of the day."]


@pytest.mark.parametrize("code", ["INV-2024-0117", "inv20240117", "4850", "4,850.00", "$4,850"])
async def test_codes_and_amounts_are_found_in_any_spelling(feed, opened, code):
    found = await texts(await opened(feed), feed, code, mode=Mode.LEXICAL)
    assert found[0] == "Invoice INV-2024-0117 over $4,850.00 is due in May."


async def test_operators_and_marks_of_a_question_are_words(feed, opened):
    found = await texts(await opened(feed), feed, 'rent AND NOT (garden:"x', mode=Mode.LEXICAL)
    assert set(found) == {"The monthly rent is 2,450 euros.", "The tenant keeps the garden."}


async def test_a_question_with_a_broken_character_is_answered(feed, opened):
    assert (await texts(await opened(feed), feed, "monthly rent \ud83d"))[0] == "The monthly rent is 2,450 euros."


async def test_hits_carry_scores_and_ranks_of_both(feed, opened):
    view = await opened(feed)
    hit = (await view.search(SearchQuery("monthly rent"))).hits[0]
    assert (hit.chunk_id, hit.dense_rank, hit.lexical_rank) == (1, 1, 1)
    assert hit.score == pytest.approx(1.0)
    assert hit.dense is not None
    assert hit.dense > 0.4


async def test_a_search_waits_for_what_it_was_promised(feed, opened):
    view = await opened(feed)
    seq = feed.put("dog", "Dogs bark at night.")
    found = await view.search(SearchQuery("dogs bark", at_least=seq, top_k=1))
    assert (found.hits[0].chunk_id, found.sequence) == (5, seq)


async def test_a_search_answers_though_the_promise_cannot_be_kept(feed, opened, monkeypatch):
    monkeypatch.setattr(retrieve, "CATCH_UP_SECONDS", 0.05)
    found = await (await opened(feed)).search(SearchQuery("rent", at_least=99))
    assert found.sequence == 3


async def test_a_deleted_document_is_not_found(feed, opened):
    view = await opened(feed)
    seq = feed.drop("cats")
    assert "Cats sleep most of the day." not in await texts(view, feed, "cats", at_least=seq)
    assert (await view.search(SearchQuery("cats", mode=Mode.LEXICAL))).hits == ()


async def test_a_change_between_the_words_and_the_vector_of_a_search_is_seen_whole(feed, opened, monkeypatch):
    view = await opened(feed)
    searched, embed, search = threading.Event(), view._embedder.embed, view._lexical.search
    deleted: list[str] = []

    def words(*args, **options):
        found = search(*args, **options)
        searched.set()
        return found

    def vector(texts):
        assert searched.wait(5)  # the words are looked for while the model works
        if not deleted:
            deleted.append("rent")
            view._apply(deleted, [], feed.drop("rent"))
        return embed(texts)

    monkeypatch.setattr(view._lexical, "search", words)
    monkeypatch.setattr(view._embedder, "embed", vector)
    found = await view.search(SearchQuery("the tenant keeps the garden or the monthly rent or an invoice"))
    assert deleted == ["rent"]
    assert {hit.chunk_id for hit in found.hits} == {3, 4}


@pytest.fixture
def looked_up(monkeypatch) -> list[SearchQuery]:
    """The searches that the indexes were asked for."""
    asked: list[SearchQuery] = []
    look_up = retrieve.look_up
    monkeypatch.setattr(retrieve, "look_up", lambda *args: asked.append(args[2]) or look_up(*args))
    return asked


async def test_a_question_that_comes_again_is_not_looked_up_again(feed, opened, looked_up):
    view = await opened(feed)
    first = await view.search(SearchQuery("monthly rent"))
    assert await view.search(SearchQuery("monthly rent", at_least=2)) == first
    assert looked_up == [SearchQuery("monthly rent")]


@pytest.mark.parametrize(
    "other",
    [
        {"text": "monthly rents"},
        {"mode": Mode.DENSE},
        {"top_k": 40},
        {"filter": Filter(collections=("b",))},
        {"filter": Filter(document_ids=("cats",))},
        {"filter": Filter(types=("cats",))},
    ],
)
async def test_what_is_remembered_of_one_search_is_not_given_to_another(feed, opened, looked_up, other):
    view = await opened(feed)
    query = SearchQuery("monthly rent")
    for asked in (query, replace(query, **other), query):
        await view.search(asked)
    assert looked_up == [query, replace(query, **other)]


async def test_a_question_that_comes_again_after_a_change_meets_the_changed_index(feed, opened):
    view = await opened(feed)
    assert (await texts(view, feed, "monthly rent"))[0] == "The monthly rent is 2,450 euros."
    new = feed.put("more", "The monthly rent rises to 2,600 euros.")
    assert "The monthly rent rises to 2,600 euros." in await texts(view, feed, "monthly rent", at_least=new)
    gone = feed.drop("rent")
    found = await view.search(SearchQuery("monthly rent", at_least=gone))
    assert 1 not in {hit.chunk_id for hit in found.hits}
    assert found.sequence == gone


async def test_new_chunks_of_a_document_take_the_place_of_the_old(feed, opened):
    view = await opened(feed)
    seq = feed.put("cats", "Cats hunt at night.")
    found = await view.search(SearchQuery("cats", mode=Mode.LEXICAL, at_least=seq))
    assert [hit.chunk_id for hit in found.hits] == [5]


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_collection_hides_the_others(feed, opened, mode):
    view = await opened(feed)
    assert await texts(view, feed, "rent cats", mode=mode, filter=Filter(collections=("b",))) == [
        "Cats sleep most of the day."
    ]


@pytest.mark.parametrize("mode", list(Mode))
async def test_named_documents_hide_the_others(feed, opened, mode):
    view = await opened(feed)
    assert await texts(view, feed, "rent cats", mode=mode, filter=Filter(document_ids=("cats",))) == [
        "Cats sleep most of the day."
    ]


async def test_other_fields_are_resolved_to_documents(feed, opened):
    view = await opened(feed)
    assert await texts(view, feed, "rent cats", filter=Filter(types=("cats",))) == ["Cats sleep most of the day."]


async def test_a_filter_that_nothing_passes_finds_nothing(feed, opened):
    assert (await (await opened(feed)).search(SearchQuery("rent", filter=Filter(types=("none",))))).hits == ()


async def test_the_same_words_are_given_once(feed, opened):
    feed.put("copy", "THE MONTHLY RENT  is 2,450 euros")
    view = await opened(feed)
    found = await view.search(SearchQuery("monthly rent"))
    assert [hit.chunk_id for hit in found.hits].count(1) + [hit.chunk_id for hit in found.hits].count(5) == 1


async def test_an_outgrown_index_is_made_anew_beside_the_old_one(feed, opened, monkeypatch):
    monkeypatch.setattr(index_faiss, "FLAT_UP_TO", 16)
    view = await opened(feed)
    assert view.state.kind == "flat"
    for number in range(16):
        seq = feed.put(f"dog{number}", f"Dog number {number} barks at night.")
        assert await texts(view, feed, f"dog number {number}", at_least=seq, top_k=1) == [
            f"Dog number {number} barks at night."
        ]
    async with asyncio.timeout(5):
        while view.state.kind != "pq":
            await asyncio.sleep(0.01)
    assert (await texts(view, feed, "monthly rent"))[0] == "The monthly rent is 2,450 euros."


async def test_no_documents_no_hits(opened):
    assert (await (await opened(MemoryFeed())).search(SearchQuery("anything"))).hits == ()


async def test_similarity_is_one_for_the_same_and_less_for_others(opened):
    same, other = await (await opened(MemoryFeed())).similarity("red car", ["red car", "blue moon"])
    assert same == pytest.approx(1.0)
    assert other < 0.1


async def test_a_snapshot_spares_reading_the_rows_again(feed, opened):
    await (await opened(feed)).stop()
    feed.asked.clear()
    feed.put("dog", "Dogs bark at night.")
    view = await opened(feed)
    assert feed.asked == ["dog"]
    assert (await texts(view, feed, "monthly rent"))[0] == "The monthly rent is 2,450 euros."
    assert (await texts(view, feed, "dogs bark"))[0] == "Dogs bark at night."


async def test_deletions_reach_a_view_that_was_loaded(feed, opened):
    await (await opened(feed)).stop()
    seq = feed.drop("cats")
    view = await opened(feed)
    assert (await view.sequence(), (await view.search(SearchQuery("cats", mode=Mode.LEXICAL))).hits) == (seq, ())


@pytest.mark.parametrize("name", ["dense.faiss", "documents.json", "manifest.json"])
async def test_a_damaged_snapshot_is_discarded_and_rebuilt(feed, opened, tmp_path, name):
    await (await opened(feed)).stop()
    [folder] = (tmp_path / "index").glob("snapshot-*")
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 0xFF
    (folder / name).write_bytes(bytes(data))
    feed.asked.clear()
    view = await opened(feed)
    assert sorted(feed.asked) == ["bill", "cats", "rent"]
    assert not folder.exists()
    assert (await texts(view, feed, "monthly rent"))[0] == "The monthly rent is 2,450 euros."


async def test_a_snapshot_of_another_model_is_not_used(feed, opened):
    await (await opened(feed, embedder=Bag("bag/0"))).stop()
    feed.asked.clear()
    await opened(feed)
    assert sorted(feed.asked) == ["bill", "cats", "rent"]


async def test_a_snapshot_ahead_of_the_database_is_not_used(feed, opened):
    await (await opened(feed)).stop()
    young = MemoryFeed()
    young.put("new", "A new beginning.")
    view = await opened(young)
    assert await view.sequence() == 1
    assert await texts(view, young, "beginning") == ["A new beginning."]


async def test_a_library_of_another_model_that_cannot_be_loaded_is_refused_with_a_remedy(feed, opened):
    feed.model = "bag/1"
    with pytest.raises(ConfigurationError, match="embedded with bag/1, the embedder is bag/2") as caught:
        await opened(feed, model="bag/2")
    assert "redwell reindex" in caught.value.remedy


async def test_the_library_is_searched_with_its_own_model_whatever_the_settings_say(feed, opened):
    feed.model = "bag/1"
    view = await opened(feed, embedder=Bag("bag/2"), load=Bag)
    assert view.state.model == "bag/1"
    assert (await texts(view, feed, "monthly rent", mode=Mode.DENSE))[0] == "The monthly rent is 2,450 euros."


async def test_embeddings_of_another_size_are_refused(feed, opened):
    with pytest.raises(ConfigurationError, match="256 dimensions, the embedder 8"):
        await opened(feed, embedder=Bag(dimensions=8))


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_another_model_is_swapped_in_and_no_search_is_ever_empty(feed, opened):
    for number in range(300):
        feed.put(f"dog{number}", f"Dog number {number} barks at night.")
    feed.model = "bag/1"
    view = await opened(feed, load=Bag)
    feed.model = "bag/2"
    seen = []
    async with asyncio.timeout(20):
        while view.state.model != "bag/2":
            found = await view.search(SearchQuery("Dog number 7 barks at night.", mode=Mode.DENSE, top_k=3))
            seen.append((len(found.hits), found.hits[0].score))
            await asyncio.sleep(0)
    assert {count for count, _ in seen} == {3}
    assert min(score for _, score in seen) == pytest.approx(1.0, abs=2e-3)
    assert await texts(view, feed, "Dog number 7 barks at night.", mode=Mode.DENSE, top_k=1) == [
        "Dog number 7 barks at night."
    ]


async def test_what_comes_while_the_model_is_swapped_is_found(feed, opened):
    feed.model = "bag/1"
    view = await opened(feed, load=Bag)
    feed.model = "bag/2"
    feed.unseen = {("Birds sing in the morning.", "bag/1")}
    seq = feed.put("bird", "Birds sing in the morning.")
    assert "Birds sing in the morning." in await texts(view, feed, "birds sing", at_least=seq)
    await until(lambda: view.state.model == "bag/2")
    hit = (await view.search(SearchQuery("birds sing", mode=Mode.DENSE, top_k=1))).hits[0]
    assert (hit.chunk_id, hit.dense_rank) == (5, 1)


async def test_a_chunk_without_a_vector_is_found_by_its_words_and_later_by_its_vector(feed, opened):
    feed.unseen = {("Birds sing in the morning.", "bag/1")}
    view = await opened(feed)
    seq = feed.put("bird", "Birds sing in the morning.")
    [hit] = [hit for hit in (await view.search(SearchQuery("birds", at_least=seq))).hits if hit.lexical_rank == 1]
    assert (hit.chunk_id, hit.dense, hit.lexical_rank) == (5, None, 1)
    feed.unseen = set()
    seq = feed._change("upsert", "bird", "a")
    hit = (await view.search(SearchQuery("birds", at_least=seq))).hits[0]
    assert (hit.chunk_id, hit.dense_rank) == (5, 1)


async def test_where_changes_were_pruned_everything_is_read_again(feed, opened):
    await (await opened(feed)).stop()
    feed.drop("cats")
    feed.put("dog", "Dogs bark at night.")
    feed.put("bird", "Birds sing in the morning.")
    feed.pruned = 5
    view = await opened(feed)
    assert await view.sequence() == 6
    assert (await view.search(SearchQuery("cats", mode=Mode.LEXICAL))).hits == ()
    assert (await texts(view, feed, "dogs bark"))[0] == "Dogs bark at night."
    assert (await texts(view, feed, "monthly rent"))[0] == "The monthly rent is 2,450 euros."


class MemoryViews:
    def __init__(self) -> None:
        self.reports: list[ViewState] = []
        self.left: list[str] = []
        self.prunings = 0

    async def report(self, view: ViewState) -> None:
        self.reports.append(view)

    async def leave(self, id: str) -> None:
        self.left.append(id)

    async def prune(self) -> int:
        self.prunings += 1
        return 0


async def test_a_view_reports_itself_prunes_after_a_snapshot_and_leaves(feed, tmp_path):
    async def resolve(filter: Filter) -> list[str]:
        return []

    views = MemoryViews()
    view = IndexView(
        feed,
        Bag(),
        settings=Retrieval(poll_seconds=0.01, snapshot_every=2),
        snapshots=tmp_path / "index",
        resolve=resolve,
        views=views,
    )
    await view.start()
    assert [(state.chunks, state.sequence, state.needs, state.kind) for state in views.reports[:1]] == [
        (4, 3, 3, "flat")
    ]
    assert views.prunings == 1
    await view.stop()
    assert views.left == [view.state.id]


def test_older_snapshots_are_removed(tmp_path):
    for sequence in (1, 2, 3):
        snapshots.write(tmp_path, sequence, "m", lambda folder: None)
    assert [s.sequence for s in snapshots.newest(tmp_path)] == [3, 2]


def test_a_snapshot_that_fails_leaves_nothing(tmp_path):
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        snapshots.write(tmp_path, 1, "m", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_the_manifest_does_not_name_is_damage(tmp_path):
    snapshot = snapshots.write(tmp_path, 1, "m", lambda folder: (folder / "a").write_text("x") and None)
    assert set(json.loads((snapshot.folder / "manifest.json").read_text().splitlines()[0])["files"]) == {"a"}
    (snapshot.folder / "b").write_text("y")
    assert list(snapshots.newest(tmp_path)) == []


def test_fingerprints_ignore_case_space_and_marks():
    assert fingerprint("The  rent: 5!") == fingerprint("the rent 5")
    assert fingerprint("the rent 5") != fingerprint("the rent 6")
    assert fingerprint("--") != fingerprint("++")
