"""kill -9 one replica of each deployment with requests in flight; then the controller and the proxy of Ray Serve."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

import psutil

from rag.chaos.load import (
    Call,
    Moment,
    Sent,
    analyze_call,
    ask_call,
    callers_until,
    clients_until,
    model_call,
    once,
    picture_call,
    scan,
    search_call,
    tallied,
    upload_call,
)
from rag.chaos.report import Row
from rag.chaos.stack import CONTROLLER, PROXY, REPLICA, Stack
from rag.client import RedwellClient
from rag.errors import Unavailable

IN_FLIGHT = 6
KILLED_AFTER = (0.05, 0.6)
"""Seconds after all callers began."""
RECOVERY_SECONDS = 120.0
Progress = Callable[[str], None]


def calls_for(stack: Stack, samples: Path) -> dict[str, Call]:
    """Deployment -> a request that goes through it."""
    with RedwellClient(stack.url, timeout=120, retry_seconds=30) as client:
        [sent] = client.upload([samples / "lease-harbour-street.pdf"], collection="chaos")
        document = client.wait(sent.id or "", timeout=300)
    known = {
        "Ingress": search_call(),
        "Retriever": search_call(),
        "Llm": ask_call(),
        "Reader": picture_call(document.id),
        "Ocr": analyze_call("scan.png", scan()),
        "Entities": model_call("entities"),
        "Classifier": model_call("classifier"),
        "Embedder": model_call("embedder"),
        "Analyzer": upload_call("chaos"),
        "Jobs": search_call(),
    }
    return {name: known[name] for name in stack.deployments() if name in known}


def replicas(
    stack: Stack, samples: Path, *, times: int, until: float, progress: Progress, only: Sequence[str] = ()
) -> Iterator[Row]:
    """Rounds over all deployments, so that time that runs out costs every one as many.

    `only`: these of the deployments, ServeController and ProxyActor; all of them, when none is named. `until`: of time.monotonic().
    """
    calls = calls_for(stack, samples)
    if only:
        calls = {name: call for name, call in calls.items() if name in only}
    there = {name: len(stack.named(name)) for name in (*(REPLICA + name for name in calls), CONTROLLER, PROXY)}
    seen: dict[str, list[_Kill]] = {name: [] for name in calls}
    numbers = count(0, 100_000)
    for turn in range(times):
        for name, call in calls.items():
            if time.monotonic() < until:
                _whole(stack, REPLICA + name, there[REPLICA + name])
                seen[name].append(_kill(stack, REPLICA + name, call, next(numbers)))
                progress(f"{name} {turn + 1} of {times}: {seen[name][-1]}")
    for name in (CONTROLLER, PROXY):
        kills: list[_Kill] = []
        if only and name not in only:
            continue
        for _ in range(times):
            if time.monotonic() < until:
                _whole(stack, name, there[name])
                kills.append(_kill(stack, name, search_call(), next(numbers)))
                progress(f"{name}: {kills[-1]}")
        seen[name] = kills
    for name, kills in seen.items():
        if kills:
            yield _row(name, kills)


class _Kill:
    def __init__(self, raw: list[Sent], failed: list[str], recovered: float) -> None:
        self.raw, self.failed, self.recovered = raw, failed, recovered

    def __str__(self) -> str:
        return f"raw {tallied(self.raw)}, client failures {self.failed}, again after {self.recovered:.1f} s"


def _kill(stack: Stack, name: str, call: Call, first: int) -> _Kill:
    """SIGKILL for one process of this name while six raw callers and six clients keep a request each under way."""
    moment = Moment()
    with ThreadPoolExecutor(3) as pool:
        numbers = count(first)
        raw = pool.submit(lambda: asyncio.run(callers_until(moment, stack.url, call, IN_FLIGHT, numbers)))
        ours = pool.submit(clients_until, moment, stack.url, call, IN_FLIGHT, numbers)
        moment.wait_for(2 * IN_FLIGHT)
        time.sleep(random.uniform(*KILLED_AFTER))
        victims = stack.named(name)
        killed = time.monotonic()
        with suppress(psutil.NoSuchProcess, IndexError):
            random.choice(victims).kill()
        moment.over.set()
        probe = call if name.startswith(REPLICA) else search_call()
        recovered = _recovered(stack, probe, numbers, killed)
        result = _Kill(raw.result(), ours.result(), recovered)
    return result


def _recovered(stack: Stack, call: Call, numbers: Iterator[int], killed: float) -> float:
    """Seconds from the kill to the first raw request that is answered again. Raises Unavailable when none is."""
    while time.monotonic() - killed < RECOVERY_SECONDS:
        if once(stack.url, call, next(numbers)).fine:
            return time.monotonic() - killed
        time.sleep(0.2)
    raise Unavailable(f"Nothing was answered for {RECOVERY_SECONDS:.0f} s after a kill.")


def _whole(stack: Stack, name: str, count: int) -> None:
    """Wait until as many are there as before."""
    until = time.monotonic() + RECOVERY_SECONDS
    while time.monotonic() < until and (len(stack.named(name)) < count or not stack.ready()):
        time.sleep(0.3)


def _lost(sent: Sent) -> bool:
    """Neither answered nor refused for want of room, with the time to come again."""
    return not sent.fine and not (sent.status == 503 and sent.retry_after)


def _row(name: str, kills: list[_Kill]) -> Row:
    raw = [sent for kill in kills for sent in kill.raw]
    failed = [said for kill in kills for said in kill.failed]
    lost = sum(_lost(sent) for sent in raw)
    return Row(
        "replicas",
        f"kill -9 {name}",
        len(kills),
        len(raw),
        lost,
        IN_FLIGHT * len(kills),
        len(failed),
        max(kill.recovered for kill in kills),
        passed=not failed and all(sum(_lost(sent) for sent in kill.raw) <= IN_FLIGHT for kill in kills),
        seen={"raw": tallied(raw), "client": failed[:5]},
    )
