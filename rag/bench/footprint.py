"""What the stack weighs: memory by process, and which processes hold torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psutil

from rag.bench.line import Line

MEMORY_GOAL_GIB = 8.0


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


def lines(idle: Mapping[str, float], loaded: Mapping[str, float], torch: list[str], start_seconds: float) -> list[Line]:
    def parts(used: Mapping[str, float]) -> dict[str, float]:
        return {name: round(size, 2) for name, size in sorted(used.items(), key=lambda one: -one[1])}

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
