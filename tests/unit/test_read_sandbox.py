"""Parsers that hang, crash, eat memory or open connections fail alone."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from rag.errors import DamagedFile, EncryptedFile, ParserLimit
from rag.read.sandbox import Sandbox
from rag.settings import Limits

TESTS = Path(__file__).parent


def double(value: int) -> int:
    return 2 * value


def refuse() -> None:
    raise EncryptedFile("Locked.", "Unlock it.")


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def eat() -> int:
    return len(bytearray(3 * 2**30))


def spin() -> None:
    while True:
        pass


def connect() -> str:
    with socket.socket() as connection:
        connection.settimeout(1)
        return f"{connection.connect_ex(('127.0.0.1', 9))}"


def strange() -> object:
    return subprocess.Popen


def odd() -> None:
    raise ZeroDivisionError("by zero")


@pytest.fixture(scope="module")
def sandbox(module_path):
    box = Sandbox(Limits(parser_memory_mb=512, parser_seconds=60), preload=())
    yield box
    box.close()


@pytest.fixture(scope="module")
def module_path():
    """Lets the child import this module by the name under which pytest has it."""
    old = os.environ.get("PYTHONPATH")
    root = TESTS.parents[1]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), str(TESTS), old]))
    yield
    if old is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = old


def test_a_value_comes_back(sandbox: Sandbox) -> None:
    assert sandbox.run(double, 21) == 42


def test_errors_cross_with_their_remedy(sandbox: Sandbox) -> None:
    with pytest.raises(EncryptedFile) as caught:
        sandbox.run(refuse)
    assert (caught.value.detail, caught.value.remedy) == ("Locked.", "Unlock it.")


def test_a_foreign_error_is_a_damaged_file(sandbox: Sandbox) -> None:
    with pytest.raises(DamagedFile, match="ZeroDivisionError"):
        sandbox.run(odd)


def test_a_crash_fails_that_job_only(sandbox: Sandbox) -> None:
    with pytest.raises(DamagedFile, match="signal 11"):
        sandbox.run(crash)
    assert sandbox.run(double, 1) == 2


def test_memory_is_limited(sandbox: Sandbox) -> None:
    with pytest.raises(ParserLimit) as caught:
        sandbox.run(eat)
    assert "limits.parser_memory_mb" in caught.value.remedy


def test_processor_time_is_limited(sandbox: Sandbox) -> None:
    with pytest.raises(ParserLimit) as caught:
        sandbox.run(spin, seconds=1)
    assert "limits.parser_seconds" in caught.value.remedy


def test_wall_time_is_limited(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = sandbox._exchange
    monkeypatch.setattr(sandbox, "_exchange", lambda job, request, *, wall: exchange(job, request, wall=0.3))
    with pytest.raises(ParserLimit, match="took longer"):
        sandbox.run(time.sleep, 60)


def test_strange_values_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(DamagedFile, match="strange type"):
        sandbox.run(strange)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may leave the network everywhere")
def test_there_is_no_network(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            pass
    assert sandbox.run(connect) == f"{101}"  # ENETUNREACH: even loopback is down


def test_threads_run_jobs_side_by_side(sandbox: Sandbox) -> None:
    results: dict[int, int] = {}
    threads = [threading.Thread(target=lambda n=n: results.update({n: sandbox.run(double, n)})) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: 2 * n for n in range(12)}


def test_a_killed_zygote_is_replaced(sandbox: Sandbox) -> None:
    sandbox.run(double, 1)
    assert sandbox._zygote is not None
    sandbox._zygote.kill()
    sandbox._zygote.wait()
    assert sandbox.run(double, 2) == 4


def test_nothing_outlives_its_parent(tmp_path: Path, module_path) -> None:
    script = textwrap.dedent("""
        import sys, threading, time
        from rag.read.sandbox import Sandbox
        from rag.settings import Limits
        box = Sandbox(Limits(), preload=())
        threading.Thread(target=box.run, args=(time.sleep, 300), daemon=True).start()
        while box._zygote is None:
            time.sleep(0.01)
        time.sleep(1)
        print(box._zygote.pid, flush=True)
        time.sleep(300)
    """)
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    zygote = int(parent.stdout.readline())
    children = Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()
    assert len(children) == 1
    parent.kill()
    parent.wait()
    end = time.monotonic() + 10
    alive = [zygote, int(children[0])]
    while alive and time.monotonic() < end:
        alive = [pid for pid in alive if running(pid)]
        time.sleep(0.05)
    assert alive == []


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
