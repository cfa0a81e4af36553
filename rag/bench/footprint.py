"""What the stack weighs: memory by process, which processes hold torch, and what it does when nobody asks for anything."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from rag.bench.line import Line

MEMORY_GOAL_GIB = 8.0
SETTLING_SECONDS = 20.0
IDLE_SECONDS = 20.0


def memory(root: int) -> tuple[dict[str, float], list[str]]:
    """(GiB by process name, names of those that have torch mapped), over the descendants of `root`.

    Proportional set size: a page that several processes share counts once over all.
    """
    used: dict[str, float] = {}
    torch: set[str] = set()
    for process in psutil.Process(root).children(recursive=True):
        try:
            title = process.cmdline()
            size = process.memory_full_info().pss / 2**30
            maps = Path(f"/proc/{process.pid}/maps").read_text()
        except (psutil.Error, OSError):
            continue
        name = named(" ".join(title))
        used[name] = used.get(name, 0.0) + size
        if "libtorch" in maps:
            torch.add(name)
    return used, sorted(torch)


def stirring(root: int, seconds: float = IDLE_SECONDS) -> tuple[dict[str, float], dict[str, float]]:
    """(milliseconds of CPU a second by process name, wake-ups a second), over the descendants of `root`. Blocks for `seconds`.

    A wake-up is a thread that was switched to: on cores that a model keeps busy each one holds the model up for longer than it
    takes itself.
    """
    before = _work(root)
    time.sleep(seconds)
    cpu: dict[str, float] = {}
    wakes: dict[str, float] = {}
    for key, (name, used, switches) in _work(root).items():
        _, used_before, switches_before = before.get(key, (name, 0.0, 0))
        cpu[name] = cpu.get(name, 0.0) + (used - used_before) * 1000 / seconds
        wakes[name] = wakes.get(name, 0.0) + (switches - switches_before) / seconds
    return cpu, wakes


def _work(root: int) -> dict[tuple[int, float], tuple[str, float, int]]:
    """Process -> (name, seconds of CPU, switches) since its start."""
    found = {}
    for process in psutil.Process(root).children(recursive=True):
        try:
            times = process.cpu_times()
            tasks = [task.read_text() for task in Path(f"/proc/{process.pid}/task").glob("*/status")]
            name = named(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
        switches = sum(int(line.split()[1]) for task in tasks for line in task.splitlines() if "ctxt_switches" in line)
        found[process.pid, process.create_time()] = name, times.user + times.system, switches
    return found


def named(title: str) -> str:
    """A process by what it is in the stack."""
    if "ServeReplica:" in title:
        return title.split("ServeReplica:")[1].split(":")[1].split(".")[0].split("#")[0].strip()
    for mark, name in (("VLLM", "Llm engine"), ("EngineCore", "Llm engine"), ("ServeController", "Serve controller")):
        if mark in title:
            return name
    if "ProxyActor" in title:
        return "Serve proxy"
    if "ray" in title:
        return "Ray"
    return "parsers and the rest"


def parts(used: Mapping[str, float]) -> dict[str, float]:
    return {name: round(size, 2) for name, size in sorted(used.items(), key=lambda one: -one[1])}


def idle_lines(cpu: Mapping[str, float], wakes: Mapping[str, float]) -> list[Line]:
    return [
        Line("CPU idle", "", "ms/s", (sum(cpu.values()),), compared="alone", more=parts(cpu)),
        Line("wake-ups idle", "", "a second", (sum(wakes.values()),), compared="alone", more=parts(wakes)),
    ]


def lines(idle: Mapping[str, float], loaded: Mapping[str, float], torch: list[str], start_seconds: float) -> list[Line]:
    with_torch = {"with torch": torch}
    return [
        Line("start", "", "s", (start_seconds,), compared="alone"),
        Line(
            "memory idle", "", "GiB", (sum(idle.values()),), compared="alone", goal=MEMORY_GOAL_GIB,
            more=parts(idle) | with_torch,
        ),
        Line(
            "memory after the load", "", "GiB", (sum(loaded.values()),), compared="alone", goal=MEMORY_GOAL_GIB,
            more=parts(loaded),
        ),
    ]  # fmt: skip


def asked_lines(used: Mapping[str, float]) -> list[Line]:
    """Of a stack that was only asked for a while."""
    return [
        Line(
            "memory after questions, long after uploads", "", "GiB", (sum(used.values()),), compared="alone",
            goal=MEMORY_GOAL_GIB, more=parts(used),
        )
    ]  # fmt: skip
