from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, update

from rag.access.principal import Principal, acting_as
from rag.errors import Conflict, DocumentNotFound, InvalidInput, NotReady, PageNotFound, StageFailed
from rag.model import (
    Chunk,
    Classification,
    Document,
    Entity,
    Filter,
    Hit,
    Label,
    Page,
    Source,
    Stage,
    StageRecord,
    StageStatus,
    Status,
    Summary,
    Word,
    Words,
)
from rag.store.database import Database
from rag.store.documents import DocumentStore
from rag.store.facets import Collection, EntityFacet
from rag.store.feed import ChangeFeed
from rag.store.jobs import JobQueue
from rag.store.labels import LabelStore
from rag.store.listing import NO_PARENT
from rag.store.tables import chunks, documents, instant, lookup_key, micros, storable


async def added(store: DocumentStore, name: str = "lease.pdf", **options) -> Document:
    sha = options.pop("sha256", name.encode().hex()[:64].ljust(64, "0"))
    document, duplicate = await store.add(
        filename=name, media_type=options.pop("media_type", "application/pdf"), sha256=sha, size=len(name), **options
    )
    assert not duplicate
    return document


def page(number: int, text: str = "Acme pays", **options) -> Page:
    words = Words.pack([Word(0, 4, (10, 20, 50, 30), 0.9), Word(5, 9, (55, 20, 90, 30), 0.8)])
    return Page(number, 595.5, 842.0, text, Source.OCR, words, confidence=0.85, **options)


def chunk(document: Document, text: str = "Acme pays", page: int = 1, start: int = 0) -> Chunk:
    return Chunk(document.id, page, start, start + len(text), text, heading="Rent")


async def finished(store: DocumentStore, jobs: JobQueue, document: Document, status: Status) -> None:
    job = await jobs.claim("worker", lease_seconds=60)
    assert job is not None
    await store.set_status(document.id, status)
    assert await jobs.finish(job)


async def test_a_new_document_is_queued_with_every_stage_waiting(store: DocumentStore, jobs: JobQueue) -> None:
    document = await added(store, "Vertrag für Müller 合同.pdf", metadata={"client": "Müller"}, language="deu+eng")
    assert document == await store.get(document.id)
    assert document.filename == "Vertrag für Müller 合同.pdf"
    assert (document.status, document.collection, document.language) == (Status.QUEUED, "default", "deu+eng")
    assert document.metadata == {"client": "Müller"}
    assert document.stages == {stage.value: StageRecord() for stage in Stage}
    assert document.created_at.tzinfo is UTC
    assert document.warnings == ()
    assert await jobs.depth() == 1


async def test_the_same_bytes_fifty_times_at_once_are_one_document(store: DocumentStore, jobs: JobQueue) -> None:
    async def once(number: int):
        return await store.add(filename=f"{number}.pdf", media_type="application/pdf", sha256="ab" * 32, size=3)

    got = await asyncio.gather(*(once(number) for number in range(50)))
    assert [duplicate for _, duplicate in got].count(False) == 1
    assert len({document.id for document, _ in got}) == 1
    assert (await store.list()).total == 1
    assert await jobs.depth() == 1


async def test_the_same_bytes_in_another_collection_are_another_document(store: DocumentStore) -> None:
    first = await added(store, sha256="a" * 64)
    second = await added(store, sha256="a" * 64, collection="archive")
    assert first.id != second.id
    assert await store.delete(first.id) == ()
    assert await store.delete(second.id) == (second.sha256,)


async def test_what_is_not_there_raises(store: DocumentStore) -> None:
    for call in (
        store.get("x"),
        store.revision("x"),
        store.pages("x"),
        store.page("x", 1),
        store.page_numbers("x"),
        store.entities("x"),
        store.chunks("x"),
        store.delete("x"),
        store.retry("x"),
        store.update("x", filename="y"),
        store.set_status("x", Status.READY),
        store.set_stage("x", Stage.READ, StageRecord()),
        store.save_pages("x", [page(1)]),
        store.save_entities("x", []),
        store.save_summary("x", Summary("s")),
    ):
        with pytest.raises(DocumentNotFound):
            await call


async def test_every_part_of_the_record_comes_back_as_it_was_saved(store: DocumentStore, database: Database) -> None:
    id = (await added(store)).id
    kind = Classification("lease", 0.75, (Label("lease", 0.75), Label("invoice", 0.25)), "m1")
    summary = Summary("Acme rents.", (1, 3), "model", "llm")
    record = StageRecord(StageStatus.FAILED, 1.25, StageFailed("why", "what").as_dict(), "v2", 3, 7)
    await LabelStore(database).save(id, "type", kind)
    await store.save_summary(id, summary)
    await store.save_page_count(id, 12)
    await store.save_detected_language(id, "en")
    await store.add_warnings(id, ["a", "b"])
    await store.add_warnings(id, ["b", "c"])
    await store.set_stage(id, Stage.SUMMARY, record)
    await store.set_status(id, Status.PARTIAL, error=StageFailed("why", "what"))
    document = await store.get(id)
    assert (document.classification, document.summary) == (kind, summary)
    assert (document.page_count, document.detected_language, document.warnings) == (12, "en", ("a", "b", "c"))
    assert document.stages["summary"] == record
    assert document.stages["read"] == StageRecord()
    assert document.error == {"code": "stage_failed", "detail": "why", "remedy": "what"}
    await store.set_status(id, Status.READY)
    assert (await store.get(id)).error is None


async def test_every_change_raises_the_revision_and_the_time(store: DocumentStore) -> None:
    document = await added(store)
    seen = [await store.revision(document.id)]
    for change in (
        store.set_status(document.id, Status.READING),
        store.set_stage(document.id, Stage.READ, StageRecord(StageStatus.RUNNING, done=1, total=2)),
        store.save_pages(document.id, [page(1)]),
        store.save_entities(document.id, []),
        store.save_chunks(document.id, [], np.zeros((0, 4)), model="m"),
    ):
        await change
        seen.append(await store.revision(document.id))
    assert seen == [(1, Status.QUEUED)] + [(number, Status.READING) for number in range(2, 7)]
    assert (await store.get(document.id)).updated_at > document.updated_at


async def test_pages_are_replaced_by_number(store: DocumentStore) -> None:
    id = (await added(store)).id
    await store.save_pages(id, [page(2), page(1, "first")])
    await store.save_pages(id, [page(2, "Größe 你好 👩‍👩‍👧", rotation=90, error="dark", language="de")])
    expected = [page(1, "first"), page(2, "Größe 你好 👩‍👩‍👧", rotation=90, error="dark", language="de")]
    assert await store.pages(id) == expected
    assert await store.page(id, 2) == expected[1]
    assert await store.page_numbers(id) == [1, 2]
    for number in (0, 3, -1, 2**40):
        with pytest.raises(PageNotFound):
            await store.page(id, number)


async def test_characters_that_no_database_takes_become_placeholders_in_place(store: DocumentStore) -> None:
    document = await added(store, "bad\x00name.pdf", metadata={"k\x00": ["v\ud800"]})
    await store.save_pages(document.id, [page(1, "a\x00b\ud800c")])
    await store.save_entities(document.id, [Entity("b\ud800", "ORG", 1, 2, 4)])
    assert (await store.page(document.id, 1)).text == "a\ufffdb\ufffdc"
    assert (await store.entities(document.id))[0].text == "b\ufffd"
    assert (await store.get(document.id)).metadata == {"k\ufffd": ["v\ufffd"]}


async def test_entities_are_replaced_and_ordered(store: DocumentStore) -> None:
    id = (await added(store)).id
    first, second, third = (
        Entity("Acme", "ORG", 1, 0, 4, "acme"),
        Entity("Bo", "PERSON", 1, 9, 11),
        Entity("Acme", "ORG", 2, 0, 4, "acme"),
    )
    await store.save_entities(id, [Entity("old", "ORG", 1, 0, 3)])
    await store.save_entities(id, [third, first, second])
    assert await store.entities(id) == [first, second, third]


async def test_chunks_get_new_ids_that_are_never_used_again(store: DocumentStore) -> None:
    document = await added(store)
    first = await store.save_chunks(document.id, [chunk(document), chunk(document, "two")], np.ones((2, 3)), model="m")
    old = await store.chunks(document.id)
    second = await store.save_chunks(document.id, [chunk(document, "new")], np.ones((1, 3)), model="m")
    new = await store.chunks(document.id)
    assert second > first
    assert [c.text for c in old] == ["Acme pays", "two"]
    assert [c.text for c in new] == ["new"]
    assert new[0].id > max(c.id for c in old)
    await store.delete(document.id)
    other = await added(store, "other")
    await store.save_chunks(other.id, [chunk(other)], np.ones((1, 3)), model="m")
    assert (await store.chunks(other.id))[0].id > new[0].id


@pytest.mark.parametrize("shape", [(1, 3), (3, 3), (2,)])
async def test_chunks_and_embeddings_have_to_match(store: DocumentStore, shape: tuple[int, ...]) -> None:
    document = await added(store)
    with pytest.raises(InvalidInput):
        await store.save_chunks(document.id, [chunk(document)] * 2, np.ones(shape), model="m")


async def test_chunks_of_a_deleted_document_are_not_written(store: DocumentStore, feed: ChangeFeed) -> None:
    document = await added(store)
    await store.delete(document.id)
    head = await feed.head()
    with pytest.raises(DocumentNotFound):
        await store.save_chunks(document.id, [chunk(document)], np.ones((1, 3)), model="m")
    assert await feed.head() == head
    assert await feed.rows([document.id], "m") == []


async def test_a_deletion_races_with_writers_and_nothing_is_left(store: DocumentStore, feed: ChangeFeed) -> None:
    document = await added(store)

    async def write() -> int:
        try:
            return await store.save_chunks(document.id, [chunk(document)], np.ones((1, 3)), model="m")
        except DocumentNotFound:
            return 0

    await asyncio.gather(*(write() for _ in range(6)), store.delete(document.id), *(write() for _ in range(6)))
    changes = await feed.since(0)
    assert [change.op for change in changes].count("delete") == 1
    assert changes[-1].op == "delete"
    assert (await store.stats())["chunks"] == 0


async def test_a_deletion_takes_everything(store: DocumentStore, jobs: JobQueue, feed: ChangeFeed) -> None:
    kept, gone = await added(store, "kept"), await added(store, "gone", metadata={"a": "b"})
    for document in (kept, gone):
        await store.save_pages(document.id, [page(1)])
        await store.save_entities(document.id, [Entity("Acme", "ORG", 1, 0, 4)])
        await store.save_chunks(document.id, [chunk(document)], np.ones((1, 3)), model="m")
    assert await store.delete(gone.id) == (gone.sha256,)
    stats = await store.stats()
    assert [stats[name] for name in ("documents", "pages", "entities", "chunks", "jobs")] == [1, 1, 1, 1, 1]
    last = (await feed.since(0))[-1]
    assert (last.op, last.document_id, last.collection) == ("delete", gone.id, "default")
    assert await store.originals() == {kept.sha256}


async def test_passages_keep_the_order_of_the_hits_and_drop_what_is_gone(store: DocumentStore) -> None:
    document = await added(store, collection="law")
    await store.save_pages(document.id, [page(1)])
    await store.save_chunks(
        document.id, [chunk(document), chunk(document, "pays", start=5)], np.ones((2, 3)), model="m"
    )
    first, second = await store.chunks(document.id)
    hits = [Hit(second.id, 0.9, dense=0.5), Hit(10**9, 0.8), Hit(first.id, 0.7, lexical_rank=1)]
    found = await store.passages(hits)
    assert [passage.chunk.id for passage in found] == [second.id, first.id]
    assert [passage.hit for passage in found] == [hits[0], hits[2]]
    assert [passage.boxes for passage in found] == [((55, 20, 90, 30),), ((10, 20, 90, 30),)]
    assert {(p.filename, p.collection, p.confidence) for p in found} == {("lease.pdf", "law", 0.85)}
    assert await store.passages([]) == []


async def test_a_passage_has_the_boxes_that_it_was_saved_with_whatever_its_page_says_now(store: DocumentStore) -> None:
    document = await added(store)
    await store.save_pages(document.id, [page(1)])
    own = replace(chunk(document), boxes=((1.5, 2, 3, 4), (5, 6, 7, 8.25)), confidence=0.5)
    without = replace(chunk(document, "pays", start=5), boxes=(), confidence=1.0)
    earlier = chunk(document, "Acme")
    await store.save_chunks(document.id, [own, without, earlier], np.ones((3, 3)), model="m")
    saved = await store.chunks(document.id)
    assert [replace(one, id=None) for one in saved] == [own, without, earlier]
    found = await store.passages([Hit(one.id, 1.0) for one in saved])
    assert [(one.boxes, one.confidence) for one in found] == [
        (own.boxes, 0.5),
        ((), 1.0),
        (((10, 20, 50, 30),), 0.85),  # as an earlier version saved it: the page tells
    ]
    await store.save_pages(document.id, [replace(page(1), words=Words(), confidence=0.1)])
    found = await store.passages([Hit(one.id, 1.0) for one in saved])
    assert [(one.boxes, one.confidence) for one in found] == [(own.boxes, 0.5), ((), 1.0), ((), 0.1)]


@pytest.mark.parametrize("earlier", [False, True], ids=["now", "saved by an earlier version"])
async def test_a_passage_tells_its_documents_name_and_collection_as_they_are(
    store: DocumentStore, database: Database, earlier: bool
) -> None:
    document, other = await added(store, collection="law"), await added(store, "other", collection="law")
    for one in (document, other):
        await store.save_chunks(one.id, [chunk(one)], np.ones((1, 3)), model="m")
    if earlier:
        async with database.write() as connection:
            await connection.execute(update(chunks).values(filename=None, collection=None))
    ids = [one.id for each in (document, other) for one in await store.chunks(each.id)]

    async def told(*collections: str) -> list[tuple[str, str, str]]:
        principal = Principal("", "default", collections=collections) if collections else None
        with acting_as(principal):
            found = await store.passages([Hit(id, 1.0, also=(id,)) for id in ids])
        assert [one.filename for one in found] == [place.filename for one in found for place in one.also_in]
        return [(one.chunk.document_id, one.filename, one.collection) for one in found]

    before = [(one.id, one.filename, "law") for one in (document, other)]
    assert await told() == await told("law", "archive") == before
    assert await told("archive") == []
    await store.update(document.id, filename="Neu.pdf")
    assert await told() == [(document.id, "Neu.pdf", "law"), before[1]]
    await store.update(document.id, collection="archive")
    assert await told("archive") == [(document.id, "Neu.pdf", "archive")]
    assert await told("law") == [before[1]]
    await store.save_chunks(document.id, [chunk(document)], np.ones((1, 3)), model="m")
    [anew] = await store.chunks(document.id)
    ids = [anew.id]
    assert await told() == [(document.id, "Neu.pdf", "archive")]
    await store.delete(document.id)
    assert await told() == []


async def test_a_search_reads_no_row_of_documents(store: DocumentStore, database: Database) -> None:
    """One more page of the disk for each passage of a large library: what a row of documents tells stands in the passage's too."""
    document = await added(store)
    await store.save_chunks(document.id, [chunk(document)], np.ones((1, 3)), model="m")
    [saved] = await store.chunks(document.id)
    async with database.write() as connection:
        await connection.execute(update(documents).values(filename="not read"))
    assert [one.filename for one in await store.passages([Hit(saved.id, 1.0)])] == [document.filename]


async def test_neighbours_stay_in_their_document(store: DocumentStore) -> None:
    one, two = await added(store, "one"), await added(store, "two")
    await store.save_chunks(one.id, [chunk(one, t) for t in "abcd"], np.ones((4, 3)), model="m")
    await store.save_chunks(two.id, [chunk(two, "x")], np.ones((1, 3)), model="m")
    ids = [c.id for c in await store.chunks(one.id)]

    async def around(id: int, **options) -> str:
        return "".join(c.text for c in await store.neighbours(id, **options))

    assert await around(ids[1]) == "abc"
    assert await around(ids[3]) == "cd"
    assert await around(ids[2], before=2, after=0) == "abc"
    assert await around(10**9) == ""


async def test_update_changes_what_is_given_and_tells_the_indexes(store: DocumentStore, feed: ChangeFeed) -> None:
    document = await added(store, metadata={"a": "1"})
    await store.save_chunks(document.id, [chunk(document)], np.ones((1, 3)), model="m")
    renamed = await store.update(document.id, filename="Neu.pdf", collection="archive")
    assert (renamed.filename, renamed.collection, renamed.metadata) == ("Neu.pdf", "archive", {"a": "1"})
    assert [(c.op, c.collection) for c in await feed.since(0)] == [("upsert", "default"), ("upsert", "archive")]
    assert (await store.update(document.id, metadata={"b": "2"})).metadata == {"b": "2"}
    assert await store.document_ids(Filter(metadata=(("a", "1"),))) == []
    assert await store.document_ids(Filter(metadata=(("b", "2"),))) == [document.id]
    assert await feed.head() == 2


async def test_moving_to_where_the_same_bytes_are_is_a_conflict(store: DocumentStore) -> None:
    await added(store, sha256="a" * 64, collection="archive")
    document = await added(store, sha256="a" * 64)
    with pytest.raises(Conflict):
        await store.update(document.id, collection="archive")
    assert (await store.get(document.id)).collection == "default"


async def test_retry_queues_only_what_failed(store: DocumentStore, jobs: JobQueue) -> None:
    document = await added(store)
    done = StageRecord(StageStatus.DONE, 1.0, version="v")
    await store.set_stage(document.id, Stage.READ, done)
    await store.set_stage(document.id, Stage.INDEX, StageRecord(StageStatus.FAILED, error={"code": "x"}))
    await store.set_stage(document.id, Stage.SUMMARY, StageRecord(StageStatus.SKIPPED))
    await finished(store, jobs, document, Status.PARTIAL)
    again = await store.retry(document.id)
    assert again.status is Status.QUEUED
    assert again.stages == {stage.value: StageRecord() for stage in Stage} | {"read": done}
    job = await jobs.claim("worker", lease_seconds=60)
    assert job is not None
    assert (job.document.id, job.attempt) == (document.id, 1)


async def test_retry_needs_a_failure_or_force(store: DocumentStore, jobs: JobQueue) -> None:
    document = await added(store)
    with pytest.raises(NotReady):
        await store.retry(document.id, force=True)
    for stage in Stage:
        await store.set_stage(document.id, stage, StageRecord(StageStatus.DONE))
    await finished(store, jobs, document, Status.READY)
    with pytest.raises(Conflict):
        await store.retry(document.id)
    assert (await store.get(document.id)).status is Status.READY
    again = await store.retry(document.id, force=True)
    assert {record.status for record in again.stages.values()} == {StageStatus.WAITING}
    assert await jobs.depth() == 1


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "filename", "-filename", "size", "-size", "-updated_at"])
async def test_pages_of_the_list_are_complete_and_in_order(store: DocumentStore, sort: str) -> None:
    names = ["b", "a", "ccc", "Ä", "z", "dd", "ee", "é", "漢字", "f"]
    for name in names:
        await added(store, name)
    seen, cursor = [], None
    while True:
        listed = await store.list(limit=3, cursor=cursor, sort=sort)
        assert listed.total == 10
        seen += listed.documents
        cursor = listed.next_cursor
        if cursor is None:
            break
    assert sorted(document.filename for document in seen) == sorted(names)
    assert seen == list((await store.list(limit=10, sort=sort)).documents)
    if "filename" not in sort:  # the order of letters is the database's
        values = [getattr(document, sort.removeprefix("-")) for document in seen]
        assert values == sorted(values, reverse=sort.startswith("-"))


async def test_documents_that_arrive_while_paging_neither_repeat_nor_hide_others(store: DocumentStore) -> None:
    before = {(await added(store, f"before-{i}")).id for i in range(9)}
    seen, cursor = [], None
    for number in range(100):
        listed = await store.list(limit=2, cursor=cursor)
        seen += [document.id for document in listed.documents]
        await added(store, f"during-{number}")
        cursor = listed.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert before == set(seen)


async def test_the_list_is_filtered(store: DocumentStore, database: Database) -> None:
    lease = await added(store, "Straße 100%_Lease.PDF", collection="law")
    scan = await added(store, "scan.png", media_type="image/png")
    await LabelStore(database).save(lease.id, "type", Classification("lease", 1.0))
    await store.save_entities(lease.id, [Entity("ACME Corp.", "ORG", 1, 0, 10, "acme")])
    await store.set_status(scan.id, Status.READY)

    async def ids(**filters) -> list[str]:
        listed = await store.list(**filters)
        assert listed.total == len(listed.documents)
        return [document.id for document in listed.documents]

    assert await ids() == [scan.id, lease.id]
    assert await ids(created_after=scan.created_at) == [scan.id]
    assert await ids(created_before=scan.created_at) == [lease.id]
    assert await ids(created_after=lease.created_at, created_before=lease.created_at) == []
    for filters in (
        {"collection": "law"},
        {"status": Status.QUEUED},
        {"status": "queued"},
        {"type": "lease"},
        {"entity": "Acme"},
        {"entity": "acme  corp."},
        {"q": "100%_lease"},
        {"q": "STRASSE"},
        {"media_type": "application/pdf", "collection": "law"},
    ):
        assert await ids(**filters) == [lease.id], filters
    for filters in ({"q": "1_0"}, {"q": "%"}, {"entity": "acm"}, {"collection": "law", "media_type": "image/png"}):
        assert await ids(**filters) == ([lease.id] if filters == {"q": "%"} else []), filters


@pytest.mark.parametrize("foreign", [0, 3])
async def test_the_count_of_a_list_is_what_its_reader_may_see(store: DocumentStore, foreign: int) -> None:
    for number in range(4):
        await added(store, f"mine-{number}.pdf", collection="law" if number else "default")
    for number in range(foreign):
        await added(store, f"theirs-{number}.pdf", collection=f"other/{'law' if number else 'default'}")
    for key, filters, total in (
        (Principal("", "default"), {}, 4),
        (Principal("", "default"), {"collection": "law"}, 3),
        (Principal("", "default"), {"q": "theirs"}, 0),
        (Principal("", "default"), {"parent_id": NO_PARENT, "status": "queued"}, 4),
        (Principal("", "default", collections=("law",)), {}, 3),
        (Principal("", "other"), {}, foreign),
        (Principal("", "other", collections=("law",)), {"parent_id": NO_PARENT}, max(foreign - 1, 0)),
        (None, {}, 4 + foreign),
    ):
        with acting_as(key):
            listed = await store.list(**filters)
        assert (listed.total, len(listed.documents)) == (total, total), (key, filters)


@asynccontextmanager
async def planned(database: Database, part: str) -> AsyncIterator[list[list[str]]]:
    """SQLite's steps for each statement with this part, filled in at the end."""
    asked: list[tuple[str, object]] = []
    plans: list[list[str]] = []

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        if part in statement:
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield plans
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    async with database.read() as connection:
        for statement, parameters in asked:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.append([row.detail for row in plan])


@pytest.mark.parametrize("options", [{}, {"parent_id": NO_PARENT}, {"collection": "law"}])
async def test_a_page_of_the_list_is_not_sorted_out_of_all_documents(
    store: DocumentStore, database: Database, options: dict
) -> None:
    """Lists in their usual order read an index as far as the page goes, and count from one."""
    if not database.sqlite:
        pytest.skip("PostgreSQL plans by how many rows there are; here there are none")
    async with planned(database, "FROM documents") as plans:
        with acting_as(Principal("", "default")):
            await store.list(**options)
    assert len(plans) == 2
    for steps in plans:
        assert not [step for step in steps if "TEMP B-TREE" in step], steps
        assert not [step for step in steps if step.endswith("SCAN documents")], steps


@pytest.mark.parametrize(
    "options",
    [{"sort": "sha256"}, {"limit": 0}, {"limit": 10_000}, {"cursor": "!"}, {"cursor": "ä"}, {"cursor": "W10="}],
)
async def test_a_wrong_list_request_is_invalid(store: DocumentStore, options: dict) -> None:
    with pytest.raises(InvalidInput):
        await store.list(**options)


async def test_a_cursor_of_another_order_is_invalid(store: DocumentStore) -> None:
    for name in ("a", "b"):
        await added(store, name)
    cursor = (await store.list(limit=1, sort="size")).next_cursor
    with pytest.raises(InvalidInput):
        await store.list(cursor=cursor, sort="filename")


async def test_a_filter_resolves_every_field(store: DocumentStore, database: Database) -> None:
    one = await added(store, "one", collection="law", metadata={"year": 2024, "tags": ["a", "b"], 'q"x.y': True})
    two = await added(store, "two", media_type="image/png", metadata={"year": "2025"})
    await LabelStore(database).save(one.id, "type", Classification("lease", 1.0))
    await store.save_entities(two.id, [Entity("Müller GmbH", "ORG", 1, 0, 11)])
    both, second = [one.id, two.id], two.created_at
    for filter, expected in (
        (Filter(), both),
        (Filter(collections=("law", "none")), [one.id]),
        (Filter(document_ids=(two.id, "none")), [two.id]),
        (Filter(types=("lease", "invoice")), [one.id]),
        (Filter(entities=("MÜLLER gmbh",)), [two.id]),
        (Filter(media_types=("image/png", "application/pdf")), both),
        (Filter(metadata=(("year", "2024"),)), [one.id]),
        (Filter(metadata=(("year", "2024"), ("year", "2025"))), both),
        (Filter(metadata=(("year", "2024"), ("tags", "b"))), [one.id]),
        (Filter(metadata=(("year", "2025"), ("tags", "b"))), []),
        (Filter(metadata=(('q"x.y', "true"),)), [one.id]),
        (Filter(created_after=second), [two.id]),
        (Filter(created_before=second), [one.id]),
        (Filter(created_after=second + timedelta(seconds=1)), []),
        (Filter(collections=("law",), media_types=("image/png",)), []),
    ):
        assert await store.document_ids(filter) == expected, filter


async def test_names_are_counted_over_the_corpus(store: DocumentStore) -> None:
    one, two = await added(store, "one", collection="law"), await added(store, "two")
    acme = [Entity("Acme", "ORG", 1, 0, 4, "acme"), Entity("ACME", "ORG", 1, 5, 9, "acme")]
    await store.save_entities(
        one.id, [*acme, Entity("Acme", "ORG", 2, 0, 4, "acme"), Entity("Bo", "PERSON", 1, 20, 22)]
    )
    await store.save_entities(two.id, [acme[0], Entity("Acme", "PERSON", 1, 9, 13, "acme")])
    both = tuple(sorted((one.id, two.id)))
    found = await store.facet_entities()
    assert found == [
        EntityFacet("Acme", "ORG", "acme", 4, 2, both),
        EntityFacet("Acme", "PERSON", "acme", 1, 1, (two.id,)),
        EntityFacet("Bo", "PERSON", "bo", 1, 1, (one.id,)),
    ]
    assert await store.facet_entities(limit=1) == found[:1]
    assert await store.facet_entities(type="PERSON") == found[1:]
    assert await store.facet_entities(q="AC", type="PERSON") == found[1:2]
    assert await store.facet_entities(collection="law", q="acme") == [
        EntityFacet("Acme", "ORG", "acme", 3, 1, (one.id,))
    ]


async def test_collections_and_counts(store: DocumentStore) -> None:
    one = await added(store, "four", collection="law")
    await added(store, "seven77")
    await store.save_page_count(one.id, 3)
    await store.set_status(one.id, Status.READY)
    assert await store.collections() == [Collection("default", 1, 0, 7), Collection("law", 1, 3, 4)]
    stats = await store.stats()
    assert (stats["documents"], stats["bytes"], stats["collections"], stats["sequence"]) == (2, 11, 2, 0)
    assert stats["status"] == {"queued": 1, "reading": 0, "analyzing": 0, "ready": 1, "partial": 0, "failed": 0}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive_as_microseconds(moment: datetime) -> None:
    assert instant(micros(moment)) == moment


@given(st.text())
def test_storable_text_encodes_and_keeps_every_offset(text: str) -> None:
    stored = storable(text)
    stored.encode()
    assert len(stored) == len(text)
    assert "\x00" not in stored


@pytest.mark.parametrize("text", ["STRASSE  Acme", " straße\nacme ", "Straße\u00a0ACME"])
def test_names_are_compared_without_case_and_spacing(text: str) -> None:
    assert lookup_key(text) == "strasse acme"
