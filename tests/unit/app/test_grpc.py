"""gRPC's door over a real server of grpc, in front of the real application with played models."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import grpc
import httpx
import pytest

from rag.api import create_app
from rag.fakes import FakeGenerator
from rag.proto import inference_pb2, inference_pb2_grpc, redwell_pb2_grpc
from rag.replies.documents import CitationEvent, FinalEvent, ResultsEvent, TokenEvent
from rag.rpc.client import GrpcClient
from rag.rpc.door import GrpcDoor
from rag.rpc.within import Within
from rag.wire import ApiError
from tests.unit.app.conftest import add, index, work

RENT = "What is the monthly rent?"


@pytest.fixture
async def ready(services):
    await add(services)
    await work(services)
    return await index(services)


async def served(services):
    """Address, and the server that has to be stopped."""
    door = GrpcDoor()
    door.application = create_app(services)
    server = grpc.aio.server()
    redwell_pb2_grpc.add_RedwellServicer_to_server(door, server)
    inference_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(door, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return f"127.0.0.1:{port}", server, door


@pytest.fixture
async def address(ready):
    address, server, _ = await served(ready)
    yield address
    await server.stop(None)


def with_client(address, work, key=None):
    def run():
        with GrpcClient(address, key, timeout=30) as client:
            return work(client)

    return asyncio.to_thread(run)


async def test_an_answer_is_the_one_of_the_http_api(address, ready):
    transport = httpx.ASGITransport(create_app(ready))
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as http:
        told = (await http.post("/v1/ask", json={"question": RENT})).json()
    found = await with_client(address, lambda client: client.ask(RENT))
    assert (found.answer, found.found, found.model) == (told["answer"], True, "fake-model")
    assert [(one.marker, one.page, one.quote) for one in found.citations] == [
        (one["marker"], one["page"], one["quote"]) for one in told["citations"]
    ]
    assert found.grounding.score == told["grounding"]["score"]


async def test_a_streamed_answer_comes_in_its_order(address):
    events = await with_client(address, lambda client: list(client.ask_stream(RENT, top_k=3)))
    assert isinstance(events[0], ResultsEvent)
    assert [type(one) for one in events[-2:]] == [CitationEvent, FinalEvent]
    tokens = [one.text for one in events if isinstance(one, TokenEvent)]
    assert len(tokens) > 3
    assert "".join(tokens) == "This lease is a contract between Northgate Estates and Anna Keller."
    assert "EUR 4,850.00" in events[-1].answer.answer


async def test_closing_the_iterator_ends_the_answer(ready):
    slow = replace(ready, generator=FakeGenerator(delay=30))
    address, server, _ = await served(slow)

    def first(client):
        events = client.ask_stream(RENT)
        event = next(events)
        events.close()
        return event

    assert isinstance(await with_client(address, first), ResultsEvent)
    await server.stop(None)


async def test_passages_are_found(address):
    found = await with_client(address, lambda client: client.search("deposit", top_k=1, mode="dense"))
    assert [one.page for one in found] == [2]
    assert await with_client(address, lambda client: client.ready())


@pytest.mark.parametrize("streamed", [False, True])
async def test_what_is_refused_says_why(address, streamed):
    def ask(client):
        return list(client.ask_stream(RENT, model="none")) if streamed else client.ask(RENT, model="none")

    with pytest.raises(ApiError, match="There is no model 'none'") as caught:
        await with_client(address, ask)
    assert caught.value.status == 422


async def test_keys_are_asked_for_as_over_http(ready):
    digest = hashlib.sha256(b"sesame").hexdigest()
    settings = ready.settings
    locked = settings.model_copy(update={"server": settings.server.model_copy(update={"api_keys": (digest,)})})
    address, server, _ = await served(replace(ready, settings=locked))
    with pytest.raises(ApiError) as caught:
        await with_client(address, lambda client: client.ask(RENT))
    assert caught.value.status == 401
    assert (await with_client(address, lambda client: client.ask(RENT), key="sesame")).found
    assert await with_client(address, lambda client: client.ready())
    await server.stop(None)


class Stranger:
    def __init__(self, peer):
        self._peer = peer
        self.code = None

    def peer(self):
        return self._peer

    def invocation_metadata(self):
        return ()

    def set_code(self, code):
        self.code = code

    def set_details(self, details):
        self.details = details


@pytest.mark.parametrize(
    ("peer", "code"),
    [
        ("ipv4:192.0.2.7:999", grpc.StatusCode.PERMISSION_DENIED),
        ("ipv6:%5B2001:db8::7%5D:9", grpc.StatusCode.PERMISSION_DENIED),
        ("ipv4:127.0.0.1:9", None),
        ("ipv6:%5B::1%5D:9", None),
    ],
)
async def test_others_are_refused_where_http_listens_on_loopback(ready, peer, code):
    _, server, door = await served(ready)
    context = Stranger(peer)
    await door.Search(redwell_search("rent"), context)
    assert context.code is code
    door.local_only = False
    context = Stranger(peer)
    await door.Search(redwell_search("rent"), context)
    assert context.code is None
    await server.stop(None)


def redwell_search(query):
    from rag.proto import redwell_pb2

    return redwell_pb2.SearchRequest(query=query)


async def test_inference_protocol_with_contents_and_with_raw_bytes(address):
    async with grpc.aio.insecure_channel(address) as channel:
        stub = inference_pb2_grpc.GRPCInferenceServiceStub(channel)
        assert (await stub.ServerLive(inference_pb2.ServerLiveRequest())).live
        assert (await stub.ServerReady(inference_pb2.ServerReadyRequest())).ready
        assert (await stub.ServerMetadata(inference_pb2.ServerMetadataRequest())).name == "redwell"
        assert (await stub.ModelReady(inference_pb2.ModelReadyRequest(name="llm"))).ready
        described = await stub.ModelMetadata(inference_pb2.ModelMetadataRequest(name="embedder"))
        assert [(one.name, one.datatype, list(one.shape)) for one in described.outputs] == [
            ("embedding", "FP32", [-1, 64])
        ]
        request = inference_pb2.ModelInferRequest(model_name="embedder", id="7")
        request.inputs.add(name="text", datatype="BYTES", shape=[1]).contents.bytes_contents.append(b"rent")
        reply = await stub.ModelInfer(request)
        assert (reply.id, list(reply.outputs[0].shape), len(reply.outputs[0].contents.fp32_contents)) == (
            "7",
            [1, 64],
            64,
        )
        raw = inference_pb2.ModelInferRequest(model_name="embedder", raw_input_contents=[b"\x04\0\0\0rent"])
        raw.inputs.add(name="text", datatype="BYTES", shape=[1])
        again = await stub.ModelInfer(raw)
        assert list(again.outputs[0].contents.fp32_contents) == list(reply.outputs[0].contents.fp32_contents)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ModelInfer(inference_pb2.ModelInferRequest(model_name="none"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_an_application_that_fails_ends_the_request():
    async def broken(scope, receive, send):
        raise RuntimeError("defect")

    with pytest.raises(RuntimeError, match="defect"):
        await Within(broken, "GET", "/", None, {}).whole()
