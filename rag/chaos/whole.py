"""kill -9 the whole stack at random moments while documents come in, and start it again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator

from rag.chaos.load import TEXT
from rag.chaos.report import Row
from rag.chaos.stack import Stack
from rag.client import RedwellClient
from rag.wire import ApiError

COLLECTION = "killed"
AT_ONCE = 4
LONGEST_SECONDS = 6.0
SETTLE_SECONDS = 600.0
REPORT_SECONDS = 12.0
"""Indexes tell where they are every ten seconds."""
Progress = Callable[[str], None]


class Sender:
    """Uploads new texts until it is told to end; every acknowledged id is kept."""

    def __init__(self, url: str, first: int, acknowledged: dict[str, str]) -> None:
        self._url, self._next, self._acknowledged = url, first, acknowledged
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(AT_ONCE)]
        for thread in self._threads:
            thread.start()

    def end(self) -> int:
        """The number of the next text."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        return self._next

    def _run(self) -> None:
        with RedwellClient(self._url, timeout=20, retry_seconds=0) as client:
            while not self._ended.is_set():
                with self._lock:
                    number, self._next = self._next, self._next + 1
                content = TEXT.format(number, number, 1000 + number).encode()
                try:
                    [sent] = client.upload([(f"{number}.txt", content)], collection=COLLECTION)
                except ApiError:
                    time.sleep(0.05)
                    continue
                if sent.id:
                    self._acknowledged[sent.id] = sent.filename
                time.sleep(0.1)


def whole(
    stack: Stack, *, times: int, until: float, progress: Progress, longest: float = LONGEST_SECONDS
) -> Iterator[Row]:
    """The stack runs when this is called and afterwards. `until`: of time.monotonic(), for the last kill; `longest`: seconds
    between a start and the kill."""
    acknowledged: dict[str, str] = {}
    number, kills, restarts = 0, 0, []
    while kills < times and (time.monotonic() < until or kills == 0):
        sender = Sender(stack.url, number, acknowledged)
        time.sleep(random.uniform(0.3, longest))
        stack.kill()
        number = sender.end()
        kills += 1
        restarts.append(stack.start())
        progress(f"kill {kills}: {len(acknowledged)} acknowledged so far, up again after {restarts[-1]:.0f} s")
    with RedwellClient(stack.url, timeout=60, retry_seconds=30) as client:
        for id in acknowledged:
            client.wait(id, timeout=SETTLE_SECONDS)
        listed = list(client.documents(collection=COLLECTION))
    time.sleep(REPORT_SECONDS)
    wrong = stack.verify()
    ids = {one.id for one in listed}
    lost = sorted(set(acknowledged) - ids)
    names = [one.filename for one in listed]
    doubled = len(names) - len(set(names))
    failed = [one.filename for one in listed if one.status == "failed"]
    yield Row(
        "stack",
        "kill -9 everything during ingestion",
        kills,
        len(acknowledged),
        len(lost),
        recovered_seconds=max(restarts),
        passed=not (lost or doubled or failed or wrong),
        seen={
            "acknowledged": len(acknowledged),
            "lost": lost[:5],
            "doubled": doubled,
            "failed": failed[:5],
            "stored but not acknowledged": len(ids - set(acknowledged)),
            "verify": wrong[:5],
        },
    )
