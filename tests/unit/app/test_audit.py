"""The audit log: complete, append-only, of one tenant, exportable, erased at its end."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from rag.access.audit import Line
from rag.api import create_app
from rag.api.trail import Journal, action
from rag.errors import RedwellError, Unavailable
from rag.sections.guarding import Audit
from rag.settings import Server
from rag.store.access_tables import audit
from rag.store.audit import AuditStore, Wanted
from tests.unit.app.conftest import work

ADMIN = "bootstrap"
DIGEST = hashlib.sha256(ADMIN.encode()).hexdigest()
OPERATOR = f"configured-{DIGEST[:8]}"


def opened(services, **audited: object) -> httpx.AsyncClient:
    own = services.settings.model_copy(update={"server": Server(api_keys=(DIGEST,)), "audit": Audit(**audited)})
    transport = httpx.ASGITransport(create_app(replace(services, settings=own)), raise_app_exceptions=False)
    return httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {ADMIN}"}
    )


@pytest.fixture
async def audited(services):
    async with opened(services) as client:
        yield client


async def lines(http: httpx.AsyncClient, **wanted: object) -> list[dict]:
    return (await http.get("/v1/audit", params=wanted)).json()["lines"]


def line(number: int, at: datetime | None = None) -> Line:
    return Line("default", "k", "read", f"d{number}", 200, "r", None, at)


async def test_who_uploaded_read_asked_and_deleted(audited, services):
    sent = [("files", ("lease.txt", b"The rent is EUR 5 a month.", "text/plain"))]
    [document] = (await audited.post("/v1/documents", files=sent)).json()["documents"]
    await work(services)
    await audited.get(f"/v1/documents/{document['id']}/text", headers={"X-Request-ID": "abc"})
    await audited.post("/v1/ask", json={"question": "What is the rent?"})
    await audited.get("/v1/stats")
    await audited.get("/v1/documents/none")
    await audited.delete(f"/v1/documents/{document['id']}")
    found = await lines(audited)
    assert [(one["action"], one["object"], one["status"]) for one in found] == [
        ("upload", document["id"], 202),
        ("read", document["id"], 200),
        ("ask", "", 200),
        ("read", "none", 404),
        ("delete", document["id"], 204),
    ]
    assert {one["key_id"] for one in found} == {OPERATOR}
    assert found[1]["request_id"] == "abc"
    assert "rent" not in json.dumps([one["detail"] for one in found])


async def test_an_answer_names_the_documents_that_it_showed(audited, services):
    sent = [("files", ("lease.txt", b"The rent is EUR 5 a month.", "text/plain"))]
    [document] = (await audited.post("/v1/documents", files=sent)).json()["documents"]
    await work(services)
    for chunk in await services.state.documents.chunks(document["id"]):
        services.retriever.put(chunk.id, document["id"], chunk.text)
    for stream in (False, True):
        await audited.post("/v1/ask", json={"question": "What is the rent?", "stream": stream})
    await audited.post("/v1/search", json={"query": "rent"})
    found = await lines(audited, object=document["id"])
    assert [one["action"] for one in found] == ["upload", "ask", "ask", "search"]


async def test_questions_are_kept_only_when_the_settings_say_so(services):
    async with opened(services, questions=True) as http:
        await http.post("/v1/search", json={"query": "rent of the house"})
        [found] = await lines(http, action="search")
    assert found["detail"] == {"question": "rent of the house"}


async def test_without_keys_there_is_nobody_to_log(http, services):
    await http.post("/v1/search", json={"query": "rent"})
    assert await services.state.audit.count() == 0


async def test_no_line_is_ever_changed(services):
    await services.state.audit.add([line(1)])
    with pytest.raises(RedwellError, match="append-only"):
        async with services.state.database.write() as connection:
            await connection.execute(update(audit).values(key_id="another"))
    assert [one.key_id for one in await services.state.audit.page(Wanted())] == ["k"]


async def test_keys_leave_lines_but_not_their_text(audited):
    made = (await audited.post("/v1/keys", json={"name": "x"})).json()
    await audited.delete(f"/v1/keys/{made['id']}")
    found = await lines(audited)
    assert [(one["action"], one["object"]) for one in found] == [
        ("key.create", made["id"]),
        ("key.revoke", made["id"]),
    ]
    assert made["key"] not in json.dumps(found)


async def test_a_tenant_reads_its_own_lines(audited):
    body = {"name": "x", "tenant": "acme", "scopes": ["admin"]}
    acme = {"Authorization": f"Bearer {(await audited.post('/v1/keys', json=body)).json()['key']}"}
    await audited.post("/v1/search", json={"query": "a"}, headers=acme)
    found = (await audited.get("/v1/audit?tenant=default", headers=acme)).json()["lines"]
    assert [(one["tenant"], one["action"]) for one in found] == [("acme", "search")]
    assert {one["tenant"] for one in await lines(audited)} == {"default", "acme"}
    assert (await audited.delete("/v1/audit?object=x", headers=acme)).status_code == 403


async def test_it_is_exported_as_lines(audited):
    for _ in range(3):
        await audited.post("/v1/search", json={"query": "a"})
    text = (await audited.get("/v1/audit?format=jsonl&action=search")).text
    assert [json.loads(one)["action"] for one in text.splitlines()] == ["search"] * 3
    page = (await audited.get("/v1/audit?limit=2&action=search")).json()
    rest = (await audited.get(f"/v1/audit?limit=2&action=search&after={page['next']}")).json()
    assert (len(page["lines"]), len(rest["lines"]), rest["next"]) == (2, 1, None)


async def test_what_is_erased_leaves_a_line_that_says_so(audited):
    await audited.get("/v1/documents/none")
    gone = await audited.delete("/v1/audit?object=none")
    assert gone.json() == {"erased": 1}
    [left] = await lines(audited)
    assert (left["action"], left["detail"]) == ("audit.erase", {"erased": 1})
    assert (await audited.delete("/v1/audit")).status_code == 422


async def test_lines_go_at_the_end_of_their_time(services):
    store: AuditStore = services.state.audit
    await store.add([line(1, datetime.now(UTC) - timedelta(days=31)), line(2, datetime.now(UTC) - timedelta(days=29))])
    journal = Journal(store, keep_days=30)
    await journal.write(line(3))
    await journal._task
    assert [one.object for one in await store.page(Wanted())] == ["d2", "d3"]


async def test_lines_of_one_moment_are_written_together(services):
    transactions = []

    class Counted(AuditStore):
        async def add(self, some):
            transactions.append(len(some))
            await super().add(some)

    store = Counted(services.state.database)
    journal = Journal(store, keep_days=0)
    await asyncio.gather(*(journal.write(line(number)) for number in range(100)))
    assert await store.count() == 100
    assert len(transactions) < 10


async def test_no_answer_is_given_that_cannot_be_logged(services):
    class Away(AuditStore):
        async def add(self, some):
            raise Unavailable("The database is away.")

    state = replace(services.state, audit=Away(services.state.database))
    async with opened(replace(services, state=state)) as http:
        response = await http.post("/v1/search", json={"query": "a"})
    assert (response.status_code, "results" in response.text) == (503, False)


def test_what_is_in_the_log():
    assert action("GET", "/v1/documents/{document_id}/pages/{number}/image") == "read"
    assert action("PUT", "/v1/labels/{name}") == "PUT /v1/labels/{name}"
    assert [action("GET", path) for path in ("/v1/stats", "/docs", "/v1/labels")] == [None] * 3


async def test_a_line_that_comes_while_the_log_is_purged_is_written(services, monkeypatch):
    """Once an hour the writer purges: who comes meanwhile must not wait for the next request."""
    store, purging, gone_on = services.state.audit, asyncio.Event(), asyncio.Event()

    async def slow_purge(wanted: Wanted) -> int:
        purging.set()
        await gone_on.wait()
        return 0

    monkeypatch.setattr(store, "erase", slow_purge)
    journal = Journal(store, keep_days=1)
    await journal.write(line(1))
    await purging.wait()
    second = asyncio.create_task(journal.write(line(2)))
    await asyncio.sleep(0)
    gone_on.set()
    await asyncio.wait_for(second, 5)
    assert [one.object for one in await store.page(Wanted())] == ["d1", "d2"]
