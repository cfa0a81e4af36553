"""Runs parser functions in limited worker processes: their memory, time, output and crashes are not ours."""

from __future__ import annotations

import io
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import DamagedFile, ParserLimit, Unavailable
from rag.read import zygote
from rag.settings import Limits

T = TypeVar("T")
LIGHT = (
    "rag.read.parse",
    "rag.read.members",
    "rag.read.libreoffice",
    "rag.read.unlock",
    "rag.read.searchable",
    "cv2",
    "pikepdf",
    "pdfplumber.table",
    "charset_normalizer",
    "olefile",
)
"""Modules that the parsers of PDF, pictures and text need: imported once, before the fork."""


class Sandbox:
    """One zygote process and the jobs forked from it; started by the first job. Safe to use from any thread.

    `preload` names modules imported once; functions run by it should live in one of them.
    """

    def __init__(self, limits: Limits, *, preload: tuple[str, ...] = LIGHT, processes: bool = False) -> None:
        self._limits = limits
        self._preload = preload
        self._processes = processes
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def run(
        self,
        function: Callable[..., T],
        *args: Any,
        seconds: float | None = None,
        processes: bool | None = None,
        **kwargs: Any,
    ) -> T:
        """The function's value, or its error.

        `seconds` bounds CPU time (default limits.parser_seconds), `processes` lets it start processes and threads.

        Raises ParserLimit (time, memory, output), DamagedFile (the parser crashed) and what the function raises.
        """
        cpu = seconds or self._limits.parser_seconds
        memory = self._limits.parser_memory_mb * 2**20
        allowed = self._processes if processes is None else processes
        bounds = zygote.Bounds(memory, max(1, int(cpu + 0.999)), max(memory, 2**30), allowed)
        job = self._submit()
        try:
            return self._exchange(job, pickle.dumps((bounds, function, args, kwargs)), wall=2 * cpu + 5)
        finally:
            job.close()

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the zygote and of the jobs that have ended; 0.0 before the first job."""
        zygote_process = self._zygote
        if zygote_process is None:
            return 0.0
        fields = Path(f"/proc/{zygote_process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends the zygote and every job of it. The next job starts a new one."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._zygote is not None:
                self._zygote.wait(timeout=10)
            self._control = self._zygote = None

    def _exchange(self, job: socket.socket, request: bytes, *, wall: float) -> Any:
        end = time.monotonic() + wall
        answer: tuple[bool, Any] | None = None
        at_most = 8 * self._limits.text_bytes
        try:
            job.settimeout(wall)
            zygote.send(job, b"J", request)
            while True:
                job.settimeout(max(0.01, end - time.monotonic()))
                kind, payload = zygote.receive(job, at_most)
                if kind == b"R":
                    answer = _Values(io.BytesIO(payload)).load()
                    break
                raise _death(struct.unpack("!i", payload)[0], self._limits)
        except TimeoutError:
            raise ParserLimit(
                f"Reading the file took longer than {wall:.0f} s.", "Split the file, or raise `limits.parser_seconds`."
            ) from None
        except (EOFError, OSError):
            raise Unavailable("The parser process ended unexpectedly.") from None
        done, value = answer
        if not done:
            raise value
        return value

    def _submit(self) -> socket.socket:
        """A socket on which a forked child listens."""
        with self._lock:
            for attempt in range(2):
                if self._control is None:
                    self._start()
                assert self._control is not None
                ours, theirs = socket.socketpair()
                try:
                    socket.send_fds(self._control, [b"j"], [theirs.fileno()])
                    return ours
                except OSError as error:  # the zygote was killed: once is bad luck
                    ours.close()
                    self._control.close()
                    self._control = None
                    if attempt:
                        raise Unavailable("The parser process cannot be started.") from error
                finally:
                    theirs.close()
        raise Unavailable("The parser process cannot be started.")

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(__file__).resolve().parents[2])
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH")]))
        # One thread each: a fork must not lose threads that a library started, and pages are read side by side anyway.
        environment.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
        command = [sys.executable, "-m", "rag.read.zygote", str(theirs.fileno()), *self._preload]
        self._zygote = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()
        self._control = ours
        weakref.finalize(self, ours.close)


class _Values(pickle.Unpickler):
    """Loads only our own values: a parser taken over by its file must not run code in this process."""

    def find_class(self, module: str, name: str) -> Any:
        ours = module in {"rag.model", "rag.words", "rag.ports", "rag.errors"} or module.startswith("rag.read.")
        if not ours or "." in name:
            raise DamagedFile(f"The parser answered with a value of a strange type ({module}.{name}).")
        found = super().find_class(module, name)
        if not isinstance(found, type):
            raise DamagedFile(f"The parser answered with a value of a strange type ({module}.{name}).")
        return found


def _death(status: int, limits: Limits) -> Exception:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number in (signal.SIGXCPU, signal.SIGKILL):
            return ParserLimit(
                f"Reading the file took more than {limits.parser_seconds} s of processor time or was stopped for memory.",
                "Split the file, or raise `limits.parser_seconds` or `limits.parser_memory_mb`.",
            )
        if number == signal.SIGXFSZ:
            return ParserLimit("Reading the file writes more than allowed.", "Raise `limits.parser_memory_mb`.")
        if number == signal.SIGABRT:  # C++ libraries abort when an allocation fails
            return ParserLimit(
                "The parser stopped, most likely for lack of memory.",
                "Split the file, or raise `limits.parser_memory_mb`.",
            )
        return DamagedFile(f"The file made its parser crash (signal {number}).")
    return DamagedFile(f"The parser ended without an answer (exit status {os.WEXITSTATUS(status)}).")
