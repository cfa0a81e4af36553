"""Shared by all tiers: the real stack, started once a session by whoever asks for it first; a database with the schema."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from rag.settings import Settings
from rag.store.database import Database
from tests.endpoints import KEY, Endpoints, serving

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "data" / "samples"
START_SECONDS = 420


@dataclass(frozen=True, slots=True)
class Stack:
    url: str
    pid: int
    data_dir: Path
    metrics_url: str = ""
    traces: Path = Path()
    grpc: str = ""
    """host:port"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start_stack(data_dir: Path, *, log: Path, **more: str) -> tuple[subprocess.Popen[bytes], str]:
    """`redwell serve` in its own process group; returns when /health/ready answers. Fails with the log's end.

    `more`: environment variables.
    """
    port = free_port()
    environment = {**os.environ, **more, "REDWELL_DATA_DIR": str(data_dir), "REDWELL_SERVER__PORT": str(port)}
    environment.setdefault("REDWELL_INGESTION__ALLOW", json.dumps([str(data_dir.parent / "sources")]))
    environment.setdefault("REDWELL_CACHE_DIR", str(ROOT / ".cache" / "redwell"))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "rag.cli", "serve", "--profile", "cpu", "--no-ui", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"redwell serve ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        try:
            if httpx.get(f"{url}/health/ready", timeout=5).status_code == 200:
                return process, url
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    stop_stack(process)
    pytest.fail(f"redwell serve was not ready after {START_SECONDS} s:\n{log.read_text()[-4000:]}")


def stop_stack(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, as a person would; then, if that did not do, the whole group."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Endpoints]:
    """The answering model `elsewhere` of the stack: an endpoint in this process."""
    with serving(Endpoints()) as started:
        yield started


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, elsewhere: Endpoints) -> Iterator[Stack]:
    """Real Ray, real models; `REDWELL_TEST_URL` names one that runs already."""
    running = os.environ.get("REDWELL_TEST_URL")
    folder = tmp_path_factory.mktemp("stack")
    if running:
        yield Stack(running, 0, folder)
        return
    metrics, grpc = free_port(), free_port()
    watched = {
        "REDWELL_MONITORING__METRICS_PORT": str(metrics),
        "REDWELL_MONITORING__ACCESS_LOG": "true",
        "REDWELL_MONITORING__TRACES": "file",
        "REDWELL_MONITORING__TRACE_FOLDER": str(folder / "traces"),
        "REDWELL_SERVER__GRPC_PORT": str(grpc),
        "REDWELL_MODELS": json.dumps({"elsewhere": {"base_url": elsewhere.url, "api_key": KEY}}),
    }
    process, url = start_stack(folder / "var", log=folder / "serve.log", **watched)
    yield Stack(
        url, process.pid, folder / "var", f"http://127.0.0.1:{metrics}/metrics", folder / "traces", f"127.0.0.1:{grpc}"
    )
    stop_stack(process)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Address of an S3 server on this machine, named in the environment as a user names his."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    values = {
        "AWS_ENDPOINT": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    yield values["AWS_ENDPOINT"]
    server.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def bucket(s3: str) -> str:
    """s3:// address of a new, empty bucket."""
    name = f"bucket-{uuid4().hex[:12]}"
    httpx.put(f"{s3}/{name}").raise_for_status()
    return f"s3://{name}"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`redwell.sqlite3` with the schema in it: copied for each test, since migrating takes longer than most of them."""
    folder = tmp_path_factory.mktemp("migrated")
    asyncio.run(Database(Settings(data_dir=folder).database_url).connect())
    return folder / "redwell.sqlite3"
