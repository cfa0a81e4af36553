"""Files by HTTP: from addresses that may be reached, at every redirect, and from the one that was looked at."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from ingestion.web import download
from rag.errors import Forbidden, InvalidInput, NotFound, TooLarge, Unavailable

PAGES = {"/a.txt": (200, b"A letter."), "/gone": (404, b"")}
MOVED = {
    "/moved": "/a.txt",
    "/loop": "/loop",
    "/inside": "http://169.254.169.254/latest/meta-data",
    "/file": "file:///etc/passwd",
}


class Handler(BaseHTTPRequestHandler):
    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.headers["Host"], self.path))
        status, body = PAGES.get(self.path, (302, b""))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", MOVED[self.path])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[str]:
    Handler.asked = []
    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    yield f"localhost:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


def test_a_file_comes_under_its_server_s_name_and_from_where_it_moved(server: str, tmp_path: Path) -> None:
    download(f"http://{server}/moved", tmp_path / "f", limit=100, private=True)
    assert (tmp_path / "f").read_bytes() == b"A letter."
    assert Handler.asked == [(server, "/moved"), (server, "/a.txt")]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "0.0.0.0"]
)
def test_addresses_that_are_not_public_are_refused_without_a_connection(host: str, tmp_path: Path) -> None:
    with pytest.raises(Forbidden, match="no public address"):
        download(f"http://{host}:9/x", tmp_path / "f", limit=100, private=False)


def test_a_redirect_inside_is_refused_however_it_came(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first server counts as public here, the one that it names does not."""
    monkeypatch.setattr("rag.callbacks.webhooks._public", lambda address: address in ("127.0.0.1", "::1"))
    with pytest.raises(Forbidden, match=r"169\.254"):
        download(f"http://{server}/inside", tmp_path / "f", limit=100, private=False)
    with pytest.raises(InvalidInput):
        download(f"http://{server}/file", tmp_path / "f", limit=100, private=False)


def test_a_name_is_resolved_once(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the second answer would be another address."""
    real, asked = socket.getaddrinfo, []

    def changing(host: str, *args: object, **options: object) -> object:
        if host == "rebind.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return real(host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    port = server.partition(":")[2]
    download(f"http://rebind.example:{port}/a.txt", tmp_path / "f", limit=100, private=True)
    assert (asked, Handler.asked) == (["rebind.example"], [(f"rebind.example:{port}", "/a.txt")])


def test_what_is_too_large_gone_or_moves_for_ever_is_told(server: str, tmp_path: Path) -> None:
    for path, error in (("a.txt", TooLarge), ("gone", NotFound), ("loop", Unavailable)):
        with pytest.raises(error):
            download(f"http://{server}/{path}", tmp_path / "f", limit=4, private=True)
