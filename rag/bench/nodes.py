"""A load over two Ray nodes, PostgreSQL and S3, one node of which is killed half-way; beside the same files on one machine.

Both nodes run here, as two `ray start --block`: to Ray they are machines. SIGKILL to all processes of the second one is what
pulling its plug looks like.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from rag.bench.content import content
from rag.bench.loads import Load, load, text_files
from rag.bench.pipeline import scanned_pdf
from rag.errors import ConfigurationError, StageFailed
from rag.settings import load as settings_of
from rag.store.buckets import file_system

NODE_CPUS = 6
"""Logical CPUs of each node: one alone must hold all operators."""
START_SECONDS = 60
JOIN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class NodesResult:
    files: int
    loaded_at_the_kill: int
    actors_killed: int
    """Operators that ran on the node that was killed."""
    documents: int
    twice: int
    missing: int
    different: int
    """Documents that hold something else than those of the load on one machine."""
    seconds: float

    @property
    def equal(self) -> bool:
        return self.documents == self.files and not (self.twice or self.missing or self.different)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "equal": self.equal}


def bench_nodes(
    samples: Path, *, database: str, texts: int, scans: int, progress: Callable[[str], None]
) -> NodesResult:
    """`database`: SQLAlchemy URL of an empty PostgreSQL database. S3 is what AWS_ENDPOINT names, else a moto server.

    Raises StageFailed when the load does not complete, ConfigurationError when something is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder, _s3() as environment:
        source = text_files(Path(folder) / "in", texts)
        for number in range(scans):
            scanned_pdf(samples, source / f"scan-{number:03}.pdf", pages=3, seed=number)
        bucket = f"s3://redwell-bench-{uuid4().hex[:8]}"
        _fill(bucket, source)
        environment |= {
            "REDWELL_DATA_DIR": str(Path(folder) / "cluster"),
            "REDWELL_STORAGE__DATABASE": database,
            "REDWELL_STORAGE__BLOBS": f"{bucket}/blobs",
        }
        files = texts + scans
        with _cluster(environment) as (address, second):
            started = time.perf_counter()
            one = Load(f"{bucket}/in", environment, ("--address", address))
            while one.process.poll() is None and one.ended < files / 2:
                time.sleep(0.2)
            at = one.ended
            killed = _kill(second)
            if not killed:
                raise StageFailed("No operator ran on the second node: its death shows nothing.", "Load more files.")
            progress(f"the second node was killed with {killed} operators; {at} of {files} files were over")
            one.finish()
            seconds = time.perf_counter() - started
        progress("loading the same files on one machine")
        load(source, Path(folder) / "alone")
        settings = {"storage": {"database": database}}
        ours = asyncio.run(content(settings_of("cpu", overrides=settings)))
        theirs = asyncio.run(content(settings_of("cpu", overrides={"data_dir": str(Path(folder) / "alone")})))
    return NodesResult(
        files=files,
        loaded_at_the_kill=at,
        actors_killed=killed,
        documents=sum(map(len, ours.values())),
        twice=sum(len(found) > 1 for found in ours.values()),
        missing=len(theirs.keys() - ours.keys()),
        different=sum(ours[name] != theirs[name] for name in ours.keys() & theirs.keys()),
        seconds=seconds,
    )


@contextmanager
def _cluster(environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """(address, process of the second node) of two nodes, both ended with the block."""
    port = _free_port()
    address = f"127.0.0.1:{port}"
    head = _node(["--head", f"--port={port}", "--node-ip-address=127.0.0.1", "--include-dashboard=false"], environment)
    second = None
    try:
        _wait_for(port, head)
        second = _node([f"--address={address}"], environment)
        _joined(second)
        yield address, second
    finally:
        for process in (second, head):
            if process is not None:
                _kill(process)


def _node(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    ray = shutil.which("ray") or shutil.which("ray", path=str(Path(sys.executable).parent))
    if ray is None:
        raise ConfigurationError(
            "The `ray` command is not there.", "Install ray[default], or activate its environment."
        )
    return subprocess.Popen(
        [ray, "start", "--block", "--disable-usage-stats", f"--num-cpus={NODE_CPUS}", *arguments],
        env={**os.environ, "RAY_AUTH_MODE": "token", **environment},  # the first node asks the second one for its token
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait_for(port: int, head: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and head.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise StageFailed("The first Ray node did not start.", "Run `ray start --head` by hand.")


def _joined(node: subprocess.Popen[bytes]) -> None:
    """Returns some seconds after its raylet began. Raises StageFailed when the node ends instead."""
    deadline = time.monotonic() + START_SECONDS
    while node.poll() is None and time.monotonic() < deadline:
        if any(child.name() == "raylet" for child in psutil.Process(node.pid).children(recursive=True)):
            time.sleep(JOIN_SECONDS)  # a load that begins earlier would find one node
            return
        time.sleep(0.2)
    raise StageFailed("The second node did not join the first.", "Run `ray start --address=...` by hand.")


def _kill(node: subprocess.Popen[bytes]) -> int:
    """SIGKILL to all processes of a node; how many operators of a load were among them."""
    try:
        family = [psutil.Process(node.pid), *psutil.Process(node.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    operators = 0
    for process in family:
        try:
            operators += "MapWorker" in " ".join(process.cmdline())
            process.kill()
        except psutil.NoSuchProcess:
            continue
    node.wait()
    return operators


@contextmanager
def _s3() -> Iterator[dict[str, str]]:
    """The environment that names an S3 server: the one that is there, or one for the time of the block."""
    if os.environ.get("AWS_ENDPOINT"):
        yield {}
        return
    program = shutil.which("moto_server", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        raise ConfigurationError("There is no S3 server.", "Set AWS_ENDPOINT, or install moto[server].")
    port = _free_port()
    values = {
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        _wait_for(port, server)
        yield dict(values)
    finally:
        server.kill()
        server.wait()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _fill(bucket: str, source: Path) -> None:
    """Make the bucket and put the files under in/."""
    import httpx

    if "127.0.0.1" in os.environ["AWS_ENDPOINT"]:
        httpx.put(f"{os.environ['AWS_ENDPOINT']}/{bucket.removeprefix('s3://')}").raise_for_status()
    store, root = file_system(bucket)
    for path in sorted(source.iterdir()):
        store.pipe_file(f"{root}/in/{path.name}", path.read_bytes())


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
