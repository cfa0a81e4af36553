"""Tensors of the Open Inference Protocol between its messages and its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.errors import InvalidInput
from rag.inference.tensors import DATATYPES, from_bytes
from rag.proto import inference_pb2

_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def infer_body(request: Any) -> dict[str, Any]:
    """The JSON request. What cannot be read is sent on as it is, for the route to refuse."""
    raw = list(request.raw_input_contents)
    inputs = [
        {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.shape),
            "data": _data(tensor, raw[at] if at < len(raw) else None),
        }
        for at, tensor in enumerate(request.inputs)
    ]
    return {
        "id": request.id,
        "inputs": inputs,
        "outputs": [{"name": output.name} for output in request.outputs],
        "parameters": {key: getattr(value, value.WhichOneof("parameter_choice")) for key, value in _set(request)},
    }


def infer_reply(found: Mapping[str, Any]) -> Any:
    reply = inference_pb2.ModelInferResponse(
        model_name=found["model_name"], model_version=found["model_version"], id=found.get("id", "")
    )
    for tensor in found["outputs"]:
        data = [value.encode() for value in tensor["data"]] if tensor["datatype"] == "BYTES" else tensor["data"]
        output = reply.outputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=tensor["shape"])
        getattr(output.contents, _CONTENTS[tensor["datatype"]]).extend(data)
    return reply


def _set(request: Any) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in request.parameters.items() if value.WhichOneof("parameter_choice")]


def _data(tensor: Any, raw: bytes | None) -> list[Any] | None:
    """None where the tensor cannot be read."""
    if tensor.datatype not in DATATYPES:
        return None
    try:
        if raw is not None:
            return list(from_bytes(raw, tensor.datatype))
        values = list(getattr(tensor.contents, _CONTENTS[tensor.datatype]))
        return [value.decode() for value in values] if tensor.datatype == "BYTES" else values
    except (InvalidInput, ValueError):
        return None
