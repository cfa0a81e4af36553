"""What the chaos command makes of what it saw; the kills themselves are tried by running it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import httpx
import psutil
import pytest

from rag.chaos.floods import _flood, _watched
from rag.chaos.load import Moment, Sent, callers_until, clients_until, coded, search_call, send, tallied, upload_call
from rag.chaos.plot import plot
from rag.chaos.report import percentile
from rag.chaos.soak import _grown
from rag.chaos.stack import Stack

FULL = Sent(503, 0.1, True, "overloaded")


def test_percentiles() -> None:
    values = [float(value) for value in range(100)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([], 0.5)) == (50.0, 99.0, 0.0)


def test_a_flood_holds_when_all_is_answered_or_refused_politely() -> None:
    row = _flood("burst", [Sent(200, 0.5), FULL, FULL], [FULL], 0.1, 1.0, 0.0)
    assert (row.passed, row.raw_failures, row.seen["answers"]) == (True, 0, {"200": 1, "503 overloaded": 2})


@pytest.mark.parametrize("odd", [Sent(500, 0.1), Sent(0, 0.1, code="ReadError"), Sent(503, 0.1)])
def test_a_flood_does_not_hold_with_an_error_or_a_refusal_without_its_time(odd: Sent) -> None:
    row = _flood("burst", [Sent(200, 0.5)], [odd], 0.1, 1.0, 0.0)
    assert (row.passed, row.raw_failures) == (False, 1)


def test_late_refusals_are_told() -> None:
    late = Sent(503, 2.0, True, "overloaded")
    assert _flood("burst", [FULL], [late], 0.1, 1.0, 0.0).seen["refused_in_time"] is False
    assert _flood("burst", [late], [FULL], 0.1, 1.0, 0.0).seen["refused_in_time"] is False
    assert _flood("burst", [late], [], 0.1, 1.0, 0.0).seen["refused_in_time"] is False
    assert _flood("burst", [FULL], [FULL], 0.1, 1.0, 0.0).seen["refused_in_time"] is True


class Full(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503)
        self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(b'{"code": "overloaded"}')

    def log_message(self, *_: object) -> None:
        pass


class Roomy(ThreadingHTTPServer):
    request_queue_size = 1024  # five wait by default; the kernel resets the rest of a flood on a busy machine


def test_another_client_looks_on_during_a_flood() -> None:
    with Roomy(("127.0.0.1", 0), Full) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sent, beside = _watched(f"http://127.0.0.1:{server.server_port}", 200, 20)
        server.shutdown()
    assert (len(sent), tallied(sent)) == (200, {"503 overloaded": 200})
    assert beside
    assert {(one.status, one.code, one.retry_after) for one in beside} == {(503, "overloaded", True)}


def test_a_lost_connection_is_an_answer_of_its_own() -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone")

    async def one() -> Sent:
        async with httpx.AsyncClient(transport=httpx.MockTransport(cut), base_url="http://x") as http:
            return await send(http, search_call(), 1)

    sent = asyncio.run(one())
    assert (sent.status, sent.code, tallied([sent])) == (0, "ReadError", {"0 ReadError": 1})


def test_what_is_different_every_time_is_left_out_of_a_code() -> None:
    assert coded('{"code": "overloaded"}') == "overloaded"
    assert coded("Request 85f5634e-7bda timed out after 120.0s.") == "Request timed out after"


def test_what_grew_most_comes_first() -> None:
    mib = 2**20
    before = {"Ocr": (10 * mib, 5), "Retriever": (20 * mib, 7), "raylet": (3 * mib, 9)}
    after = {"Ocr": (12 * mib, 5), "Retriever": (60 * mib, 8), "raylet": (3 * mib, 9), "new": (mib, 1)}
    assert _grown(before, after) == {"Retriever": [20, 60, 7, 8], "Ocr": [10, 12, 5, 5]}


def test_memory_over_time_is_drawn(tmp_path) -> None:
    plot([(0.0, 100.0, 10), (60.0, 101.0, 11)], "two", tmp_path / "soak.svg")
    assert (tmp_path / "soak.svg").read_text().count("<path") > 2


def test_every_caller_has_a_request_under_way_at_the_moment() -> None:
    moment = Moment()
    search = search_call()
    with Roomy(("127.0.0.1", 0), Full) as server, ThreadPoolExecutor(2) as pool:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        raw = pool.submit(lambda: asyncio.run(callers_until(moment, url, search, 3, count())))
        ours = pool.submit(clients_until, moment, url, search, 3, count(), 0.0)
        moment.wait_for(6)
        moment.over.set()
        sent, failed = raw.result(), ours.result()
        server.shutdown()
    assert len(sent) >= 3
    assert {one.status for one in sent} == {503}
    assert len(failed) >= 3


def test_every_upload_is_a_new_document() -> None:
    call = upload_call("c")
    assert call.options(1)["files"] != call.options(2)["files"]


def test_kill_ends_all_that_a_stack_started(tmp_path) -> None:
    code = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); time.sleep(60)"
    stack = Stack(tmp_path)
    stack._process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    until = 200
    while len(stack.family()) < 2 and (until := until - 1):
        time.sleep(0.02)
    family = stack.family()
    stack.kill()
    assert len(family) == 2
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)
