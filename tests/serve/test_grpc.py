"""gRPC through Serve's own proxy: our client, reflection, and KServe's client where it is at hand."""

from __future__ import annotations

import grpc
import httpx
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from rag.replies.documents import FinalEvent, ResultsEvent, TokenEvent
from rag.rpc.client import GrpcClient
from rag.wire import ApiError
from tests.kserve.other import kserve_asks

RENT = "What is the monthly rent of 18 Harbour Street?"


@pytest.fixture(scope="module")
def remote(stack, library):
    if not stack.grpc:
        pytest.skip("the stack of REDWELL_TEST_URL has its gRPC port elsewhere")
    with GrpcClient(stack.grpc) as client:
        yield client


def test_a_streamed_answer_is_that_of_the_http_api(remote, stack):
    told = httpx.post(f"{stack.url}/v1/ask", json={"question": RENT}, timeout=120).json()
    events = list(remote.ask_stream(RENT))
    assert isinstance(events[0], ResultsEvent)
    assert any(isinstance(event, TokenEvent) for event in events)
    assert isinstance(events[-1], FinalEvent)
    assert [one.document_id for one in events[-1].answer.citations] == [one["document_id"] for one in told["citations"]]
    assert remote.ready()


def test_what_is_refused_arrives_with_its_reason(remote):
    with pytest.raises(ApiError, match="There is no model") as caught:
        remote.ask(RENT, model="none")
    assert caught.value.status == 422


def test_the_services_describe_themselves(remote, stack):
    with grpc.insecure_channel(stack.grpc) as channel:
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert {"redwell.v1.Redwell", "inference.GRPCInferenceService"} <= set(services)


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_kserves_client_reads_answers_and_vectors(remote, stack, protocol):
    seen = kserve_asks(protocol, stack.grpc if protocol == "grpc" else stack.url)
    assert seen["ready"]
    assert seen["model_ready"]
    assert seen["embedding_binary"] == [2, 384]
    assert len(seen["answer"]) == 1
