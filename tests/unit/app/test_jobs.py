"""/v1/jobs without Ray: rows, rights, cancelling, events; callbacks of uploads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from rag.access.allowed import SourceNotAllowed, check
from rag.api import create_app
from rag.intake.ingestions import RunStatus
from rag.services import Services
from rag.settings import Ingestion, Webhooks


@pytest.fixture
def open_services(services: Services, tmp_path: Path) -> Services:
    update = {"ingestion": Ingestion(allow=(str(tmp_path), "s3://bucket/in")), "webhooks": Webhooks(secret="s")}
    return replace(services, settings=services.settings.model_copy(update=update))


@pytest.fixture
async def client(open_services: Services):
    transport = httpx.ASGITransport(create_app(open_services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as found:
        yield found


async def test_a_job_is_queued_listed_and_cancelled(client: httpx.AsyncClient, tmp_path: Path) -> None:
    reply = await client.post("/v1/jobs", json={"sources": [str(tmp_path / "scans")], "collection": "c"})
    assert reply.status_code == 202
    job = reply.json()
    assert (job["status"], job["collection"], job["progress"]["files"]) == ("queued", "c", 0)
    assert [row["id"] for row in (await client.get("/v1/jobs")).json()["jobs"]] == [job["id"]]
    assert (await client.get(f"/v1/jobs/{job['id']}/items")).json() == {"items": [], "next": None}
    cancelled = await client.delete(f"/v1/jobs/{job['id']}")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    assert (await client.delete(f"/v1/jobs/{job['id']}")).status_code == 202
    assert (await client.get(f"/v1/jobs/{job['id']}")).status_code == 404


async def test_a_running_job_is_asked_to_stop(
    client: httpx.AsyncClient, open_services: Services, tmp_path: Path
) -> None:
    job = (await client.post("/v1/jobs", json={"sources": [str(tmp_path)]})).json()
    await open_services.state.ingestions.claim("service/x", lease_seconds=60)
    reply = (await client.delete(f"/v1/jobs/{job['id']}")).json()
    assert (reply["status"], reply["cancelling"]) == ("running", True)


async def test_events_end_with_the_job(client: httpx.AsyncClient, open_services: Services, tmp_path: Path) -> None:
    job = (await client.post("/v1/jobs", json={"sources": [str(tmp_path)]})).json()
    await open_services.state.ingestions.end(job["id"], RunStatus.DONE, summary={"files": 0})
    reply = await client.get(f"/v1/jobs/{job['id']}/events")
    [event] = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: ")]
    assert (event["status"], event["summary"]) == ("done", {"files": 0})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"sources": ["/etc"]}, 403, "source_not_allowed"),
        ({"manifest": "/etc/list.csv"}, 403, "source_not_allowed"),
        ({"sources": ["https://example.org/x.pdf"]}, 403, "source_not_allowed"),
        ({}, 422, "invalid_input"),
        ({"sources": ["s3://bucket/in"], "stages": ["nonsense"]}, 422, "invalid_input"),
        ({"sources": ["s3://bucket/in"], "collection": "a/b"}, 422, "invalid_input"),
        ({"sources": ["s3://bucket/in"], "callback_url": "ftp://x"}, 422, "invalid_input"),
    ],
)
async def test_what_may_not_be_started(client: httpx.AsyncClient, body: dict, status: int, code: str) -> None:
    reply = await client.post("/v1/jobs", json=body)
    assert (reply.status_code, reply.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "source",
    ["/srv/in/../x", "/srv/input", "s3://bucket/inside", "s3://bucket/in/../out", "s3://other/in", "s3://bucket", "/"],
)
def test_only_what_lies_within_is_allowed(source: str) -> None:
    with pytest.raises(SourceNotAllowed):
        check(source, ("/srv/in", "s3://bucket/in"))


def test_what_lies_within_is_allowed(tmp_path: Path) -> None:
    for source in ("s3://bucket/in", "s3://bucket/in/deep/x.pdf", str(tmp_path), str(tmp_path / "a" / "b")):
        check(source, (str(tmp_path), "s3://bucket/in/"))


def test_a_link_that_leads_out_is_not_allowed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("/etc")
    with pytest.raises(SourceNotAllowed):
        check(str(tmp_path / "in" / "link" / "passwd"), (str(tmp_path / "in"),))


async def test_an_upload_may_ask_for_a_callback(client: httpx.AsyncClient, open_services: Services) -> None:
    reply = await client.post(
        "/v1/documents", files={"files": ("a.txt", b"A letter.")}, data={"callback_url": "https://example.org/hook"}
    )
    [document] = reply.json()["documents"]
    [callback] = await open_services.state.callbacks.of(document_id=document["id"])
    assert (callback.url, callback.attempt) == ("https://example.org/hook", 0)


async def test_callbacks_without_a_secret_are_refused(services: Services) -> None:
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as found:
        reply = await found.post(
            "/v1/documents", files={"files": ("a.txt", b"x")}, data={"callback_url": "https://example.org/"}
        )
    assert reply.status_code == 422
    assert "secret" in reply.json()["detail"]
