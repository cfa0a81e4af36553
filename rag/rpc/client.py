"""The gRPC client: typed, synchronous, with the reply types of the HTTP client.

    with GrpcClient("127.0.0.1:9000") as redwell:
        for event in redwell.ask_stream("What is the monthly rent?"):
            ...

Every method raises ApiError only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message

from rag.calls.base import compact
from rag.proto import redwell_pb2, redwell_pb2_grpc
from rag.replies.documents import (
    Answer,
    AskEvent,
    Citation,
    CitationEvent,
    FinalEvent,
    Result,
    ResultsEvent,
    TokenEvent,
)
from rag.wire import ApiError, decode

_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 422,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


class GrpcClient:
    """`address` is host:port. `secure`: TLS with the system's certificates, as an ingress in front offers it."""

    def __init__(
        self, address: str, api_key: str | None = None, *, timeout: float = 120.0, secure: bool = False
    ) -> None:
        self._channel = (
            grpc.secure_channel(address, grpc.ssl_channel_credentials()) if secure else grpc.insecure_channel(address)
        )
        self._stub = redwell_pb2_grpc.RedwellStub(self._channel)
        self._options: dict[str, Any] = {
            "timeout": timeout,
            "metadata": (("authorization", f"Bearer {api_key}"),) if api_key else (),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def ready(self) -> bool:
        with _errors():
            return bool(self._stub.Health(redwell_pb2.HealthRequest(), **self._options).ready)

    def ask(self, question: str, **options: Any) -> Answer:
        """`options` as those of `ask_stream`."""
        with _errors():
            return decode(Answer, _plain(self._stub.Ask(_request(question, **options), **self._options)))

    def ask_stream(self, question: str, **options: Any) -> Iterator[AskEvent]:
        """Passages, tokens and citations as they come, then one FinalEvent. Closing the iterator cancels the answer.

        Options: collection, document_ids, top_k, history ({role, content} each), strict, model, session, filters.
        """
        with _errors():
            call = self._stub.AskStream(_request(question, **options), **self._options)
            try:
                for event in call:
                    yield _event(event)
            finally:
                call.cancel()

    def search(
        self, query: str, *, collection: str | Sequence[str] = (), top_k: int | None = None, mode: str | None = None
    ) -> tuple[Result, ...]:
        """Passages, best first."""
        names = [collection] if isinstance(collection, str) else list(collection)
        asked = compact(query=query, collection=names, top_k=top_k, mode=mode)
        with _errors():
            found = self._stub.Search(ParseDict(asked, redwell_pb2.SearchRequest()), **self._options)
            return decode(tuple[Result, ...], _plain(found)["results"])


def _request(
    question: str,
    *,
    collection: str | Sequence[str] = (),
    document_ids: Sequence[str] = (),
    top_k: int | None = None,
    history: Sequence[Mapping[str, str]] = (),
    strict: bool | None = None,
    model: str | None = None,
    session: str | None = None,
    filters: Mapping[str, Any] | None = None,
) -> Any:
    asked = compact(
        question=question,
        collection=[collection] if isinstance(collection, str) else list(collection),
        document_ids=list(document_ids),
        top_k=top_k,
        history=[dict(turn) for turn in history],
        strict=strict,
        model=model,
        session=session,
        filters=dict(filters or {}),
    )
    return ParseDict(asked, redwell_pb2.AskRequest())


def _event(event: Any) -> AskEvent:
    kind = event.WhichOneof("event")
    if kind == "results":
        return ResultsEvent(decode(tuple[Result, ...], _plain(event.results)["results"]))
    if kind == "token":
        return TokenEvent(event.token)
    if kind == "citation":
        return CitationEvent(decode(Citation, _plain(event.citation)))
    return FinalEvent(decode(Answer, _plain(event.final)))


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


@contextmanager
def _errors() -> Iterator[None]:
    """gRPC's errors become ApiError."""
    try:
        yield
    except grpc.RpcError as error:
        code, said = error.code(), str(error.details() or "")  # type: ignore[attr-defined]
        raise ApiError(
            _STATUS.get(code, 503), code.name.casefold(), said or f"The call ended with {code.name}."
        ) from error
