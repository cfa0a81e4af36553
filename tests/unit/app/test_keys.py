"""API keys over HTTP: scopes, collections, expiry, revocation, limits; hashed at rest and shown once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import openai
import pytest
from sqlalchemy import select

from rag.access.keys import key_id, new_key
from rag.api import create_app
from rag.api.keyring import FRESH_SECONDS, Keyring
from rag.errors import RateLimited, Unauthorized
from rag.settings import Server
from rag.store.access_tables import api_keys
from rag.store.keys import KeyStore
from tests.unit.app.conftest import add, work

ADMIN = "bootstrap"


@pytest.fixture
async def guarded(services):
    digest = hashlib.sha256(ADMIN.encode()).hexdigest()
    own = services.settings.model_copy(update={"server": Server(api_keys=(digest,))})
    transport = httpx.ASGITransport(create_app(replace(services, settings=own)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def made(http: httpx.AsyncClient, by: str = ADMIN, **body: object) -> dict:
    response = await http.post("/v1/keys", json={"name": "a test", **body}, headers=bearer(by))
    assert response.status_code == 201, response.text
    return response.json()


def file(text: bytes = b"The rent is EUR 5.", name: str = "lease.txt") -> list:
    return [("files", (name, text, "text/plain"))]


async def test_a_key_is_shown_once_and_kept_as_its_digest(guarded, services):
    key = await made(guarded)
    [listed] = (await guarded.get("/v1/keys", headers=bearer(ADMIN))).json()["keys"]
    assert "key" not in listed
    async with services.state.database.read() as connection:
        [row] = await connection.execute(select(api_keys))
    assert row.digest == hashlib.sha256(key["key"].encode()).hexdigest()
    assert key["key"] not in repr(row)


async def test_scopes_say_what_a_key_may(guarded):
    keys = {scope: (await made(guarded, scopes=[scope]))["key"] for scope in ("read", "write", "admin")}

    async def status(scope: str, method: str, path: str, **options: object) -> int:
        return (await guarded.request(method, path, headers=bearer(keys[scope]), **options)).status_code

    assert [await status(scope, "GET", "/v1/documents") for scope in keys] == [200, 200, 200]
    assert [await status(scope, "POST", "/v1/documents", files=file()) for scope in keys] == [403, 202, 202]
    assert [await status(scope, "GET", "/v1/keys") for scope in keys] == [403, 403, 200]
    assert await status("read", "POST", "/v1/search", json={"query": "rent"}) == 200


async def test_without_a_valid_key_it_is_401_and_says_nothing_of_the_key(guarded):
    for headers in ({}, bearer("nonsense"), bearer(f"rw_{'0' * 12}_secret")):
        response = await guarded.get("/v1/documents", headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
        assert "secret" not in response.text


async def test_a_wrong_secret_under_a_known_id_is_401(guarded):
    key = await made(guarded)
    assert (await guarded.get("/v1/stats", headers=bearer(key["key"][:-1]))).status_code == 401


async def test_an_expired_key_is_401(guarded):
    key = await made(guarded, expires_in_days=1e-9)
    response = await guarded.get("/v1/stats", headers=bearer(key["key"]))
    assert (response.status_code, "expired" in response.json()["detail"]) == (401, True)


async def test_a_revoked_key_ends_within_the_time_that_is_promised(services):
    instant = 0.0
    store: KeyStore = services.state.keys
    new = new_key()
    await store.add(new, name="x", tenant="default", permissions=["read"])
    ring = Keyring(store, ("0" * 64,), monotonic=lambda: instant)
    headers = httpx.Headers(bearer(new.text))
    assert (await ring.principal(headers)).key_id == new.id
    await store.revoke(new.id)
    assert FRESH_SECONDS < 5
    instant += FRESH_SECONDS + 0.01
    with pytest.raises(Unauthorized, match="revoked"):
        await ring.principal(headers)


async def test_a_key_sends_no_more_than_its_limit_over_two_replicas(services):
    moment = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
    store = KeyStore(services.state.database, clock=lambda: moment)
    new = new_key()
    key = await store.add(new, name="x", tenant="default", permissions=["read"])
    principal = replace(key.principal, limits=replace(key.limits, requests_per_minute=50))
    rings = [Keyring(store, ()), Keyring(store, ())]
    taken = 0
    refused: list[RateLimited] = []
    for turn in range(120):
        try:
            await rings[turn % 2].count(principal)
            taken += 1
        except RateLimited as error:
            refused.append(error)
    assert taken == 50
    assert refused[0].retry_after == 30
    moment += timedelta(seconds=31)
    await rings[0].count(principal)


async def test_too_many_requests_are_429_with_the_seconds_to_wait(guarded):
    key = await made(guarded, requests_per_minute=2)
    answers = [await guarded.get("/v1/stats", headers=bearer(key["key"])) for _ in range(6)]
    last = answers[-1]
    assert (last.status_code, last.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert sum(answer.is_success for answer in answers) <= 4  # two of a minute that ended meanwhile, and two


async def test_a_quota_of_documents_holds_and_is_given_back(guarded, services):
    key = await made(guarded, scopes=["write"], documents=1)
    headers = bearer(key["key"])
    first = await guarded.post("/v1/documents", files=file(), headers=headers)
    again = await guarded.post("/v1/documents", files=file(), headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)  # the same file is the same document
    over = await guarded.post("/v1/documents", files=file(b"Another."), headers=headers)
    assert (over.status_code, over.json()["code"]) == (403, "quota_exceeded")
    assert len(services.state.blobs.data) == 1  # nothing of the refused file stays
    id = first.json()["documents"][0]["id"]
    assert (await guarded.delete(f"/v1/documents/{id}", headers=headers)).status_code == 204
    assert (await guarded.post("/v1/documents", files=file(b"Another."), headers=headers)).status_code == 202


async def test_a_quota_of_bytes_holds(guarded):
    key = await made(guarded, scopes=["write"], bytes=30)
    headers = bearer(key["key"])
    assert (await guarded.post("/v1/documents", files=file(b"x" * 20), headers=headers)).status_code == 202
    assert (await guarded.post("/v1/documents", files=file(b"y" * 20), headers=headers)).status_code == 403
    [listed] = (await guarded.get("/v1/keys", headers=bearer(ADMIN))).json()["keys"]
    assert (listed["documents_stored"], listed["bytes_stored"]) == (1, 20)


async def test_the_other_doors_ask_for_the_key_too(guarded):
    key = (await made(guarded))["key"]
    for path in ("/v1/chat/completions", "/mcp", "/"):
        assert (await guarded.post(path, json={})).status_code == 401
    async with openai.AsyncOpenAI(base_url="http://127.0.0.1/v1", api_key=key, http_client=guarded) as api:
        names = [model.id async for model in api.models.list()]
    assert names == ["redwell"]


async def test_administrators_are_bound_to_no_collection(guarded):
    body = {"name": "x", "scopes": ["admin"], "collections": ["a"]}
    assert (await guarded.post("/v1/keys", json=body, headers=bearer(ADMIN))).status_code == 422


async def test_a_tenants_administrator_makes_keys_of_that_tenant_only(guarded):
    acme = (await made(guarded, scopes=["admin"], tenant="acme"))["key"]
    own = await made(guarded, by=acme)
    assert own["tenant"] == "acme"
    other = await guarded.post("/v1/keys", json={"name": "x", "tenant": "globex"}, headers=bearer(acme))
    assert other.status_code == 403
    assert {key["tenant"] for key in (await guarded.get("/v1/keys", headers=bearer(acme))).json()["keys"]} == {"acme"}
    assert (await guarded.get("/v1/index", headers=bearer(acme))).status_code == 403


async def test_a_service_without_keys_judges_those_that_are_sent(http, services):
    key = (await http.post("/v1/keys", json={"name": "x"})).json()
    await add(services)
    await work(services)
    assert (await http.get("/v1/documents", headers=bearer("anything"))).status_code == 200
    assert (await http.delete("/v1/documents/x", headers=bearer(key["key"]))).status_code == 403
    assert (await http.get("/v1/stats", headers=bearer(key["key"] + "x"))).status_code == 401


def test_ids_are_read_from_our_keys_only():
    new = new_key()
    assert key_id(new.text) == new.id
    assert [key_id(text) for text in ("", "sk-abc", "rw_", "rw_12_x", "rw_zz!zzzzzzzzz_x")] == [None] * 5
