"""KServe's own clients against an address: run by an interpreter that has the package kserve, which ours has not.

python ask.py http http://127.0.0.1:8000      |      python ask.py grpc 127.0.0.1:9000 [API key]
"""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

QUESTION = "What is the monthly rent?"
KEY = sys.argv[3] if len(sys.argv) > 3 else ""


def request(model, name, texts, binary):
    tensor = InferInput(name, [len(texts)], "BYTES")
    tensor.set_data_from_numpy(np.array([text.encode() for text in texts], dtype=object), binary_data=binary)
    return InferRequest(model_name=model, infer_inputs=[tensor], request_id="42")


def texts(output):
    return [value.decode() if isinstance(value, bytes) else str(value) for value in output.as_numpy().ravel()]


async def over_http(url):
    headers = {"authorization": f"Bearer {KEY}"} if KEY else {}
    async with InferenceRESTClient(RESTConfig(protocol="v2", timeout=120)) as client:
        seen = {
            "live": await client.is_server_live(url),
            "ready": await client.is_server_ready(url),
            "model_ready": await client.is_model_ready(url, "redwell", headers=headers),
            "unknown_ready": await client.is_model_ready(url, "unknown", headers=headers),
        }
        for binary in (False, True):
            asked = request("embedder", "text", ["rent", "the deposit"], binary)
            reply = await client.infer(url, asked, "embedder", headers=dict(headers))
            seen[f"embedding_{'binary' if binary else 'json'}"] = list(reply.outputs[0].as_numpy().shape)
        reply = await client.infer(
            url, request("redwell", "question", [QUESTION], False), "redwell", headers=dict(headers)
        )
        seen["answer"] = texts(reply.outputs[0])
    return seen


async def over_grpc(address):
    headers = (("authorization", f"Bearer {KEY}"),) if KEY else None
    client = InferenceGRPCClient(url=address, timeout=120)
    seen = {
        "live": await client.is_server_live(headers=headers),
        "ready": await client.is_server_ready(headers=headers),
        "model_ready": await client.is_model_ready("redwell", headers=headers),
    }
    for binary in (False, True):
        reply = await client.infer(request("embedder", "text", ["rent", "the deposit"], binary), headers=headers)
        seen[f"embedding_{'binary' if binary else 'json'}"] = list(reply.outputs[0].as_numpy().shape)
    reply = await client.infer(request("redwell", "question", [QUESTION], True), headers=headers)
    seen["answer"] = texts(reply.outputs[0])
    await client.close()
    return seen


print(json.dumps(asyncio.run((over_http if sys.argv[1] == "http" else over_grpc)(sys.argv[2]))))
