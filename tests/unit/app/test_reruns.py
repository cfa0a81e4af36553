"""One stage again where it is out of date, and a candidate beside the model in charge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import httpx
import pytest

from rag.api import create_app
from rag.errors import Unavailable
from rag.fakes import FakeEntityRecognizer
from rag.model import Entity, Page, Stage, Status
from tests.unit.app.conftest import add, work

TEXT = "A contract with Anna Keller about EUR 500."


@dataclass(kw_only=True)
class Newer(FakeEntityRecognizer):
    """Finds amounts too."""

    version: str = "fake/2"

    async def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        found = await super().recognize(pages)
        amounts = [[(m.group(), m.start(), m.end()) for m in re.finditer(r"EUR \d+", page.text)] for page in pages]
        return [
            [*old, *(Entity(text, "MONEY", page.number, start, end, text) for text, start, end in new)]
            for page, old, new in zip(pages, found, amounts, strict=True)
        ]


async def mentions(services, id: str) -> list[str]:
    return [entity.text for entity in await services.state.documents.entities(id)]


def client(services) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://redwell")


async def test_only_what_is_out_of_date_runs_again_and_the_change_is_shown(services):
    document = await add(services, TEXT)
    await work(services)
    newer = replace(services, entities=Newer())
    async with client(newer) as http:
        queued = (await http.post("/v1/reanalyse", json={"stage": "entities"})).json()
        assert (queued["queued"], queued["outdated"], queued["waiting"]) == (1, 1, 1)
        assert (await http.post("/v1/reanalyse", json={"stage": "entities"})).json()["queued"] == 0
        assert (await services.state.documents.get(document.id)).status is Status.READY
        await work(newer)
        after = (await http.get("/v1/reanalyse/entities")).json()
        assert (after["outdated"], after["waiting"]) == (0, 0)
        change = after["comparison"]
        assert (change["documents"], change["kept"], change["removed"], change["added"]) == (1, 1, 0, 1)
        assert "EUR 500" in change["examples"][0]["added"][0]
        assert (await http.post("/v1/reanalyse", json={"stage": "entities"})).json()["queued"] == 0
    done = await services.state.documents.get(document.id)
    assert (done.status, done.stages[Stage.ENTITIES].version) == (Status.READY, "fake/2")
    assert await mentions(services, document.id) == ["Anna Keller", "EUR 500"]


async def test_other_stages_are_left_alone(services):
    document = await add(services, TEXT)
    await work(services)
    before = (await services.state.documents.get(document.id)).stages
    newer = replace(services, entities=Newer(), ocr=replace(services.ocr, version="ocr/2"))
    async with client(newer) as http:
        await http.post("/v1/reanalyse", json={"stage": "entities"})
    await work(newer)
    after = (await services.state.documents.get(document.id)).stages
    assert {name for name in after if after[name] != before[name]} == {Stage.ENTITIES}


async def test_a_collection_limits_the_run(services):
    await add(services, TEXT)
    await work(services)
    async with client(replace(services, entities=Newer())) as http:
        asked = {"stage": "entities", "collection": "elsewhere"}
        assert (await http.post("/v1/reanalyse", json=asked)).json()["queued"] == 0


async def test_a_run_that_fails_is_tried_again_and_the_document_stays_ready(services):
    document = await add(services, TEXT)
    await work(services)
    broken = replace(services, entities=Newer(fail=Unavailable("no model")))
    async with client(broken) as http:
        await http.post("/v1/reanalyse", json={"stage": "entities"})
        await work(broken, runs=1)
        assert (await http.get("/v1/reanalyse/entities")).json()["waiting"] == 1
    assert (await services.state.documents.get(document.id)).status is Status.READY


@pytest.mark.parametrize("stage", ["read", "fields", "nothing"])
async def test_a_stage_that_is_not_run_alone_is_refused(http, stage):
    response = await http.post("/v1/reanalyse", json={"stage": stage})
    assert response.status_code == 422
    assert "entities" in response.json()["remedy"]


async def test_a_shadow_is_compared_and_decides_nothing(services):
    beside = replace(services, candidate=Newer())
    document = await add(beside, TEXT)
    await work(beside)
    assert await mentions(services, document.id) == ["Anna Keller"]
    async with client(beside) as http:
        found = (await http.get("/v1/candidates/entities")).json()
    assert (found["mode"], found["in_charge"], found["candidate"]) == ("shadow", "fake/1", "fake/2")
    assert (found["comparison"]["kept"], found["comparison"]["added"]) == (1, 1)


async def test_a_shadow_that_fails_harms_nothing(services):
    beside = replace(services, candidate=Newer(fail=Unavailable("gone")))
    document = await add(beside, TEXT)
    await work(beside)
    assert (await services.state.documents.get(document.id)).status is Status.READY


async def test_a_promoted_candidate_decides_and_makes_the_others_out_of_date(services):
    beside = replace(services, candidate=Newer())
    first = await add(beside, TEXT, "one.txt")
    await work(beside)
    async with client(beside) as http:
        assert (await http.post("/v1/candidates/entities", json={"mode": "promoted"})).json()["mode"] == "promoted"
        second = await add(beside, TEXT, "two.txt")
        await work(beside)
        assert await mentions(services, second.id) == ["Anna Keller", "EUR 500"]
        assert (await http.post("/v1/reanalyse", json={"stage": "entities"})).json()["queued"] == 1
        await work(beside)
        assert await mentions(services, first.id) == ["Anna Keller", "EUR 500"]
        dropped = (await http.post("/v1/candidates/entities", json={"mode": "dropped"})).json()
    assert dropped["comparison"]["documents"] == 0


async def test_a_share_of_one_is_every_document(services):
    beside = replace(services, candidate=Newer())
    async with client(beside) as http:
        await http.post("/v1/candidates/entities", json={"mode": "share", "weight": 1.0})
    document = await add(beside, TEXT)
    await work(beside)
    assert (await services.state.documents.get(document.id)).stages[Stage.ENTITIES].version == "fake/2"


async def test_without_a_candidate_the_setting_is_named(http):
    response = await http.post("/v1/candidates/entities", json={"mode": "share", "weight": 0.5})
    assert response.status_code == 422
    assert "entities.candidate" in response.json()["remedy"]
