"""Two tenants in one library: every route tried by one with the ids of the other. A foreign id looks exactly like a missing one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from rag.access.principal import acting_as, own_work, tenant_of, within
from rag.api import create_app
from rag.errors import InvalidInput
from rag.intake.ingestions import Request
from rag.model import Document, Filter
from rag.services import Services
from rag.settings import Ingestion, Server
from tests.unit.app.conftest import work

ADMIN = "bootstrap"
SECRET = "Zanzibar"
"""Stands in every text, name and label of the other tenant."""
THEIRS = (
    f"This {SECRET} contract is between {SECRET} Holdings and Berta Brown. The rent of {SECRET} is EUR 77,777.00 a month. "
    f"It was signed on 4 May 2021 in {SECRET} City. contract"
)
OURS = "This lease is between Northgate Estates and Anna Keller. The monthly rent is EUR 4,850.00. contract"
MISSING = "0" * 32
OWNED = r"\{(document|job|conversation|evaluation)_id\}"


@dataclass
class Tenancy:
    http: httpx.AsyncClient
    app: Any
    services: Services
    keys: dict[str, str]
    theirs: Document
    ours: Document
    job: str
    conversation: str = ""
    evaluation: str = ""

    async def ask(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        return await self.http.request(method, path, headers=headers, **options)


@pytest.fixture
async def two(services: Services, tmp_path) -> AsyncIterator[Tenancy]:
    """`acme` holds a document, a job, feedback, a schema and a label set; `globex` and `default` ask for them."""
    digest = hashlib.sha256(ADMIN.encode()).hexdigest()
    settings = services.settings.model_copy(
        update={
            "server": Server(api_keys=(digest,)),
            "ingestion": Ingestion(allow=(str(tmp_path / "{tenant}"), str(tmp_path / "own"))),
        }
    )
    services = replace(services, settings=settings)
    from rag.fakes import FakeRetriever

    services = replace(services, retriever=FakeRetriever())
    app = create_app(services)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        two = Tenancy(http, app, services, {"default": ADMIN}, None, None, "")  # type: ignore[arg-type]
        for tenant in ("acme", "globex"):
            body = {"name": tenant, "scopes": ["admin"], "tenant": tenant}
            two.keys[tenant] = (await two.ask("default", "POST", "/v1/keys", json=body)).json()["key"]
        for who, text, name in (("acme", THEIRS, f"{SECRET}.txt"), ("globex", OURS, "lease.txt")):
            sent = [("files", (name, text.encode(), "text/plain"))]
            form = {"collection": "contracts", "metadata": json.dumps({"owner": who})}
            response = await two.ask(who, "POST", "/v1/documents", files=sent, data=form)
            assert response.status_code == 202, response.text
            document = await services.state.documents.get(response.json()["documents"][0]["id"])
            setattr(two, "theirs" if who == "acme" else "ours", document)
        labels = {f"{SECRET}-urgent": "now or never", "later": "some day"}
        assert (await two.ask("acme", "PUT", "/v1/labels/priority", json={"labels": labels})).is_success
        schema = {"title": SECRET, "type": "object", "properties": {"total": {"type": "number", "title": SECRET}}}
        assert (await two.ask("acme", "PUT", "/v1/collections/contracts/schema", json=schema)).is_success
        said = {"question": f"What is {SECRET}?", "answer": SECRET, "right": True, "collection": "contracts"}
        assert (await two.ask("acme", "POST", "/v1/feedback", json=said)).status_code == 201
        begun = await two.ask("acme", "POST", "/v1/conversations", json={"title": SECRET})
        two.conversation = begun.json()["id"]
        run = {"name": SECRET, "set": SECRET, "figures": {SECRET: 1.0}}
        two.evaluation = (await two.ask("acme", "POST", "/v1/evaluations", json=run)).json()["id"]
        await work(services)
        job = await services.state.ingestions.add(Request((f"/{SECRET}",), collection="acme/contracts"))
        two.job = job.id
        for document in (two.theirs, two.ours):
            for chunk in await services.state.documents.chunks(document.id):
                services.retriever.put(chunk.id, document.id, chunk.text)  # type: ignore[attr-defined]
        yield two


def routes(app: Any) -> list[tuple[str, str]]:
    paths = app.openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


BODIES: dict[str, dict[str, Any]] = {
    "/v1/search": {"query": f"{SECRET} rent"},
    "/v1/ask": {"question": f"What is the rent of {SECRET}?"},
    "/v1/query": {"wants": "list"},
    "/": {"query": f"rent of {SECRET}"},
    "/v1/chat/completions": {"model": "redwell", "messages": [{"role": "user", "content": f"What is {SECRET}?"}]},
    "/v1/reanalyse": {"stage": "entities"},
    "/v1/keys": {"name": "x"},
    "/v1/feedback": {"question": "q", "right": True},
    "/v1/labels/{name}": {"labels": {"a": "b", "c": "d"}},
    "/v1/labels/{name}/activate": {"version": None},
    "/v1/documents/{document_id}/labels/{name}": {"label": "contract"},
    "/v1/documents/{document_id}/fields": {"fields": {}},
    "/v1/documents/{document_id}/chunks/{chunk_id}": {"off": True},
    "/v1/conversations": {"title": "x"},
    "/v1/conversations/{conversation_id}": {"title": "x"},
    "/v1/jobs": {"sources": [f"/{SECRET}"]},
    "/v1/evaluations": {"name": "x", "set": "x", "figures": {"x": 1.0}},
}


def filled(path: str, two: Tenancy, document: str, job: str) -> str:
    values = {
        "document_id": document,
        "job_id": job,
        "number": "1",
        "stage": "entities",
        "key_id": "none",
        "id": "none",
    }
    values["name"] = "contracts" if "collections" in path else "type" if "documents" in path else "priority"
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], "1"), path)


@pytest.mark.parametrize("who", ["globex", "default"])
async def test_no_route_shows_anything_of_another_tenant(two: Tenancy, who: str) -> None:
    """Every operation of the API, reads before writes, and deletions last."""
    order = {"GET": 0, "POST": 1, "PUT": 2, "PATCH": 3, "DELETE": 4}
    told = []
    for method, path in sorted(routes(two.app), key=lambda one: order[one[0]]):
        target = filled(path, two, two.theirs.id, two.job)
        options: dict[str, Any] = {} if method == "GET" else {"json": BODIES.get(path, {})}
        response = await two.ask(who, method, target, **options)
        asked = json.dumps(BODIES.get(path, {}), ensure_ascii=False)
        text = response.text.replace(asked[1:-1], "")
        for key in ("query", "question"):  # what was asked is said back
            text = text.replace(str(BODIES.get(path, {}).get(key, "\0")), "")
        told += [(method, path, response.status_code, text[:300])] if SECRET in text and path != "/v1/jobs" else []
        if re.search(OWNED, path):
            assert response.status_code == 404, (method, path, response.text)
    assert told == []


async def test_a_foreign_id_looks_exactly_like_a_missing_one(two: Tenancy) -> None:
    named = [one for one in routes(two.app) if re.search(OWNED, one[1])]
    assert len(named) > 20
    for method, path in named:
        options: dict[str, Any] = {} if method == "GET" else {"json": BODIES.get(path, {})}
        foreign = await two.ask("globex", method, filled(path, two, two.theirs.id, two.job), **options)
        missing = await two.ask("globex", method, filled(path, two, MISSING, MISSING), **options)
        same = foreign.text
        for id in (two.theirs.id, two.job, two.conversation, two.evaluation):
            same = same.replace(id, MISSING)
        assert (foreign.status_code, same) == (missing.status_code, missing.text), (method, path)
        assert foreign.headers.keys() == missing.headers.keys()


async def test_its_own_tenant_sees_all_of_it(two: Tenancy) -> None:
    """Else the other tests would be passed by a service that shows nothing."""
    listed = (await two.ask("acme", "GET", "/v1/documents", params={"collection": "contracts"})).json()
    assert [(one["id"], one["collection"]) for one in listed["documents"]] == [(two.theirs.id, "contracts")]
    assert (await two.ask("acme", "GET", "/v1/collections")).json()["collections"][0]["name"] == "contracts"
    assert SECRET in (await two.ask("acme", "GET", "/v1/entities")).text
    assert SECRET in (await two.ask("acme", "GET", "/v1/feedback")).text
    assert SECRET in (await two.ask("acme", "GET", "/v1/labels/priority")).text
    assert SECRET in (await two.ask("acme", "GET", "/v1/collections/contracts/schema")).text
    assert SECRET in (await two.ask("acme", "GET", f"/v1/documents/{two.theirs.id}/text")).text
    assert (await two.ask("acme", "GET", f"/v1/jobs/{two.job}")).json()["collection"] == "contracts"
    assert (await two.ask("acme", "GET", "/v1/stats")).json()["documents"] == 1
    found = (await two.ask("acme", "POST", "/v1/search", json=BODIES["/v1/search"])).json()["results"]
    assert {one["document_id"] for one in found} == {two.theirs.id}
    counted = (await two.ask("acme", "POST", "/v1/query", json={"wants": "list"})).json()
    assert (counted["total"], counted["in_scope"]) == (1, 1)
    labels = (await two.ask("acme", "GET", f"/v1/documents/{two.theirs.id}/labels")).json()["labels"]
    assert [one["set"] for one in labels] == ["type", "priority"]


async def test_search_ask_and_counts_are_of_ones_own_documents(two: Tenancy) -> None:
    for filters in ({}, {"collection": "contracts"}, {"document_ids": [two.theirs.id, two.ours.id]}):
        found = (await two.ask("globex", "POST", "/v1/search", json={"query": "rent", **filters})).json()["results"]
        assert {one["document_id"] for one in found} == {two.ours.id}
    said = (await two.ask("globex", "POST", "/v1/ask", json={"question": "How many contracts are there?"})).json()
    assert (said["kind"], said["counted"]["total"], said["counted"]["in_scope"]) == ("counted", 1, 1)
    streamed = await two.ask("globex", "POST", "/v1/ask", json={"question": "What is the rent?", "stream": True})
    assert "Northgate" in streamed.text
    assert SECRET not in streamed.text
    stats = (await two.ask("globex", "GET", "/v1/stats")).json()
    assert [stats[name] for name in ("documents", "pages", "collections")] == [1, 1, 1]


async def test_the_same_file_is_a_document_of_each_tenant(two: Tenancy) -> None:
    sent = [("files", ("copy.txt", THEIRS.encode(), "text/plain"))]
    [line] = (await two.ask("globex", "POST", "/v1/documents", files=sent, data={"collection": "contracts"})).json()[
        "documents"
    ]
    assert (line["duplicate"], line["id"] == two.theirs.id) == (False, False)
    assert (await two.ask("globex", "DELETE", f"/v1/documents/{line['id']}")).status_code == 204
    assert SECRET.encode() in (await two.ask("acme", "GET", f"/v1/documents/{two.theirs.id}/original")).content


async def test_tags_are_put_to_ones_own_documents(two: Tenancy) -> None:
    body = {"document_ids": [two.ours.id, two.theirs.id], "add": ["x"]}
    assert (await two.ask("globex", "POST", "/v1/tags", json=body)).status_code == 404
    assert (await two.ask("acme", "POST", "/v1/tags", json={**body, "document_ids": [two.theirs.id]})).is_success
    assert (await two.ask("globex", "GET", "/v1/tags")).json() == {"tags": []}
    assert (await two.ask("acme", "GET", "/v1/tags?collection=contracts")).json()["tags"][0]["documents"] == 1
    moved = await two.ask("acme", "PATCH", f"/v1/documents/{two.theirs.id}", json={"collection": "archive"})
    stored = (await two.services.state.documents.get(two.theirs.id)).collection
    assert (moved.json()["collection"], stored) == ("archive", "acme/archive")


async def test_what_one_tenant_learns_stays_with_it(two: Tenancy) -> None:
    path = f"/v1/documents/{two.theirs.id}/labels/type"
    assert (await two.ask("acme", "PUT", path, json={"label": "invoice"})).is_success
    assert (await two.ask("acme", "GET", "/v1/labels/type")).json()["corrections"] == {"invoice": 1}
    assert (await two.ask("globex", "GET", "/v1/labels/type")).json()["corrections"] == {}
    assert (await two.ask("globex", "GET", "/v1/labels/priority")).status_code == 404


async def test_a_batch_job_reads_its_own_tenants_folders_only(two: Tenancy, tmp_path) -> None:
    for tenant, folder, status in (
        ("globex", "globex", 202),
        ("globex", "acme", 403),
        ("globex", "own", 403),
        ("default", "own", 202),
    ):
        body = {"sources": [str(tmp_path / folder)]}
        assert (await two.ask(tenant, "POST", "/v1/jobs", json=body)).status_code == status, (tenant, folder)


async def test_an_assistant_sees_its_own_tenant(two: Tenancy) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {two.keys['globex']}"}
    calls = {
        "list_documents": {},
        "search": {"query": f"{SECRET} rent"},
        "ask": {"question": f"What is the rent of {SECRET}?"},
        "count_documents": {"wants": "list"},
        "get_document": {"document_id": two.theirs.id},
        "read_page": {"document_id": two.theirs.id, "page": 1},
    }
    said = {}
    async with two.app.router.lifespan_context(two.app):
        for name, arguments in calls.items():
            call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
            response = await two.http.post("/mcp", json=call, headers=headers)
            assert response.status_code == 200, response.text
            said[name] = response.text
            for asked in arguments.values():
                said[name] = said[name].replace(str(asked), "")
    assert "lease.txt" in said["list_documents"]
    assert "Northgate" in said["search"]
    assert {name for name, text in said.items() if SECRET in text} == set()
    assert "document_not_found" in said["read_page"]


async def test_a_key_of_one_collection_sees_and_fills_that_one(two: Tenancy) -> None:
    body = {"name": "x", "scopes": ["write"], "collections": ["letters"]}
    two.keys["bound"] = (await two.ask("globex", "POST", "/v1/keys", json=body)).json()["key"]
    assert (await two.ask("bound", "GET", "/v1/documents")).json()["total"] == 0
    assert (await two.ask("bound", "GET", f"/v1/documents/{two.ours.id}")).status_code == 404
    assert (await two.ask("bound", "POST", "/v1/search", json={"query": "rent"})).json()["results"] == []
    sent = [("files", ("a.txt", b"A letter.", "text/plain"))]
    refused = await two.ask("bound", "POST", "/v1/documents", files=sent, data={"collection": "contracts"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await two.ask("bound", "POST", "/v1/documents", files=sent, data={"collection": "letters"})).is_success
    assert (await two.ask("globex", "GET", "/v1/documents")).json()["total"] == 2


async def test_the_index_is_told_what_may_be_seen(two: Tenancy) -> None:
    from rag.retrieval.search import narrowed

    with acting_as(own_work("globex/contracts")):
        assert (await narrowed(Filter(), two.services)).collections == ("globex/contracts",)
        foreign = await narrowed(Filter(collections=("acme/contracts",)), two.services)
    assert foreign.collections == ("/",)  # a name that nothing has
    with acting_as(own_work("contracts")):
        assert (await narrowed(Filter(), two.services)).collections == ("/",)


def test_no_name_leads_into_another_tenant() -> None:
    assert [within("default", "a"), within("acme", "a")] == ["a", "acme/a"]
    assert [tenant_of("a"), tenant_of("acme/a")] == ["default", "acme"]
    with pytest.raises(InvalidInput):
        within("default", "acme/a")


async def test_what_was_there_before_belongs_to_the_default_tenant(services: Services) -> None:
    document, _ = await services.state.documents.add(filename="a", media_type="text/plain", sha256="a" * 64, size=1)
    with acting_as(own_work("default")):
        assert (await services.state.documents.get(document.id)).id == document.id
