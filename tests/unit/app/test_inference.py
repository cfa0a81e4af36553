"""The Open Inference Protocol over HTTP: tensors in, tensors out."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import httpx
import numpy as np
import pytest

from rag.api import create_app
from rag.errors import InvalidInput, Overloaded, Unavailable
from rag.fakes import FakeEmbedder, FakeEntityRecognizer, FakeReranker, FakeRetriever
from rag.inference.tensors import Tensor, from_bytes, numbers, read_request
from tests.unit.app.conftest import add, index, work

RENT = "What is the monthly rent?"


@pytest.fixture
async def v2(services):
    await add(services)
    await work(services)
    ready = replace(await index(services), reranker=FakeReranker())
    transport = httpx.ASGITransport(create_app(ready), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell/v2") as client:
        yield client


def text_input(name, *values):
    return {"name": name, "datatype": "BYTES", "shape": [len(values)], "data": list(values)}


async def infer(v2, model, *inputs, **more):
    response = await v2.post(f"/models/{model}/infer", json={"inputs": list(inputs), **more})
    assert response.status_code == 200, response.text
    reply = response.json()
    assert reply["model_name"] == model
    return {tensor["name"]: tensor for tensor in reply["outputs"]}


async def test_it_is_live_and_ready_and_names_its_models(v2, services):
    assert (await v2.get("/health/live")).json() == {"live": True}
    assert (await v2.get("/health/ready")).json() == {"ready": True}
    names = (await v2.get("/models")).json()["models"]
    assert names == ["redwell", "embedder", "entities", "classifier", "llm", "reranker"]
    assert (await v2.get("/models/embedder/ready")).json() == {"name": "embedder", "ready": True}
    described = (await v2.get("/models/embedder")).json()
    assert described["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert described["outputs"] == [{"name": "embedding", "datatype": "FP32", "shape": [-1, 64]}]


async def test_it_is_not_ready_without_its_index(services):
    broken = replace(services, retriever=FakeRetriever(fail=Unavailable("gone")))
    transport = httpx.ASGITransport(create_app(broken), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell/v2") as client:
        response = await client.get("/health/ready")
    assert (response.status_code, response.json()) == (503, {"ready": False})


async def test_a_refusal_says_when_to_come_again(services):
    full = replace(services, entities=FakeEntityRecognizer(fail=Overloaded("Too many requests are under way.")))
    transport = httpx.ASGITransport(create_app(full), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell/v2") as client:
        response = await client.post("/models/entities/infer", json={"inputs": [text_input("text", "a")]})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")


async def test_questions_are_answered_in_their_order(v2):
    found = await infer(v2, "redwell", text_input("question", RENT, "Which spaceship landed on Mars?"))
    assert found["answer"]["shape"] == [2]
    assert "EUR 4,850.00" in found["answer"]["data"][0]
    assert found["found"]["data"] == [True, False]
    [citation, *_] = json.loads(found["citations"]["data"][0])
    assert (citation["filename"], citation["page"]) == ("lease.txt", 1)


async def test_embeddings_are_rows_of_float32(v2):
    found = (await infer(v2, "embedder", text_input("text", "rent", "deposit"), id="7"))["embedding"]
    rows = np.array(found["data"], np.float32).reshape(found["shape"])
    assert (found["datatype"], found["shape"]) == ("FP32", [2, 64])
    assert np.allclose(rows, await FakeEmbedder().embed(["rent", "deposit"]))


async def test_entities_and_labels(v2):
    found = await infer(v2, "entities", text_input("text", "signed by Anna Keller", "nobody"))
    first, second = (json.loads(row) for row in found["entities"]["data"])
    assert [(one["text"], one["start"], one["end"]) for one in first] == [("Anna Keller", 10, 21)]
    assert second == []
    labelled = await infer(v2, "classifier", text_input("text", "an invoice"), outputs=[{"name": "label"}])
    assert {name: tensor["data"] for name, tensor in labelled.items()} == {"label": ["invoice"]}


async def test_scores_and_generated_text(v2):
    scored = await infer(v2, "reranker", text_input("query", "rent"), text_input("text", "cats", "the rent"))
    assert scored["score"]["data"] == [0.0, 1.0]
    said = await infer(v2, "llm", text_input("prompt", "Say yes."), parameters={"max_tokens": 3})
    assert (said["text"]["data"], said["model"]["data"]) == (["Yes."], ["fake-model"])


async def test_raw_bytes_behind_the_json(v2):
    raw = b"".join(struct.pack("<I", len(text)) + text for text in (b"rent", "Käufer".encode()))
    one = {"name": "text", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": len(raw)}}
    head = json.dumps({"inputs": [one]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    response = await v2.post("/models/embedder/infer", content=head + raw, headers=headers)
    assert response.json()["outputs"][0]["shape"] == [2, 64]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("none/infer", {"inputs": []}, 404, "Models: redwell"),
        ("embedder/versions/9/infer", {"inputs": []}, 404, "There is no model"),
        ("embedder/infer", {"inputs": []}, 422, "The input 'text' is missing"),
        ("embedder/infer", {"inputs": [text_input("txt", "a")]}, 422, "Inputs: text (BYTES)"),
        ("embedder/infer", {}, 422, "no inference request"),
        ("redwell/infer", {"inputs": [text_input("question", " ")]}, 422, "characters"),
        ("llm/infer", {"inputs": [text_input("prompt", "a")], "parameters": {"max_tokens": 0}}, 422, "out of range"),
        ("llm/infer", {"inputs": [text_input("prompt", "a")], "parameters": {"model": "x"}}, 422, "There is no model"),
    ],
)
async def test_what_is_wrong_is_said_in_the_shape_of_the_protocol(v2, path, body, status, said):
    response = await v2.post(f"/models/{path}", json=body)
    assert response.status_code == status
    assert said in response.json()["error"]


@pytest.mark.parametrize(
    "tensor",
    [
        {"name": "x", "datatype": "FP16", "shape": [1], "data": [1]},
        {"name": "x", "datatype": "BYTES", "shape": [2], "data": ["a"]},
        {"name": "x", "datatype": "BYTES", "shape": [1], "data": [1]},
        {"name": "x", "datatype": "INT32", "shape": [1], "data": ["a"]},
        {"name": "x", "datatype": "INT32", "shape": [10**9], "data": []},
        {"name": "x", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 400}},
    ],
)
def test_tensors_that_are_none(tensor):
    with pytest.raises(InvalidInput):
        read_request(json.dumps({"inputs": [tensor]}).encode())


def test_nested_data_is_row_major():
    one = {"name": "x", "datatype": "INT64", "shape": [2, 2], "data": [[1, 2], [3, 4]]}
    assert read_request(json.dumps({"inputs": [one]}).encode()).inputs["x"] == Tensor(
        "x", "INT64", (2, 2), (1, 2, 3, 4)
    )


def test_numbers_come_out_of_bytes_and_go_into_tensors():
    assert from_bytes(np.array([1.5, -2], "<f4").tobytes(), "FP32") == (1.5, -2.0)
    assert numbers("x", np.ones((2, 1), np.float32)) == Tensor("x", "FP32", (2, 1), (1.0, 1.0))
    with pytest.raises(InvalidInput):
        from_bytes(b"\x09\x00\x00\x00ab", "BYTES")
