"""The process from which parsers are forked: `python -m rag.read.zygote FD MODULE...`.

It imports the parser libraries once, gives up the network, and then forks one child for each job that arrives on the
socket FD, so that a job starts in milliseconds with clean memory. It never runs a parser itself. A job's socket carries,
after the job, frames of (kind, length, payload): kind R is the result, X the wait status, sent when the child is gone.
Closing the job's socket kills the child; closing FD ends everything. Not multiprocessing's forkserver: that imports the
parent's main module again in each child, which inside a Ray worker is Ray itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import pickle
import resource
import select
import signal
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Any

from rag.errors import DamagedFile, ParserLimit, RedwellError

HEADER = struct.Struct("!cQ")
CLONE_NEWUSER, CLONE_NEWNET, PR_SET_PDEATHSIG = 0x10000000, 0x40000000, 1
POLLRDHUP = getattr(select, "POLLRDHUP", 0x2000)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one child may use."""

    memory_bytes: int
    """Address space beyond that of the zygote."""
    cpu_seconds: int
    file_bytes: int
    processes: bool = False
    """Whether it may start processes and threads."""


def main(arguments: list[str]) -> None:
    control = socket.socket(fileno=int(arguments[0]))
    for name in arguments[1:]:
        importlib.import_module(name)
    leave_network()
    serve(control)


def leave_network() -> None:
    """Best effort: root may, others where user namespaces are allowed; elsewhere network policies must do it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def serve(control: socket.socket) -> None:
    jobs: dict[int, socket.socket] = {}
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(wake_read, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == control.fileno():
                _, fds, _, _ = socket.recv_fds(control, 1, 1)
                if not fds:
                    for pid in jobs:
                        end(pid)
                    return
                job = socket.socket(fileno=fds[0])
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    control.close()
                    for other in jobs.values():
                        other.close()
                    child(job)
                jobs[pid] = job
                poll.register(job, POLLRDHUP)
            elif fd == wake_read:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake_read, 4096)
                reap(jobs, poll)
            else:
                for pid, job in jobs.items():
                    if job.fileno() == fd:
                        end(pid)
                        poll.unregister(job)


def reap(jobs: dict[int, socket.socket], poll: select.poll) -> None:
    while jobs:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)  # what it started and left behind
        job = jobs.pop(pid)
        with contextlib.suppress(KeyError):
            poll.unregister(job)
        with contextlib.suppress(OSError):
            job.settimeout(5)
            send(job, b"X", struct.pack("!i", status))
        job.close()


def end(pid: int) -> None:
    """A job and all that it started: it leads a group of its own."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # it has not got so far
        os.kill(pid, signal.SIGKILL)


def child(job: socket.socket) -> None:
    """Runs one job and never returns."""
    code = 0
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        bounds, function, args, kwargs = pickle.loads(receive(job)[1])
        limit(bounds)
        outcome = run(function, args, kwargs)
        send(job, b"R", pickle.dumps(outcome, protocol=pickle.HIGHEST_PROTOCOL))
    except (OSError, EOFError, MemoryError):
        code = 1
    finally:
        os._exit(code)


def run(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bool, Any]:
    try:
        return True, function(*args, **kwargs)
    except RedwellError as error:
        return False, error
    except MemoryError:
        return False, ParserLimit(
            "Reading the file needs more memory than allowed.", "Split the file, or raise `limits.parser_memory_mb`."
        )
    except RecursionError:
        return False, ParserLimit("The file is nested too deeply.", "Simplify the file; there is no setting for this.")
    except Exception as error:  # noqa: BLE001  parsers of other people's files raise anything; this is the one place
        return False, DamagedFile(f"The file cannot be parsed ({type(error).__name__}: {str(error)[:200]}).")


def limit(bounds: Bounds) -> None:
    with open("/proc/self/statm") as file:  # what the libraries occupy already does not count
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + bounds.memory_bytes, mapped + bounds.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_seconds, bounds.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (bounds.file_bytes, bounds.file_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64) if not bounds.processes else (256, 256))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not bounds.processes:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def send(job: socket.socket, kind: bytes, payload: bytes) -> None:
    job.sendall(HEADER.pack(kind, len(payload)) + payload)


def receive(job: socket.socket, at_most: int = 2**33) -> tuple[bytes, bytes]:
    """One frame. Raises EOFError at the end of the stream, ParserLimit when the payload is longer than `at_most` bytes."""
    kind, length = HEADER.unpack(_exactly(job, HEADER.size))
    if length > at_most:
        raise ParserLimit(
            "The text of the file is larger than allowed.", "Split the file, or raise `limits.text_bytes`."
        )
    return kind, _exactly(job, length)


def _exactly(job: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        piece = job.recv(min(size - len(parts), 1 << 20))
        if not piece:
            raise EOFError
        parts += piece
    return bytes(parts)


if __name__ == "__main__":
    main(sys.argv[1:])
