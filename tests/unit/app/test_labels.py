"""Corrections, what is learned from them, and label sets beside the type."""

from dataclasses import replace

import pytest

from rag.analysis.labels import OTHER, label_set
from rag.analysis.learning import learn
from rag.model import Stage
from rag.services import open_state
from rag.settings import Classifying
from tests.unit.app.conftest import add, work

LEASE = "A lease about the rent of a flat in Harbour Street."


async def corrected(http, document_id, label, name="type"):
    response = await http.put(f"/v1/documents/{document_id}/labels/{name}", json={"label": label})
    assert response.status_code == 200, response.text
    return {row["set"]: row for row in response.json()["labels"]}[name]


async def test_a_correction_stands_over_a_new_run(http, services):
    document = await add(services, LEASE)
    await work(services)
    before = (await services.state.documents.get(document.id)).classification
    assert before is not None
    assert (await corrected(http, document.id, "Policy"))["label"] == "policy"
    await services.state.documents.retry(document.id, force=True)
    await work(services)
    done = await services.state.documents.get(document.id)
    assert done.classification is not None
    assert (done.classification.label, done.classification.score) == ("policy", 1.0)
    assert done.classification.scores == before.scores
    assert [row.id for row in (await services.state.documents.list(type="policy")).documents] == [document.id]


async def test_a_correction_can_be_taken_back(http, services):
    document = await add(services, LEASE)
    await work(services)
    before = (await services.state.documents.get(document.id)).classification
    await corrected(http, document.id, "policy")
    reply = (await http.delete(f"/v1/documents/{document.id}/labels/type")).json()["labels"]
    assert [(row["label"], row["corrected"]) for row in reply] == [(before.label, False)]
    assert (await services.state.documents.get(document.id)).classification == before


async def test_a_label_that_is_none_names_those_that_are(http, services):
    document = await add(services, LEASE)
    response = await http.put(f"/v1/documents/{document.id}/labels/type", json={"label": "poem"})
    assert response.status_code == 422
    assert "contract" in response.json()["remedy"]
    gone = await http.put("/v1/documents/nowhere/labels/type", json={"label": "policy"})
    assert gone.json()["code"] == "document_not_found"


async def test_what_was_learned_decides_without_a_restart_and_can_be_rolled_back(http, services):
    first = await add(services, "A rent ledger of Mill Lane.", "one.txt")
    second = await add(services, "Slides on the quarter.", "two.txt")
    await work(services)
    await corrected(http, first.id, "financial statement")
    await corrected(http, second.id, "presentation")
    model = (await http.post("/v1/labels/type/train")).json()
    assert (model["version"], model["samples"], model["active"]) == (1, 2, True)
    third = await add(services, "Another ledger: the rent of Dock Road.", "three.txt")
    await work(services)
    found = await services.state.documents.get(third.id)
    assert found.classification.label == "financial statement"
    assert "type@1" in found.stages[Stage.CLASSIFY].version
    shown = (await http.post("/v1/labels/type/activate", json={"version": None})).json()
    assert (shown["active"], [row["active"] for row in shown["models"]]) == (None, [False])
    fourth = await add(services, "One more ledger of the rent.", "four.txt")
    await work(services)
    assert (await services.state.documents.get(fourth.id)).classification.label == OTHER


async def test_training_that_comes_by_itself_leaves_a_rollback_alone(http, services):
    first = await add(services, "A rent ledger of Mill Lane.", "one.txt")
    second = await add(services, "Slides on the quarter.", "two.txt")
    await work(services)
    await corrected(http, first.id, "financial statement")
    await corrected(http, second.id, "presentation")
    assert (await learn("type", services, asked=False)).active is True
    await http.post("/v1/labels/type/activate", json={"version": None})
    assert (await learn("type", services, asked=False)).active is False
    assert (await learn("type", services, asked=False)).active is False
    assert (await services.state.labels.get("type")).head is None
    assert (await http.post("/v1/labels/type/train")).json()["active"] is True


async def test_a_model_that_is_not_better_is_stored_and_does_not_decide(http, services):
    document = await add(services, "This contract is short.")
    await work(services)
    await corrected(http, document.id, "contract")
    assert (await learn("type", services)).active is False
    assert (await services.state.labels.get("type")).head is None


async def test_every_few_corrections_the_set_is_trained_anew(http, services):
    settings = services.settings.model_copy(update={"classifying": Classifying(train_every=2)})
    every_two = replace(services, settings=settings)
    from rag.analysis.learning import learn_when_due

    for number, label in enumerate(("policy", "minutes")):
        document = await add(services, f"Text number {number}.", f"{number}.txt")
        await work(services)
        await services.state.labels.correct(document.id, "type", label)
        await learn_when_due("type", every_two)
    assert [model.samples for model in await services.state.labels.models("type")] == [2]


async def test_a_label_set_of_ones_own_is_labelled_beside_the_type(http, services):
    labels = {"urgent": "This must be done at once.", "calm": "There is no hurry at all."}
    assert (await http.put("/v1/labels/urgency", json={"labels": labels})).json()["labels"] == labels
    document = await add(services, "An urgent contract.")
    await work(services)
    found = (await http.get(f"/v1/documents/{document.id}/labels")).json()["labels"]
    assert [(row["set"], row["label"]) for row in found] == [("type", "contract"), ("urgency", "urgent")]
    assert (await corrected(http, document.id, "calm", "urgency"))["corrected"] is True
    assert (await http.delete("/v1/labels/urgency")).status_code == 204
    found = (await http.get(f"/v1/documents/{document.id}/labels")).json()["labels"]
    assert [row["set"] for row in found] == ["type"]


async def test_deleting_a_document_takes_its_labels_and_corrections(http, services):
    document = await add(services, LEASE)
    await work(services)
    await corrected(http, document.id, "policy")
    await http.delete(f"/v1/documents/{document.id}")
    assert await services.state.labels.counts() == {}


@pytest.mark.parametrize(
    ("name", "labels"),
    [("Bad Name", {"a": "x", "b": "y"}), ("one", {"a": "x"}), ("empty", {"a": "", "b": "y"}), ("none", {})],
)
async def test_a_label_set_that_makes_no_sense_is_refused(http, name, labels):
    response = await http.put(f"/v1/labels/{name}", json={"labels": labels})
    assert response.status_code == 422
    assert response.json()["remedy"]


async def test_sets_of_the_settings_are_not_changed_over_http(http):
    response = await http.put("/v1/labels/type", json={"labels": {"a": "x", "b": "y"}})
    assert response.status_code == 409
    assert "classifying" in response.json()["remedy"]


def test_an_empty_sentiment_of_the_settings_is_the_built_in_one(services):
    assert label_set("sentiment", {}).names == ("positive", "negative", "neutral")


async def test_sets_of_the_settings_are_there(services):
    settings = services.settings.model_copy(update={"classifying": Classifying(sets={"sentiment": {}})})
    assert [one.name for one in await open_state(settings).labels.sets()] == ["type", "sentiment"]
