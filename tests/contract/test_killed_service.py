"""kill -9 of the whole service while documents come in; floods and slow clients over real sockets. `redwell chaos` does the same to
the stack with Ray and real models."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from rag.chaos.broken import broken_snapshots
from rag.chaos.floods import burst, slow_clients
from rag.chaos.stack import Stack
from rag.chaos.whole import whole

KILLS = int(os.environ.get("REDWELL_TEST_KILLS", "2"))
SETTINGS = {"REDWELL_RETRIEVAL__SNAPSHOT_EVERY": "40", "REDWELL_ANALYSIS__LEASE_SECONDS": "3"}


def quiet(line: str) -> None:
    return


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("killed"), SETTINGS, ("-m", "tests.contract.played_service"))
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
