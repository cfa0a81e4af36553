"""Callbacks: signed, retried, and never into the network around the service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from rag.callbacks.deliveries import deliver_next
from rag.callbacks.webhooks import checked_url, pause, public_address, signature, verify
from rag.errors import Forbidden, InvalidInput
from rag.intake.ingestions import Request, RunStatus
from rag.model import Document, Status
from rag.services import Services
from rag.settings import Webhooks
from rag.store.records import now

SECRET = "s3cret"


@dataclass
class Receiver:
    """An HTTP server that answers `status` and keeps what it got as (headers, body)."""

    port: int = 0
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.got.append((headers, body))
        location = "Location: http://127.0.0.1:9/\r\n" if self.status == 302 else ""
        writer.write(f"HTTP/1.1 {self.status} X\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()


async def ended(services: Services, url: str) -> Document:
    document, _ = await services.state.documents.add(filename="a.txt", media_type="text/plain", sha256="a" * 64, size=1)
    await services.state.callbacks.add(document.id, url)
    await services.state.documents.set_status(document.id, Status.READY)
    return document


async def test_a_document_that_is_ready_is_told_and_the_signature_holds(services: Services, receiver: Receiver) -> None:
    document = await ended(services, f"http://localhost:{receiver.port}/hook?x=1")
    settings = Webhooks(secret=SECRET, allow_private=True)
    assert await deliver_next(services.state, settings)
    [(headers, body)] = receiver.got
    sent = json.loads(body)
    assert (sent["event"], sent["data"]["id"]) == ("document.ready", document.id)
    assert headers["host"] == f"localhost:{receiver.port}"
    assert verify(SECRET, body, headers["redwell-signature"])
    assert not verify("other", body, headers["redwell-signature"])
    assert not verify(SECRET, body + b" ", headers["redwell-signature"])
    assert not await deliver_next(services.state, settings), "once"


async def test_a_job_that_is_over_is_told(services: Services, receiver: Receiver) -> None:
    job = await services.state.ingestions.add(Request(), callback_url=f"http://127.0.0.1:{receiver.port}/")
    settings = Webhooks(secret=SECRET, allow_private=True)
    assert not await deliver_next(services.state, settings), "not before its end"
    await services.state.ingestions.end(job.id, RunStatus.DONE, summary={"files": 3})
    assert await deliver_next(services.state, settings)
    sent = json.loads(receiver.got[0][1])
    assert (sent["event"], sent["data"]["summary"]) == ("job.done", {"files": 3})


async def test_a_receiver_that_fails_is_asked_again_later_and_at_last_given_up(
    services: Services, receiver: Receiver
) -> None:
    receiver.status = 500
    document = await ended(services, f"http://127.0.0.1:{receiver.port}/")
    settings = Webhooks(secret=SECRET, allow_private=True, attempts=2)
    before = now()
    assert await deliver_next(services.state, settings)
    assert not await deliver_next(services.state, settings), "not at once"
    [callback] = await services.state.callbacks.of(document_id=document.id)
    assert (callback.attempt, callback.error, callback.ended) == (1, "127.0.0.1 answered 500.", False)
    await services.state.callbacks.again(callback, "", seconds=-(now() - before + timedelta(1)).total_seconds())
    assert await deliver_next(services.state, settings)
    [callback] = await services.state.callbacks.of(document_id=document.id)
    assert (callback.attempt, callback.ended) == (2, True)


async def test_a_redirect_is_not_followed(services: Services, receiver: Receiver) -> None:
    receiver.status = 302
    document = await ended(services, f"http://127.0.0.1:{receiver.port}/")
    await deliver_next(services.state, Webhooks(secret=SECRET, allow_private=True))
    [callback] = await services.state.callbacks.of(document_id=document.id)
    assert (callback.error, len(receiver.got)) == ("127.0.0.1 answered 302.", 1)


async def test_a_private_receiver_is_given_up_without_a_connection(services: Services, receiver: Receiver) -> None:
    document = await ended(services, f"http://localhost:{receiver.port}/")
    assert await deliver_next(services.state, Webhooks(secret=SECRET))
    [callback] = await services.state.callbacks.of(document_id=document.id)
    assert callback.ended
    assert "no public address" in (callback.error or "")
    assert receiver.got == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "::1", "fd00::1", "fe80::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "100.64.0.1", "224.0.0.1", "2130706433", "0x7f.1",
    ],
)  # fmt: skip
async def test_no_address_inside_is_reached(host: str) -> None:
    with pytest.raises(Forbidden):
        await public_address(host, 80, allow_private=False)


async def test_a_public_address_may_be_reached() -> None:
    assert await public_address("93.184.215.14", 443, allow_private=False) == "93.184.215.14"


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "http://", "example.org", "http://u:p@example.org/", "http://x:y/"]
)
def test_what_is_no_address_for_callbacks_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        checked_url(url, secret=SECRET)


def test_without_a_secret_there_are_no_callbacks() -> None:
    with pytest.raises(InvalidInput, match="no secret"):
        checked_url("https://example.org/hook", secret="")
    assert checked_url("https://example.org/hook", secret=SECRET) == "https://example.org/hook"


def test_a_signature_grows_old() -> None:
    header = signature(SECRET, b"{}", at=1000)
    assert verify(SECRET, b"{}", header, now=1200)
    assert not verify(SECRET, b"{}", header, now=2000)
    assert not verify(SECRET, b"{}", "nonsense", now=1000)


def test_pauses_double_up_to_an_hour() -> None:
    assert [pause(attempt) for attempt in (1, 2, 3, 20)] == [5, 10, 20, 3600]
