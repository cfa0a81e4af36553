"""Tensors of the protocol: from JSON, with or without raw bytes behind it, and back. Pure."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rag.errors import InvalidInput

_NUMBERS = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP32": "<f4",
    "FP64": "<f8",
}
DATATYPES = ("BYTES", *_NUMBERS)
MOST_ITEMS = 65_536


@dataclass(frozen=True, slots=True)
class Tensor:
    """`data` is flat, in row-major order; BYTES are texts."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: tuple[Any, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape), "data": list(self.data)}


@dataclass(frozen=True, slots=True)
class InferRequest:
    inputs: Mapping[str, Tensor]
    id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    """Only these; empty: all."""


def texts(name: str, values: Sequence[str]) -> Tensor:
    return Tensor(name, "BYTES", (len(values),), tuple(values))


def numbers(name: str, values: np.ndarray) -> Tensor:
    """float32 of any shape."""
    return Tensor(name, "FP32", values.shape, tuple(float(value) for value in values.ravel()))


def read_request(body: bytes, header_length: int | None = None) -> InferRequest:
    """`header_length`: bytes of JSON in front of raw data (the binary extension). Raises InvalidInput."""
    length = len(body) if header_length is None else header_length
    try:
        asked = json.loads(body[:length])
        raw = memoryview(body)[length:]
        tensors = {}
        for one in asked["inputs"]:
            tensor, raw = _tensor(one, raw)
            tensors[tensor.name] = tensor
        wanted = tuple(str(one["name"]) for one in asked.get("outputs") or ())
        return InferRequest(tensors, str(asked.get("id") or ""), dict(asked.get("parameters") or {}), wanted)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidInput(
            f"The body is no inference request: {error}", "Send {inputs: [{name, datatype, shape, data}]}."
        ) from error


def _tensor(one: Mapping[str, Any], raw: memoryview) -> tuple[Tensor, memoryview]:
    name, datatype = str(one["name"]), str(one["datatype"])
    shape = tuple(int(size) for size in one["shape"])
    if datatype not in DATATYPES:
        raise InvalidInput(
            f"The datatype '{datatype}' of '{name}' is not read.", f"Send one of {', '.join(DATATYPES)}."
        )
    size = math.prod(shape)
    if not shape or min(shape) < 0 or size > MOST_ITEMS:
        raise InvalidInput(f"'{name}' has the shape {list(shape)}.", f"At most {MOST_ITEMS} elements.")
    in_bytes = (one.get("parameters") or {}).get("binary_data_size")
    if in_bytes is None:
        data = tuple(_plain(value, datatype) for value in _flat(one["data"]))
    else:
        data, raw = from_bytes(bytes(raw[: int(in_bytes)]), datatype), raw[int(in_bytes) :]
    if len(data) != size:
        raise InvalidInput(f"'{name}' has {len(data)} elements, its shape says {size}.", "Correct its shape.")
    return Tensor(name, datatype, shape, data), raw


def _flat(data: Any) -> Iterator[Any]:
    if isinstance(data, list):
        for part in data:
            yield from _flat(part)
    else:
        yield data


def _plain(value: Any, datatype: str) -> Any:
    if datatype == "BYTES":
        if not isinstance(value, str):
            raise InvalidInput("An element of a BYTES tensor is no text.", "Send strings.")
        return value
    if isinstance(value, str) or (isinstance(value, bool) and datatype != "BOOL"):
        raise InvalidInput(f"{value!r} is no {datatype}.", "Correct the tensor's data or datatype.")
    return bool(value) if datatype == "BOOL" else float(value) if datatype.startswith("FP") else int(value)


def from_bytes(raw: bytes, datatype: str) -> tuple[Any, ...]:
    """Little-endian numbers; BYTES elements follow their length as four bytes. Raises InvalidInput."""
    if datatype != "BYTES":
        return tuple(np.frombuffer(raw, _NUMBERS[datatype]).tolist())
    found, at = [], 0
    while at < len(raw):
        try:
            [length] = struct.unpack_from("<I", raw, at)
            if at + 4 + length > len(raw):
                raise InvalidInput("A BYTES tensor is cut off.", "Send each element after its length.")
            found.append(raw[at + 4 : at + 4 + length].decode())
        except (struct.error, UnicodeDecodeError) as error:
            raise InvalidInput("A BYTES tensor holds no UTF-8 texts.", "Send texts in UTF-8.") from error
        at += 4 + length
    return tuple(found)
