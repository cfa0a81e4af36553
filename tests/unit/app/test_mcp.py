"""/mcp with the real MCP client, over ASGI."""

from __future__ import annotations

import hashlib
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from rag.api import create_app
from rag.settings import Server
from tests.unit.app.conftest import LEASE, add, index, work

TOOLS = {"ask", "search", "count_documents", "list_documents", "get_document", "read_page"}


@asynccontextmanager
async def connected(services, *, mode="auto", key=None):
    app = create_app(services)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers) as http,
        Client(streamable_http_client("http://127.0.0.1:8000/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.fixture
async def library(services):
    document = await add(services)
    await work(services)
    return await index(services), document


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_tools_are_listed_and_only_read(library, mode):
    async with connected(library[0], mode=mode) as client:
        tools = (await client.list_tools()).tools
        templates = (await client.list_resource_templates()).resource_templates
    assert {tool.name for tool in tools} == TOOLS
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    assert [template.uri_template for template in templates] == [
        "redwell://documents/{document_id}",
        "redwell://documents/{document_id}/pages/{number}",
    ]


async def test_every_tool_answers_what_its_route_answers(library):
    services, document = library
    async with connected(services) as client:
        asked = (await client.call_tool("ask", {"question": "What is the monthly rent?"})).structured_content
        found = (await client.call_tool("search", {"query": "deposit", "top_k": 1})).structured_content
        counted = await client.call_tool("count_documents", {"question": "how many contracts name Anna Keller"})
        typed = await client.call_tool("count_documents", {"kinds": ["contract"], "mentions": ["Northgate Estates"]})
        listed = (await client.call_tool("list_documents", {"entity": "Anna Keller"})).structured_content
        record = (await client.call_tool("get_document", {"document_id": document.id})).structured_content
        page = (await client.call_tool("read_page", {"document_id": document.id, "page": 1})).structured_content
    assert "4,850.00" in asked["answer"]
    assert asked["citations"][0]["document_id"] == document.id
    assert (found["results"][0]["page"], len(found["results"])) == (2, 1)
    assert (counted.structured_content["total"], typed.structured_content["total"]) == (1, 1)
    assert json.loads(counted.content[0].text)["understood"] == counted.structured_content["understood"]
    assert (listed["total"], listed["documents"][0]["id"]) == (1, document.id)
    assert (record["filename"], record["classification"]["label"]) == ("lease.txt", "contract")
    assert {"type": "PERSON", "text": "Anna Keller", "count": 2} in record["entities"]
    assert (page["text"], page["page_count"]) == (LEASE.split("\f")[0], 2)


async def test_resources_are_documents_and_pages(library):
    services, document = library
    async with connected(services) as client:
        record = (await client.read_resource(f"redwell://documents/{document.id}")).contents[0]
        page = (await client.read_resource(f"redwell://documents/{document.id}/pages/1")).contents[0]
        with pytest.raises(MCPError, match="no page 9"):
            await client.read_resource(f"redwell://documents/{document.id}/pages/9")
    assert json.loads(record.text)["id"] == document.id
    assert page.text == LEASE.split("\f")[0]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("get_document", {"document_id": "none"}, "document_not_found: There is no document 'none'."),
        ("read_page", {"document_id": "none", "page": 0}, "greater than or equal to 1"),
        ("ask", {"question": "   "}, "invalid_input: The question is empty."),
        ("ask", {"question": "x" * 9000}, "limits.question_chars"),
        ("count_documents", {"question": "What is love?"}, "not understood"),
        ("count_documents", {"kinds": ["spaceship"]}, "Choose of: "),
        ("count_documents", {"limit": 1000}, "invalid_input: limit"),
        ("delete_document", {"document_id": "x"}, "delete_document"),
    ],
)
async def test_errors_say_what_to_do(library, tool, arguments, words):
    async with connected(library[0]) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert words in result.content[0].text


async def test_without_a_key_the_door_is_shut(library):
    services, _ = library
    keys = Server(api_keys=(hashlib.sha256(b"sesame").hexdigest(),))
    guarded = replace(services, settings=services.settings.model_copy(update={"server": keys}))
    async with connected(guarded, key="sesame") as client:
        assert len((await client.list_tools()).tools) == len(TOOLS)
    app = create_app(guarded)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as http:
        response = await http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")


async def test_other_methods_and_other_hosts_are_refused(library):
    app = create_app(library[0])
    transport = httpx.ASGITransport(app)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"Accept": "application/json, text/event-stream"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=accept) as http:
        assert (await http.post("/mcp", json=call)).status_code == 503
        async with app.router.lifespan_context(app):
            assert (await http.get("/mcp")).status_code == 405
            assert (await http.delete("/mcp")).status_code == 405
            assert (await http.post("/mcp", json=call)).status_code == 200
            assert (await http.post("/mcp", json=call, headers={"Host": "evil.example"})).status_code == 403
