"""Facets over the library by HTTP: names, pairs, dates, and that deletion takes them along."""

from __future__ import annotations

import httpx
import pytest

from rag.model import Entity, Stage
from rag.services import Services
from rag.store.reruns import BEFORE
from tests.unit.app.conftest import add, work

ANNA = Entity("Anna Keller", "PERSON", 1, 0, 11, "anna keller")
ACME = Entity("ACME Ltd", "ORG", 1, 20, 28, "acme")
MARCH = Entity("1 March 2025", "DATE", 1, 40, 52, "2025-03-01")


@pytest.fixture
async def two(services: Services) -> list[str]:
    """Ids of a document with a person, a firm and a date, and of one with the firm."""
    ids = []
    for name, found in (("one.txt", (ANNA, ACME, MARCH)), ("two.txt", (ACME,))):
        document = await add(services, "A contract.", name)
        await work(services)
        await services.state.documents.save_entities(document.id, list(found))
        ids.append(document.id)
    return ids


async def test_names_pairs_and_dates_are_counted(two: list[str], http: httpx.AsyncClient) -> None:
    entities = (await http.get("/v1/entities", params={"type": "ORG"})).json()["entities"]
    assert [(one["norm"], one["documents"], sorted(one["document_ids"])) for one in entities] == [
        ("acme", 2, sorted(two))
    ]
    pairs = (await http.get("/v1/entities/cooccurrence")).json()["pairs"]
    assert [(one["first"], one["second"], one["documents"]) for one in pairs] == [("acme", "anna keller", 1)]
    periods = (await http.get("/v1/timeline")).json()["periods"]
    assert [(one["period"], one["documents"]) for one in periods] == [("2025-03", 1)]


async def test_deletion_takes_all_of_a_documents_facts_with_it(
    two: list[str], services: Services, http: httpx.AsyncClient
) -> None:
    await services.state.reruns.keep(two[0], Stage.ENTITIES, BEFORE, "1", ["PERSON 1:0-11 Anna Keller"])
    assert (await http.delete(f"/v1/documents/{two[0]}")).status_code == 204
    assert (await http.get("/v1/entities", params={"type": "PERSON"})).json()["entities"] == []
    assert (await http.get("/v1/entities/cooccurrence")).json()["pairs"] == []
    assert (await http.get("/v1/timeline")).json()["periods"] == []
    assert await services.state.reruns.kept(Stage.ENTITIES, BEFORE) == {}
