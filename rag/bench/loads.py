"""Loads to measure: made files, `python -m ingestion` as a process of its own, and what its processes used."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from rag.bench.made_text import MadeText
from rag.errors import StageFailed

CPU_SECONDS_APART = 0.25
MEMORY_SECONDS_APART = 2.0
LEAVE_SECONDS = 3.0
STAGES = "read,entities,classify,index"
"""All that needs no language model."""


@dataclass(frozen=True, slots=True)
class Sample:
    seconds: float
    """Since the start."""
    files: int
    """That ended so far."""
    megabytes: float
    """Resident memory of all processes of the load, pages that they share counted once."""


@dataclass(frozen=True, slots=True)
class Loaded:
    cpu_seconds: float
    """User + system of all processes of the load."""
    wall_seconds: float
    samples: tuple[Sample, ...] = ()
    cpu_by_process: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Load:
    """A load under way. Its standard output is read on a thread of its own: `events` are its lines."""

    source: Path | str
    environment: Mapping[str, str]
    arguments: Sequence[str] = ()
    stages: str = STAGES
    niceness: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    began: threading.Event = field(default_factory=threading.Event)
    """Set by the first event: the cluster is up and the files are being listed."""
    busy: threading.Event = field(default_factory=threading.Event)
    """Set when the first file is being worked on."""
    arriving: threading.Event = field(default_factory=threading.Event)
    """Set when it has its first file over: a load that goes on counts those of the load before, too."""

    def __post_init__(self) -> None:
        stages = ["--stages", self.stages] if self.stages else []
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ingestion", str(self.source), "--json", *stages, *self.arguments],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self.events.append(json.loads(line))
                self.began.set()
                if self.events[-1].get("running") or self.ended:
                    self.busy.set()
                listed = next((event for event in self.events if event.get("files")), {})
                if self.ended > _ended(listed):
                    self.arriving.set()

    @property
    def ended(self) -> int:
        """Files that are over, as last told."""
        return _ended(self.events[-1]) if self.events else 0

    def finish(self, *, memory: bool = False) -> Loaded:
        """Wait for its end, sampling. Raises StageFailed when it does not end well."""
        used: dict[str, float] = {}
        looked, samples = 0.0, []
        while self.process.poll() is None:
            for name, seconds in cpu_seconds(self.process.pid).items():
                used[name] = max(used.get(name, 0.0), seconds)
            now = time.perf_counter() - self.started
            if memory and now - looked >= MEMORY_SECONDS_APART:
                looked = now
                samples.append(Sample(round(now, 1), self.ended, round(megabytes(self.process.pid), 1)))
            time.sleep(CPU_SECONDS_APART)
        self._reader.join()
        if self.process.returncode:
            last = self.events[-1] if self.events else "nothing"
            raise StageFailed(
                f"The load ended with exit code {self.process.returncode}; its last word: {last}.",
                "Run `python -m ingestion` by hand on the same files.",
            )
        shown = {name: round(seconds, 1) for name, seconds in sorted(used.items(), key=lambda item: -item[1])}
        return Loaded(sum(used.values()), time.perf_counter() - self.started, tuple(samples), shown)

    def kill(self) -> None:
        """SIGKILL to its process only: what belongs to it has to notice by itself. Returns when all of it is gone."""
        family = _family(self.process.pid)[1:]
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        deadline = time.monotonic() + LEAVE_SECONDS  # Ray's agents look for their parent every half minute
        while (left := [one for one in family if _works(one)]) and time.monotonic() < deadline:
            time.sleep(0.1)
        for process in left:
            process.kill()


def _ended(event: Mapping[str, Any]) -> int:
    return sum(int(event.get(name, 0)) for name in ("done", "partial", "failed"))


def load(
    source: Path, data_dir: Path, *arguments: str, stages: str = STAGES, memory: bool = False, **more: str
) -> Loaded:
    """Load a file or folder into a library of its own, on a Ray of its own. `more`: environment variables."""
    environment = {"REDWELL_DATA_DIR": str(data_dir), **more}
    return Load(source, environment, arguments, stages).finish(memory=memory)


def text_files(folder: Path, count: int, *, seed: int = 7) -> Path:
    """`count` letters of 60 to 90 words, each another."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(MadeText(seed=seed).passages(count)):
        (folder / f"letter-{number:05}.txt").write_text(f"Letter number {number}\n\n{text}\n", encoding="utf-8")
    return folder


def cpu_seconds(root: int) -> dict[str, float]:
    """Of a process, its descendants, and what they have waited for, by name; an operator of the pipeline by its own."""
    used: dict[str, float] = {}
    for process in _family(root):
        try:
            times, line = process.cpu_times(), process.cmdline()
        except psutil.Error:
            continue
        name = _name(root, process.pid, line)
        used[name] = used.get(name, 0.0) + times.user + times.system + times.children_user + times.children_system
    return used


def _name(root: int, pid: int, line: Sequence[str]) -> str:
    if pid == root:
        return "the job's process"
    title = line[0] if line else ""
    if title.startswith("ray::"):
        return title.removeprefix("ray::").removeprefix("MapWorker(MapBatches(").split(")")[0]
    if "rag.read.zygote" in line:
        return "parsers"
    return Path(title).name


def megabytes(root: int) -> float:
    """Resident memory of a process and its descendants, shared pages counted once."""
    total = 0
    for process in _family(root):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 2**20


def _works(process: psutil.Process) -> bool:
    """False for a zombie too: where nobody waits for orphans, it stays."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _family(root: int) -> list[psutil.Process]:
    try:
        return [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
