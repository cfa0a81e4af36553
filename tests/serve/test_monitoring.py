"""The running stack is scraped, its logs and traces are read."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from rag.evaluation.http import HttpAsker
from rag.evaluation.questions import load_questions
from tests.conftest import ROOT

REPORT_SECONDS = 40
"""Ray's processes report every 10 s."""


@pytest.fixture(scope="module")
def used(stack, library):
    """The stack after documents, answers of every kind, and a request that failed."""
    if not stack.metrics_url:
        pytest.skip("the stack of REDWELL_TEST_URL shows its metrics elsewhere")
    asker = HttpAsker(stack.url)
    for question in load_questions(ROOT / "data" / "questions.jsonl")[::5]:
        asker.ask(question.question, "samples")
    assert httpx.get(f"{stack.url}/v1/nothing").status_code == 404
    return stack


def samples(url: str) -> set[str]:
    families = text_string_to_metric_families(httpx.get(url, timeout=30).text)
    return {sample.name for family in families for sample in family.samples}


def named() -> set[str]:
    files = [ROOT / "monitoring" / "rules.yml", *(ROOT / "monitoring" / "grafana").glob("*.json")]
    return {name for path in files for name in re.findall(r"\bray_\w+", path.read_text())}


def test_every_metric_that_a_rule_or_a_dashboard_names_exists(used):
    missing = named()
    assert len(missing) > 20
    deadline = time.monotonic() + REPORT_SECONDS
    while missing and time.monotonic() < deadline:
        time.sleep(2)
        missing -= samples(used.metrics_url)
    assert missing == set()


def test_the_calls_of_each_deployment_are_told_with_their_times(used, client):
    deadline = time.monotonic() + REPORT_SECONDS
    while True:
        calls = {one.name: one.calls for one in client.system().deployments}
        seen = all(calls.get(name) and calls[name].calls for name in ("Ingress", "Retriever", "Reader"))
        if seen or time.monotonic() > deadline:
            break
        time.sleep(2)
    assert seen, calls
    assert 0 < calls["Retriever"].median <= calls["Retriever"].p95
    assert calls["Retriever"].queued == 0


def session(pid: int) -> Path:
    """Ray's session folder of the stack, from the command lines of its processes."""
    for process in psutil.Process(pid).children(recursive=True):
        found = re.search(r"/[^\s=:,]*/session_[\d_-]+", " ".join(process.cmdline()))
        if found:
            return Path(found.group(0))
    raise AssertionError("no process of the stack names its session")


def test_the_lines_of_a_request_carry_its_id_in_every_deployment_it_reaches(used):
    reply = httpx.post(
        f"{used.url}/v1/search", json={"query": "monthly rent"}, headers={"X-Request-Id": "look-for-me"}, timeout=60
    )
    assert reply.headers.get_list("x-request-id") == ["look-for-me"]
    found = {}
    for path in (session(used.pid) / "logs" / "serve").glob("replica_*.log"):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if record.get("request_id") == "look-for-me":
                found.setdefault(record["deployment"].removeprefix("redwell_"), []).append(record["message"])
    assert "answered" in found["Ingress"]
    assert "Retriever" in found


def test_work_on_a_document_carries_its_id(used, library):
    document = library["lease-harbour-street.pdf"]
    reached = set()
    for path in (session(used.pid) / "logs" / "serve").glob("replica_*.log"):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if document in (record.get("request_id"), record.get("document")):
                reached.add(record["deployment"].removeprefix("redwell_"))
    assert reached >= {"Analyzer", "Reader", "Entities", "Classifier", "Embedder"}


def test_a_question_is_one_trace_across_its_deployments(used):
    reply = httpx.post(
        f"{used.url}/v1/search", json={"query": "deposit"}, headers={"X-Request-Id": "trace-me"}, timeout=60
    )
    assert reply.status_code == 200
    time.sleep(1)
    spans = [json.loads(line) for path in used.traces.glob("*.json") for line in path.read_text().splitlines()]
    mine = [span for span in spans if span["attributes"].get("request_id") == "trace-me"]
    assert len({span["context"]["trace_id"] for span in mine}) == 1
    assert {"Ingress", "Retriever"} <= {span["attributes"].get("deployment") for span in mine}
    [root] = [span for span in mine if span["parent_id"] is None]
    assert root["context"]["trace_id"] == mine[0]["context"]["trace_id"]
