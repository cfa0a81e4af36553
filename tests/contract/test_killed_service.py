"""kill -9 of the whole service while documents come in; floods and slow clients over real sockets. `redwell chaos` does the same to
the stack with Ray and real models."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.chaos.broken import broken_snapshots
from rag.chaos.floods import burst, slow_clients
from rag.chaos.load import TEXT
from rag.chaos.stack import Stack
from rag.chaos.whole import Sender, whole
from rag.client import RedwellClient

SERVICE = ("-m", "tests.contract.played_service")
KILLS = int(os.environ.get("REDWELL_TEST_KILLS", "2"))
SETTINGS = {"REDWELL_RETRIEVAL__SNAPSHOT_EVERY": "40", "REDWELL_ANALYSIS__LEASE_SECONDS": "3"}


def quiet(line: str) -> None:
    return


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("killed"), SETTINGS, SERVICE)
    stack.start()
    yield stack
    stack.kill()


def test_killed_while_documents_come_in_nothing_acknowledged_is_lost(service: Stack) -> None:
    [row] = whole(service, times=KILLS, until=time.monotonic() + 3600, progress=quiet, longest=2.0)
    assert row.times == KILLS
    assert row.seen["acknowledged"] > 0
    assert (row.passed, row.seen["verify"], row.seen["lost"], row.seen["doubled"]) == (True, [], [], 0)


def test_a_flood_is_answered_or_refused_politely_and_is_over_at_once(service: Stack) -> None:
    rows = list(burst(service, at_the_same_time=300, queries=600, in_flight=100, progress=quiet))
    assert [(row.passed, row.seen["answers"]) for row in rows if not row.passed] == []


def test_beside_slow_clients_everything_else_succeeds(service: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.chaos.floods.SLOW_SECONDS", 6.0)
    [row] = slow_clients(service, clients=120, progress=quiet)
    assert (row.passed, row.seen["others"]) == (True, row.seen["others"])


def test_an_orderly_end_leaves_a_snapshot_and_a_damaged_one_changes_no_answer(service: Stack) -> None:
    [row] = broken_snapshots(service, times=1, progress=quiet)
    assert (row.passed, row.seen) == (True, {"wrong answers": [], "shutdowns that left a snapshot": 1})


def redwell(*arguments: str, data_dir: Path) -> tuple[int, str]:
    environment = {**os.environ, "REDWELL_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "rag.cli", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def found(stack: Stack) -> list[tuple[str, int, str]]:
    with RedwellClient(stack.url, timeout=60, retry_seconds=30) as client:
        results = client.search("monthly rent of house 7", collection="kept", top_k=8).results
        return [(one.document_id, one.page, one.text) for one in results]


def test_a_backup_made_while_documents_come_in_gives_the_same_answers(service: Stack, tmp_path: Path) -> None:
    with RedwellClient(service.url, timeout=60, retry_seconds=30) as client:
        files = [(f"k{n}.txt", TEXT.format(n, n, 3000 + n).encode()) for n in range(8)]
        ids = [client.wait(sent.id or "", timeout=120).id for sent in client.upload(files, collection="kept")]
    before = found(service)
    acknowledged: dict[str, str] = {}
    sender = Sender(service.url, 50_000, acknowledged)
    code, said = redwell("backup", str(tmp_path / "backup"), data_dir=service.data_dir)
    sender.end()
    assert (code, said[:9]) == (0, "backed up")
    code, said = redwell("restore", str(tmp_path / "backup"), data_dir=tmp_path / "var")
    assert (code, said[:8]) == (0, "restored")
    assert redwell("verify", data_dir=tmp_path / "var") == (0, "rows, files and index agree\n")
    again = Stack(tmp_path, SETTINGS, SERVICE)
    try:
        again.start()
        assert {document_id for document_id, _, _ in before} <= set(ids)
        assert found(again) == before
    finally:
        again.kill()
