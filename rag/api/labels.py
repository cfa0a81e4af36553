"""/v1/labels: label sets, corrections, what was learned from them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Response
from pydantic import Field

from rag.analysis.labels import LabelSet
from rag.analysis.learning import learn, learn_when_due
from rag.api.schemas import Body
from rag.services import Services
from rag.store.labels import DocumentLabel, LabelModel


class LabelsBody(Body):
    labels: dict[str, str] = Field(description="Label -> what such a text says; several descriptions joined by '|'.")


class CorrectionBody(Body):
    label: str = Field(min_length=1, max_length=200)


class ActivationBody(Body):
    version: int | None = Field(None, description="null: the descriptions decide.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["labels"])
    store = services.state.labels

    @router.get("/v1/labels", summary="Label sets with their corrections and models")
    async def sets() -> dict[str, Any]:
        counts = await store.counts()
        known = await store.sets()
        return {"sets": [_set_record(one, counts.get(one.name, {}), await store.models(one.name)) for one in known]}

    @router.get("/v1/labels/{name}", summary="One label set")
    async def one_set(name: str) -> dict[str, Any]:
        return await _record(name)

    @router.put("/v1/labels/{name}", summary="Define a label set of your own")
    async def define(name: str, asked: LabelsBody) -> dict[str, Any]:
        """Documents get its labels when they are analysed: `POST /v1/reanalyse` for those that are here already."""
        await store.define(name, asked.labels)
        return await _record(name)

    @router.delete("/v1/labels/{name}", status_code=204, summary="Forget a label set of your own")
    async def drop(name: str) -> Response:
        await store.drop(name)
        return Response(status_code=204)

    @router.post("/v1/labels/{name}/train", summary="Learn from the corrections now")
    async def train(name: str) -> dict[str, Any]:
        return asdict(await learn(name, services))

    @router.post("/v1/labels/{name}/activate", summary="Let another version decide, or the descriptions")
    async def activate(name: str, asked: ActivationBody) -> dict[str, Any]:
        await store.activate(name, asked.version)
        return await _record(name)

    @router.get("/v1/documents/{document_id}/labels", summary="A document's labels in every set")
    async def of_document(document_id: str) -> dict[str, Any]:
        return {"labels": [_label_record(one) for one in await store.of_document(document_id)]}

    @router.put("/v1/documents/{document_id}/labels/{name}", summary="Correct or confirm a label")
    async def correct(document_id: str, name: str, asked: CorrectionBody, later: BackgroundTasks) -> dict[str, Any]:
        """Durable, and kept over every later analysis. The set is trained anew after every few corrections."""
        await store.correct(document_id, name, asked.label)
        later.add_task(learn_when_due, name, services)
        return {"labels": [_label_record(one) for one in await store.of_document(document_id)]}

    @router.delete("/v1/documents/{document_id}/labels/{name}", summary="Take a correction back")
    async def withdraw(document_id: str, name: str) -> dict[str, Any]:
        await store.withdraw(document_id, name)
        return {"labels": [_label_record(one) for one in await store.of_document(document_id)]}

    async def _record(name: str) -> dict[str, Any]:
        return _set_record(await store.get(name), (await store.counts()).get(name, {}), await store.models(name))

    return router


def _set_record(labels: LabelSet, corrections: dict[str, int], models: list[LabelModel]) -> dict[str, Any]:
    return {
        "name": labels.name,
        "labels": dict(labels.labels),
        "active": labels.head.version if labels.head else None,
        "corrections": corrections,
        "models": [asdict(model) for model in models],
    }


def _label_record(found: DocumentLabel) -> dict[str, Any]:
    return {**asdict(found), "scores": [asdict(score) for score in found.scores]}
