"""A Redwell of its own: another process on ports and in a folder of its own, whose parts can be found and killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from rag.errors import Unavailable

START_SECONDS = 400.0
REPLICA = "ServeReplica:redwell:"
PROXY, CONTROLLER, GCS = "ProxyActor", "ServeController", "gcs_server"


class Stack:
    """`folder` holds its data and logs. `settings`: REDWELL_ variables over the environment's. `command`: for Python, what takes
    --port and serves the API there."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        command: Sequence[str] = ("-m", "rag.cli", "serve", "--no-ui"),
    ) -> None:
        self.folder = folder
        self._settings = dict(settings or {})
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._adopted: list[subprocess.Popen[bytes]] = []
        self.url = ""
        self.starts = 0

    @property
    def data_dir(self) -> Path:
        return self.folder / "var"

    def environment(self) -> dict[str, str]:
        # A Redis, where there is one, keeps the clusters of all starts apart.
        own = {"REDWELL_DATA_DIR": str(self.data_dir), "RAY_external_storage_namespace": f"start-{self.starts}"}
        return {**os.environ, **self._settings, **own}

    def start(self) -> float:
        """Seconds until it was ready. Raises Unavailable with the end of its log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.starts += 1
        log = self.folder / f"serve-{self.starts}.log"
        began = time.monotonic()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, *self._command, "--port", str(port)],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while time.monotonic() - began < START_SECONDS:
            if self._process.poll() is not None:
                break
            if self.ready():
                return time.monotonic() - began
            time.sleep(0.3)
        self.kill()
        raise Unavailable(f"The stack did not start: {log.read_text(errors='replace')[-2000:]}", f"Look at {log}.")

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def adopt(self, command: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        """Start one of its processes that was killed again, as whoever watches over it would."""
        with (self.folder / f"again-{len(self._adopted)}.log").open("wb") as output:
            process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        self._adopted.append(process)

    def stop(self) -> float:
        """As Ctrl-C does; the seconds that it took."""
        if self._process is None:
            return 0.0
        began = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(90)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None
        self._orphans()
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL for the process and all that it started, Ray's daemons too."""
        family = self.family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=30)
        if self._process is not None:
            self._process.wait(30)
        self._process = None
        self._orphans()

    def _orphans(self) -> None:
        for process in self._adopted:
            process.kill()
            process.wait(30)
        self._adopted = []

    def family(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        try:
            first = psutil.Process(self._process.pid)
            adopted = [psutil.Process(one.pid) for one in self._adopted if one.poll() is None]
            return [first, *first.children(recursive=True), *adopted]
        except psutil.NoSuchProcess:
            return []

    def named(self, name: str) -> list[psutil.Process]:
        """Processes whose title holds the name: 'ServeReplica:redwell:Ocr', 'ProxyActor', ..."""
        found = []
        for process in self.family():
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if name in " ".join(process.cmdline()[:1]):
                    found.append(process)
        return found

    def deployments(self) -> list[str]:
        titles = [" ".join(process.cmdline()[:1]) for process in self.named(REPLICA)]
        return sorted({title.partition(REPLICA)[2].split()[0].split(".")[0] for title in titles})

    def memory(self) -> tuple[int, int]:
        """(bytes of private memory, file handles) of all its processes."""
        parts = self.parts().values()
        return sum(memory for memory, _ in parts), sum(handles for _, handles in parts)

    def parts(self) -> dict[str, tuple[int, int]]:
        """The same, by what a process is: 'ServeReplica:redwell:Ocr', 'raylet', ..."""
        found: dict[str, tuple[int, int]] = {}
        for process in self.family():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied, IndexError):
                title = process.cmdline()[0]
                name = title.removeprefix("ray::").split(".")[0] if "::" in title else title.rpartition("/")[2]
                info, (memory, handles) = process.memory_info(), found.get(name, (0, 0))
                found[name] = (memory + info.rss - info.shared, handles + process.num_fds())
        return found

    def verify(self) -> list[dict[str, str]]:
        """What `redwell verify` finds in it."""
        command = [sys.executable, "-m", "rag.cli", "verify", "--json"]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False, timeout=120)
        found: list[dict[str, str]] = json.loads(done.stdout)["findings"]
        return found


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
