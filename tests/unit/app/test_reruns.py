"""One stage again where it is out of date, and a candidate beside the model in charge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import httpx
import pytest

from rag.analysis.candidate import Mode, Rollout
from rag.api import create_app
from rag.errors import Unavailable
from rag.fakes import FakeClassifier, FakeEntityRecognizer, FakeGenerator
from rag.fields.schema import parse
from rag.model import Entity, Page, Stage, Status
from rag.services import Candidates
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


@pytest.mark.parametrize("stage", ["read", "nothing"])
async def test_a_stage_that_is_not_run_alone_is_refused(http, stage):
    response = await http.post("/v1/reanalyse", json={"stage": stage})
    assert response.status_code == 422
    assert "entities" in response.json()["remedy"]


async def test_a_shadow_is_compared_and_decides_nothing(services):
    beside = replace(services, candidates=Candidates(entities=Newer()))
    document = await add(beside, TEXT)
    await work(beside)
    assert await mentions(services, document.id) == ["Anna Keller"]
    async with client(beside) as http:
        found = (await http.get("/v1/candidates/entities")).json()
    assert (found["mode"], found["in_charge"], found["candidate"]) == ("shadow", "fake/1", "fake/2")
    assert (found["comparison"]["kept"], found["comparison"]["added"]) == (1, 1)


async def test_a_shadow_that_fails_harms_nothing(services):
    beside = replace(services, candidates=Candidates(entities=Newer(fail=Unavailable("gone"))))
    document = await add(beside, TEXT)
    await work(beside)
    assert (await services.state.documents.get(document.id)).status is Status.READY


async def test_a_promoted_candidate_decides_and_makes_the_others_out_of_date(services):
    beside = replace(services, candidates=Candidates(entities=Newer()))
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
    beside = replace(services, candidates=Candidates(entities=Newer()))
    async with client(beside) as http:
        await http.post("/v1/candidates/entities", json={"mode": "share", "weight": 1.0})
    document = await add(beside, TEXT)
    await work(beside)
    assert (await services.state.documents.get(document.id)).stages[Stage.ENTITIES].version == "fake/2"


LONG = " ".join(
    f"The {number}th clause of this contract says that the rent of the house is due in May." for number in range(9)
)
SCHEMA = parse("deeds", {"properties": {"rent": {"type": "number", "x-labels": ["rent"]}, "place": {"type": "string"}}})


class Stubborn(FakeClassifier):
    """Calls everything an invoice."""

    def _one(self, text, labels):
        return super()._one("invoice", labels)


async def test_a_classifier_in_the_shadow_is_compared_with_the_one_in_charge_and_with_what_people_said(services):
    beside = replace(services, candidates=Candidates(classify=Stubborn(version="fake/2")))
    document = await add(beside, TEXT)
    await work(beside)
    assert (await services.state.documents.get(document.id)).classification.label == "contract"
    async with client(beside) as http:
        found = (await http.get("/v1/candidates/classify")).json()
        assert (found["mode"], found["in_charge"], found["candidate"]) == ("shadow", "fake/1", "fake/2")
        assert found["comparison"]["examples"][0]["removed"] == ["type: contract"]
        assert found["comparison"]["examples"][0]["added"] == ["type: invoice"]
        assert found["corrected"] == {"labels": 0, "in_charge": 0, "candidate": 0}
        await http.put(f"/v1/documents/{document.id}/labels/type", json={"label": "invoice"})
        found = (await http.get("/v1/candidates/classify")).json()
    assert found["corrected"] == {"labels": 1, "in_charge": 0, "candidate": 1}


async def test_a_promoted_classifier_decides_and_reanalyse_brings_the_others_up_to_date(services):
    beside = replace(services, candidates=Candidates(classify=Stubborn(version="fake/2")))
    first = await add(beside, TEXT, "one.txt")
    await work(beside)
    async with client(beside) as http:
        await http.post("/v1/candidates/classify", json={"mode": "promoted"})
        second = await add(beside, TEXT, "two.txt")
        await work(beside)
        labels = [(await services.state.documents.get(id)).classification.label for id in (first.id, second.id)]
        assert labels == ["contract", "invoice"]
        assert (await http.post("/v1/reanalyse", json={"stage": "classify"})).json()["queued"] == 1
        await work(beside)
        assert (await http.get("/v1/reanalyse/classify")).json()["outdated"] == 0
    assert (await services.state.documents.get(first.id)).classification.label == "invoice"


class Pupil(Stubborn):
    """Says what it was taught with."""

    async def fit(self, examples, labels):
        return replace(await super().fit(examples, labels), samples=100 + len(examples))


async def test_what_is_learned_and_analysed_at_once_is_by_the_promoted_classifier(services):
    beside = replace(services, candidates=Candidates(classify=Pupil(version="fake/2")))
    async with client(beside) as http:
        before = (await http.post("/v1/analyze", files={"file": ("a.txt", TEXT.encode())})).json()
        await http.post("/v1/candidates/classify", json={"mode": "promoted"})
        after = (await http.post("/v1/analyze", files={"file": ("a.txt", TEXT.encode())})).json()
        assert (await http.post("/v1/labels/type/train")).json()["samples"] == 100
    assert (before["classification"]["label"], after["classification"]["label"]) == ("contract", "invoice")


async def test_a_share_of_the_documents_goes_to_the_classifier_on_trial_and_stays_there(services):
    beside = replace(services, candidates=Candidates(classify=Stubborn(version="fake/2")))
    async with client(beside) as http:
        await http.post("/v1/candidates/classify", json={"mode": "share", "weight": 0.5})
        added = [await add(beside, f"{TEXT} {number}", f"{number}.txt") for number in range(8)]
        await work(beside)
        labels = [(await services.state.documents.get(one.id)).classification.label for one in added]
        assert (await http.post("/v1/reanalyse", json={"stage": "classify"})).json()["queued"] == 0
    expected = ["invoice" if Rollout(Mode.SHARE, 0.5).decides(one.id) else "contract" for one in added]
    assert labels == expected


async def test_a_writer_of_summaries_on_trial_writes_no_answers_and_is_promoted(services):
    other = FakeGenerator(model="other", says="The rent of the house is due in May.")
    beside = replace(services, candidates=Candidates(summary=other))
    document = await add(beside, LONG)
    await work(beside)
    before = (await services.state.documents.get(document.id)).summary
    async with client(beside) as http:
        found = (await http.get("/v1/candidates/summary")).json()
        assert (found["in_charge"], found["candidate"]) == ("fake-model", "other")
        assert found["comparison"]["examples"][0]["added"] == ["The rent of the house is due in May."]
        await http.post("/v1/candidates/summary", json={"mode": "promoted"})
        assert (await http.post("/v1/reanalyse", json={"stage": "summary"})).json()["queued"] == 1
        await work(beside)
        assert "house is due in May" in other.calls[0]
    after = (await services.state.documents.get(document.id)).summary
    assert (before.model, after.model, after.text) == ("fake-model", "other", "The rent of the house is due in May.")


async def test_fields_by_a_model_on_trial_are_compared_and_then_taken(services):
    said = '{"rent": "500", "place": "Harbour Street"}'
    beside = replace(services, candidates=Candidates(fields=FakeGenerator(model="other", says=said)))
    await services.state.documents.save_schema("default", SCHEMA)
    document = await add(beside, "A contract. The rent of EUR 500.00 is paid in Harbour Street.")
    await work(beside)

    async def values() -> dict[str, tuple[str, str]]:
        return {one.field: (one.value, one.origin.value) for one in await services.state.documents.fields(document.id)}

    assert await values() == {"rent": ("500.00", "rule")}
    async with client(beside) as http:
        found = (await http.get("/v1/candidates/fields")).json()
        assert found["comparison"]["examples"][0]["added"] == ["place: Harbour Street"]
        await http.post("/v1/candidates/fields", json={"mode": "promoted"})
        assert (await http.post("/v1/reanalyse", json={"stage": "fields"})).json()["queued"] == 1
        await work(beside)
        assert (await http.get("/v1/reanalyse/fields")).json()["outdated"] == 0
    assert (await values())["place"] == ("Harbour Street", "model")


async def test_a_new_schema_of_a_collection_makes_the_fields_of_its_documents_out_of_date(services):
    document = await add(services, "A contract. The rent is EUR 500.00.")
    await work(services)
    await services.state.documents.save_schema("default", SCHEMA)
    async with client(services) as http:
        assert (await http.post("/v1/reanalyse", json={"stage": "fields"})).json()["queued"] == 1
        await work(services)
        change = (await http.get("/v1/reanalyse/fields")).json()
    assert (change["outdated"], change["comparison"]["added"]) == (0, 1)
    [rent] = await services.state.documents.fields(document.id)
    assert (rent.schema, rent.value) == ("deeds", "500.00")


@pytest.mark.parametrize(
    ("stage", "setting"),
    [
        ("entities", "entities.candidate"),
        ("classify", "classifying.candidate"),
        ("summary", "analysis.summary.candidate"),
        ("fields", "fields.candidate"),
    ],
)
async def test_without_a_candidate_the_setting_of_the_stage_is_named(http, stage, setting):
    response = await http.post(f"/v1/candidates/{stage}", json={"mode": "share", "weight": 0.5})
    assert response.status_code == 422
    assert setting in response.json()["remedy"]
