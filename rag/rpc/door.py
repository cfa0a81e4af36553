"""gRPC: each call becomes a request of the HTTP application in the same process, with its metadata as headers.

Keys, scopes, limits and routes are therefore the same, and there is one place where they are enforced. What Serve's proxy calls
is mixed into the Ingress deployment; the methods have the names that the .proto files give them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from grpc import StatusCode
from starlette.types import ASGIApp

from rag.proto import inference_pb2, redwell_pb2
from rag.rpc.tensors import infer_body, infer_reply
from rag.rpc.within import Within
from rag.wire import server_sent

FORWARDED = ("authorization", "x-api-key")
_LOCAL = ("ipv4:127.", "ipv6:[::1]", "ipv6:%5B::1%5D", "unix:")
"""What gRPC calls peers on this machine."""
_CODES = {
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    409: StatusCode.FAILED_PRECONDITION,
    413: StatusCode.INVALID_ARGUMENT,
    415: StatusCode.INVALID_ARGUMENT,
    422: StatusCode.INVALID_ARGUMENT,
    429: StatusCode.RESOURCE_EXHAUSTED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}


class StreamRefused(Exception):
    """Ends a stream: Serve passes on the status that the context holds only with an item or an exception."""


class GrpcDoor:
    """`application` is set by the deployment when it has built it. `local_only`: Serve opens the port on every address, so what comes
    from another machine is refused where the HTTP side listens on loopback only."""

    application: ASGIApp
    local_only: bool = True

    async def Ask(self, request: Any, grpc_context: Any) -> Any:
        found = await self._json("POST", "/v1/ask", _body(request), grpc_context)
        return _message(redwell_pb2.Answer(), _answer(found))

    async def AskStream(self, request: Any, grpc_context: Any) -> AsyncIterator[Any]:
        if self._stranger(grpc_context):
            raise StreamRefused(grpc_context.details())
        asked = self._within("POST", "/v1/ask", _body(request) | {"stream": True}, grpc_context)
        read = b""
        async for part in asked.parts():
            read += part
            if asked.status != 200:
                continue
            # An event ends with an empty line; what is behind the last one waits for the next part.
            whole, found, rest = read.rpartition(b"\n\n")
            if not found:
                continue
            read = rest
            for name, data in server_sent([whole + b"\n\n"]):
                if name == "error":
                    _refuse(grpc_context, int(data.get("status", 500)), data)
                    raise StreamRefused(grpc_context.details())
                yield _event(name, data)
        if asked.status != 200:
            _refuse(grpc_context, asked.status, json.loads(read or b"{}"))
            raise StreamRefused(grpc_context.details())

    async def Search(self, request: Any, grpc_context: Any) -> Any:
        return _message(redwell_pb2.Results(), await self._json("POST", "/v1/search", _body(request), grpc_context))

    async def Health(self, request: Any, grpc_context: Any) -> Any:
        return redwell_pb2.HealthReply(ready=await self._ready())

    async def ServerLive(self, request: Any, grpc_context: Any) -> Any:
        return inference_pb2.ServerLiveResponse(live=True)

    async def ServerReady(self, request: Any, grpc_context: Any) -> Any:
        return inference_pb2.ServerReadyResponse(ready=await self._ready())

    async def ServerMetadata(self, request: Any, grpc_context: Any) -> Any:
        return _message(inference_pb2.ServerMetadataResponse(), await self._json("GET", "/v2", None, grpc_context))

    async def ModelReady(self, request: Any, grpc_context: Any) -> Any:
        found = await self._json("GET", f"{_model(request.name, request.version)}/ready", None, grpc_context)
        return _message(inference_pb2.ModelReadyResponse(), found)

    async def ModelMetadata(self, request: Any, grpc_context: Any) -> Any:
        found = await self._json("GET", _model(request.name, request.version), None, grpc_context)
        return _message(inference_pb2.ModelMetadataResponse(), found)

    async def ModelInfer(self, request: Any, grpc_context: Any) -> Any:
        path = f"{_model(request.model_name, request.model_version)}/infer"
        found = await self._json("POST", path, infer_body(request), grpc_context)
        return infer_reply(found) if found else inference_pb2.ModelInferResponse()

    async def _ready(self) -> bool:
        asked = Within(self.application, "GET", "/v2/health/ready", None, {})
        return bool((await asked.whole()).get("ready"))

    async def _json(self, method: str, path: str, body: Any, context: Any) -> dict[str, Any]:
        """{} where the call is refused: the context then says why."""
        if self._stranger(context):
            return {}
        asked = self._within(method, path, body, context)
        found: dict[str, Any] = await asked.whole()
        if asked.status >= 400:
            _refuse(context, asked.status, found)
            return {}
        return found

    def _stranger(self, context: Any) -> bool:
        if not self.local_only or context.peer().startswith(_LOCAL):
            return False
        context.set_code(StatusCode.PERMISSION_DENIED)
        context.set_details("The service listens on this machine only. Set server.host and an API key to open it.")
        return True

    def _within(self, method: str, path: str, body: Any, context: Any) -> Within:
        sent = {key: value for key, value in context.invocation_metadata() if key in FORWARDED}
        return Within(self.application, method, path, body, sent)


def _body(request: Message) -> dict[str, Any]:
    """Fields that were set, by the names that HTTP knows too."""
    body = MessageToDict(request, preserving_proto_field_name=True)
    if len(body.get("collection", ())) == 1:
        [body["collection"]] = body["collection"]
    return body


def _message(message: Message, found: Mapping[str, Any]) -> Any:
    return ParseDict(found, message, ignore_unknown_fields=True)


def _answer(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**found, "kind": str(found.get("kind") or "")}


def _event(name: str, data: Mapping[str, Any]) -> Any:
    shown = {
        "results": {"results": data},
        "token": {"token": data.get("text", "")},
        "citation": {"citation": data},
        "final": {"final": _answer(data)},
    }
    return _message(redwell_pb2.AskEvent(), shown[name])


def _model(name: str, version: str) -> str:
    from urllib.parse import quote

    path = f"/v2/models/{quote(name, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path


def _refuse(context: Any, status: int, found: Mapping[str, Any]) -> None:
    said = f"{found.get('detail', '')} {found.get('remedy', '')}".strip() or str(found.get("error", ""))
    context.set_code(_CODES.get(status, StatusCode.INTERNAL))
    context.set_details(said[:1000])
