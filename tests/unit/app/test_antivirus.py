"""A scanner that speaks clamd's INSTREAM over a real socket: what it finds is quarantined, and what it cannot scan is not taken."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from rag.adapters.antivirus_clamd import Clamd
from rag.api import create_app
from rag.errors import TooLarge, Unavailable
from rag.sections.guarding import Antivirus
from tests.conftest import free_port

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MOST = 100_000


class Scanner(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        stream = self.request.makefile("rb")
        assert stream.read(10) == b"zINSTREAM\0"
        data = b""
        while size := struct.unpack("!I", stream.read(4))[0]:
            data += stream.read(size)
            if len(data) > MOST:
                self.request.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        found = EICAR in data and not data.startswith(b"LOCKED:")  # it cannot look into what is encrypted
        self.request.sendall(b"stream: Eicar-Test-Signature FOUND\0" if found else b"stream: OK\0")


@pytest.fixture(scope="module")
def scanner() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Scanner) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def opened(services, **settings: object) -> httpx.AsyncClient:
    own = services.settings.model_copy(update={"antivirus": Antivirus(**settings)})
    transport = httpx.ASGITransport(create_app(replace(services, settings=own)), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


def sent(*contents: bytes) -> list:
    return [("files", (f"{number}.txt", content, "text/plain")) for number, content in enumerate(contents)]


async def test_what_is_infected_is_quarantined_and_its_neighbour_taken(services, scanner):
    async with opened(services, address=scanner) as http:
        response = await http.post("/v1/documents", files=sent(b"A letter.", b"Look: " + EICAR))
    taken, held = response.json()["documents"]
    assert (taken["status"], held["status"], held["error"]["code"]) == ("queued", "quarantined", "infected")
    assert "Eicar-Test-Signature" in held["error"]["detail"]
    assert sorted(key.partition("/")[0] for key in services.state.blobs.data) == ["originals", "quarantine"]
    assert (await services.state.documents.stats())["documents"] == 1


async def test_nothing_of_it_is_kept_when_the_settings_say_so(services, scanner):
    async with opened(services, address=scanner, keep=False) as http:
        response = await http.post("/v1/documents", files=sent(EICAR))
        now = await http.post("/v1/analyze", files=[("file", ("a.txt", EICAR, "text/plain"))])
    assert [(one.status_code, one.json()["code"]) for one in (response, now)] == [(422, "infected")] * 2
    assert services.state.blobs.data == {}


async def test_what_was_encrypted_is_scanned_when_it_is_opened(services, scanner):
    locked = b"LOCKED:key\n" + EICAR
    async with opened(services, address=scanner) as http:
        response = await http.post("/v1/documents", files=sent(locked), data={"password": "key"})
    assert (response.status_code, response.json()["code"]) == (422, "infected")
    assert services.state.blobs.data == {}


@pytest.mark.parametrize(("closed", "status"), [(True, 503), (False, 202)])
async def test_without_its_scanner_the_service_is_closed_or_open_as_set(services, closed, status):
    async with opened(services, address=f"127.0.0.1:{free_port()}", fail_closed=closed) as http:
        response = await http.post("/v1/documents", files=sent(b"A letter."))
    assert response.status_code == status
    assert len(services.state.blobs.data) == (0 if closed else 1)


def test_a_file_that_is_too_large_for_the_scanner_says_so(scanner, tmp_path: Path):
    large = tmp_path / "large"
    large.write_bytes(b"x" * 5_000_000)
    with large.open("rb") as file, pytest.raises(TooLarge):
        Clamd(scanner, seconds=10).scan(file)


def test_a_scanner_that_talks_nonsense_is_none(tmp_path: Path):
    class Odd(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1 << 16)
            self.request.sendall(b"what?\0")

    path = str(tmp_path / "clamd.ctl")
    with socketserver.ThreadingUnixStreamServer(path, Odd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with (tmp_path / "a").open("wb+") as file, pytest.raises(Unavailable, match="what"):
            Clamd(f"unix:{path}", seconds=10).scan(file)
        server.shutdown()
