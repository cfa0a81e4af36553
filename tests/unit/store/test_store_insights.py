"""Names beside each other and dates by month, counted on a real database."""

from __future__ import annotations

from rag.model import Entity
from rag.store.documents import DocumentStore
from rag.store.insights import Moment, Pair

ACME = Entity("ACME Ltd", "ORG", 1, 0, 8, "acme")
ANNA = Entity("Anna Keller", "PERSON", 1, 10, 21, "anna keller")
BONN = Entity("Bonn", "GPE", 1, 30, 34, "bonn")


def dated(norm: str) -> Entity:
    return Entity(norm, "DATE", 1, 40, 40 + len(norm), norm)


async def added(store: DocumentStore, name: str, *found: Entity, collection: str = "default") -> str:
    document, _ = await store.add(
        filename=name, media_type="text/plain", sha256=name.encode().hex().ljust(64, "0"), size=1, collection=collection
    )
    await store.save_entities(document.id, found)
    return document.id


async def test_names_that_share_documents_are_counted_once_a_document(store: DocumentStore) -> None:
    await added(store, "one", ACME, ACME, ANNA)
    await added(store, "two", ACME, ANNA, BONN, dated("2025-03-01"))
    await added(store, "three", BONN)
    names, pairs = await store.cooccurrence()
    assert [(name.norm, name.documents) for name in names] == [("acme", 2), ("anna keller", 2), ("bonn", 2)]
    assert pairs == [
        Pair("acme", "ORG", "anna keller", "PERSON", 2),
        Pair("acme", "ORG", "bonn", "GPE", 1),
        Pair("anna keller", "PERSON", "bonn", "GPE", 1),
    ]


async def test_one_name_and_its_company(store: DocumentStore) -> None:
    await added(store, "one", ACME, ANNA)
    await added(store, "two", BONN)
    names, _ = await store.cooccurrence(entity="Anna Keller")
    assert [name.norm for name in names] == ["acme", "anna keller"]


async def test_a_collection_limits_names_and_dates(store: DocumentStore) -> None:
    await added(store, "one", ACME, dated("2025-03-01"), collection="law")
    await added(store, "two", BONN, dated("2024-01-01"))
    names, _ = await store.cooccurrence(collection="law")
    assert [name.norm for name in names] == ["acme"]
    assert [moment.period for moment in await store.timeline(collection="law")] == ["2025-03"]


async def test_dates_by_month_and_by_year(store: DocumentStore) -> None:
    one = await added(store, "one", dated("2025-03-01"), dated("2025-03-09"), dated("next March"), dated("2024-12"))
    two = await added(store, "two", dated("2025-03-01"), dated("2025-04-30"))
    assert await store.timeline() == [
        Moment("2024-12", 1, 1, (one,)),
        Moment("2025-03", 3, 2, (one, two)),
        Moment("2025-04", 1, 1, (two,)),
    ]
    assert [(moment.period, moment.documents) for moment in await store.timeline(by="year")] == [
        ("2024", 1),
        ("2025", 2),
    ]


async def test_deleting_a_document_takes_its_facts(store: DocumentStore) -> None:
    one = await added(store, "one", ACME, ANNA, dated("2025-03-01"))
    await store.delete(one)
    assert await store.cooccurrence() == ([], [])
    assert await store.timeline() == []
    assert await store.facet_entities() == []
