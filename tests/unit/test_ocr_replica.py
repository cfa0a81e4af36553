"""A replica of Ocr reads a page a core."""

from __future__ import annotations

import asyncio
import threading

import pytest

from rag.runtime import engines
from rag.serving.models import OcrDeployment
from rag.settings import load


class Slow:
    """Reads until it is told to go on, and notes how many pages are read at once."""

    def __init__(self) -> None:
        self.go, self.began = threading.Event(), threading.Semaphore(0)
        self.running = self.most = 0
        self._turn = threading.Lock()

    def recognize(self, task: int) -> int:
        with self._turn:
            self.running += 1
            self.most = max(self.most, self.running)
        self.began.release()
        assert self.go.wait(5)
        with self._turn:
            self.running -= 1
        return task


@pytest.mark.parametrize(("cpus", "at_once"), [(2.0, 2), (1.0, 1), (0.5, 1)])
async def test_as_many_pages_are_read_at_once_as_the_replica_has_whole_cpus(monkeypatch, cpus, at_once):
    engine = Slow()
    monkeypatch.setattr(engines, "ocr", lambda settings: engine)
    replica = OcrDeployment.func_or_class(load("cpu", overrides={"reading": {"ocr": {"cpus": cpus}}}))
    pages = asyncio.gather(*(replica.recognize(number) for number in range(4)))
    for _ in range(at_once):
        assert await asyncio.to_thread(engine.began.acquire, timeout=5)
    assert not await asyncio.to_thread(engine.began.acquire, timeout=0.05)
    engine.go.set()
    assert (await pages, engine.most) == ([0, 1, 2, 3], at_once)
