"""kill -9 Ray's GCS, where the cluster's state is kept: with Redis behind it it comes back, without it the cluster ends."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from rag.chaos.beside import beside
from rag.chaos.load import tallied
from rag.chaos.report import Row
from rag.chaos.stack import GCS, REPLICA, Stack
from rag.errors import Unavailable

AWAY_SECONDS = 15.0
BACK_SECONDS = 20.0
WITHOUT_SECONDS = 120.0
Progress = Callable[[str], None]


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """host:port of a Redis of its own, in memory only. Raises Unavailable where the program is not there."""
    program = shutil.which("redis-server")
    if program is None:
        raise Unavailable(
            "redis-server is not installed.", "As root: apt-get install redis-server, or give --no-redis."
        )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def gcs(stack: Stack, *, times: int, backed: bool, progress: Progress) -> Iterator[Row]:
    """`backed`: a Redis keeps its state; it is started again after 15 s, as Kubernetes does. Else it stays away."""
    if not backed:
        yield _without(stack, progress)
        return
    replicas = {one.pid for one in stack.named(REPLICA)}
    with beside(stack.url, "gcs") as load:
        for turn in range(times):
            [victim] = stack.named(GCS)
            command, environment, folder = _at_its_port(victim), victim.environ(), victim.cwd()
            victim.kill()
            time.sleep(AWAY_SECONDS)
            stack.adopt(command, environment, folder)
            time.sleep(BACK_SECONDS)
            progress(f"GCS {turn + 1} of {times}: {tallied(one for _, one in load.raw)}, client {load.failed}")
    left = {one.pid for one in stack.named(REPLICA)}
    lost = load.lost()
    yield Row(
        "gcs",
        f"kill -9 the GCS, back after {AWAY_SECONDS:.0f} s",
        times,
        len(load.raw),
        len(lost),
        load.asked,
        len(load.failed),
        passed=not lost and not load.failed and left == replicas,
        seen={
            "raw": tallied(one for _, one in load.raw),
            "client": load.failed[:5],
            "replicas that died": len(replicas - left),
        },
    )


def _at_its_port(gcs: psutil.Process) -> list[str]:
    """Its command, with the port that it had found for itself: all others know it under that one."""
    [port] = {one.laddr.port for one in gcs.net_connections(kind="inet") if one.status == psutil.CONN_LISTEN}
    option = "--gcs_server_port="
    return [f"{option}{port}" if part.startswith(option) else part for part in gcs.cmdline()]


def _without(stack: Stack, progress: Progress) -> Row:
    """How long it serves on. The stack is started again afterwards."""
    with beside(stack.url, "gcs") as load:
        [victim] = stack.named(GCS)
        killed = time.monotonic()
        victim.kill()
        while time.monotonic() - killed < WITHOUT_SECONDS and not load.lost():
            time.sleep(0.2)
        served = time.monotonic() - killed
    stack.kill()
    again = stack.start()
    progress(f"without Redis: served for {served:.0f} s without its GCS, up again after {again:.0f} s")
    return Row(
        "gcs",
        "kill -9 the GCS, no Redis",
        1,
        len(load.raw),
        len(load.lost()),
        recovered_seconds=again,
        passed=served >= AWAY_SECONDS,
        seen={"served_seconds": round(served), "raw": tallied(one for _, one in load.raw)},
    )
