"""What is counted, logged and traced on the way in and out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from rag.answer import AskRequest, complete
from rag.api import create_app
from rag.model import Stage
from rag.runtime import tracing
from rag.runtime.logs import configure
from rag.runtime.metrics import (
    ANSWER_SECONDS,
    ANSWERS,
    CACHE,
    CATALOGUE,
    DOCUMENTS,
    PAGES,
    STAGE_SECONDS,
    TOKENS,
    CountedGenerator,
    Recorded,
)
from rag.services import Services
from tests.unit.app.conftest import add, index, work


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    """The records of a process that is set up as a deployment's is."""
    found: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = found.append  # type: ignore[method-assign]
    logger = logging.getLogger("test.serve")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    configure("test.serve")
    yield found
    structlog.reset_defaults()
    logger.removeHandler(handler)


async def test_a_document_is_counted_with_its_pages_and_stages(services: Services) -> None:
    metrics = Recorded()
    counted = replace(services, metrics=metrics)
    await add(counted)
    await work(counted)
    assert metrics.total(DOCUMENTS, status="ready") == 1
    assert metrics.total(PAGES, source="text_layer") == 1
    assert metrics.total(PAGES, source="ocr") == 1
    assert metrics.total(CACHE, cache="stage", outcome="hit") == 0
    timed = [dict(tags)["stage"] for name, tags in metrics.values if name == STAGE_SECONDS.name]
    assert sorted(timed) == sorted(stage.value for stage in Stage)


async def test_an_answer_is_counted_by_its_outcome(services: Services) -> None:
    await add(services)
    await work(services)
    metrics = Recorded()
    counted = replace(await index(services), metrics=metrics, generator=CountedGenerator(services.generator, metrics))
    answer = await complete(AskRequest("What is the monthly rent?"), counted)
    missing = await complete(AskRequest("zebra quantum helicopter"), counted)
    assert (answer.found, missing.found) == (True, False)
    assert metrics.total(ANSWERS, outcome="not_found") == 1
    assert sum(sum(values) for (name, _), values in metrics.values.items() if name == ANSWERS.name) == 2
    assert metrics.total(TOKENS, kind="prompt") > 0
    phases = {dict(tags)["phase"] for name, tags in metrics.values if name == ANSWER_SECONDS.name}
    assert {"retrieve", "generate", "total"} <= phases


def test_names_are_unique_and_tags_hold_no_ids() -> None:
    assert len({metric.name for metric in CATALOGUE}) == len(CATALOGUE)
    tags = {tag for metric in CATALOGUE for tag in metric.tags}
    assert tags <= {"status", "source", "stage", "kind", "cache", "outcome", "phase"}


async def test_a_request_id_is_taken_and_given_back(http: httpx.AsyncClient) -> None:
    given = await http.get("/v1/stats", headers={"X-Request-Id": "from-the-client"})
    made = [(await http.get("/v1/stats")).headers["x-request-id"] for _ in range(2)]
    refused = await http.get("/v1/nothing", headers={"X-Request-Id": "also-on-errors"})
    assert given.headers["x-request-id"] == "from-the-client"
    assert len(set(made)) == 2
    assert refused.headers["x-request-id"] == "also-on-errors"


async def test_behind_a_proxy_the_id_is_not_given_back_twice(services: Services) -> None:
    transport = httpx.ASGITransport(create_app(services, behind_proxy=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as client:
        response = await client.get("/v1/stats", headers={"X-Request-Id": "a"})
    assert "x-request-id" not in response.headers


async def test_a_line_of_a_request_carries_its_id_and_nothing_of_its_query(
    http: httpx.AsyncClient, lines: list[logging.LogRecord]
) -> None:
    await http.get("/v1/documents?q=secret-name", headers={"X-Request-Id": "r-1"})
    [line] = [line for line in lines if line.getMessage() == "answered"]
    assert (line.request, line.method, line.path, line.status) == ("r-1", "GET", "/v1/documents", 200)
    assert "secret-name" not in json.dumps(line.__dict__, default=str)


async def test_lines_about_a_document_carry_its_id(services: Services, lines: list[logging.LogRecord]) -> None:
    document = await add(services)
    await work(services)
    [line] = [line for line in lines if line.getMessage() == "document_analysed"]
    assert (line.document, line.status) == (document.id, "ready")


async def test_a_document_is_one_trace_with_a_span_a_stage(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    monkeypatch.setattr(tracing.trace, "get_tracer", provider.get_tracer)
    document = await add(services)
    await work(services)
    spans = memory.get_finished_spans()
    [root] = [span for span in spans if span.parent is None]
    assert (root.name, root.attributes["document"]) == ("analyze", document.id)
    assert {span.context.trace_id for span in spans} == {root.context.trace_id}
    assert {span.name for span in spans} == {"analyze", *(f"stage {stage.value}" for stage in Stage)}
