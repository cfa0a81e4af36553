"""Mixed load for a while: memory, file handles and errors over time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

from rag.chaos.load import Call, Sent, ask_call, client_of, search_call, send, tallied, upload_call
from rag.chaos.report import Row, middle_and_end
from rag.chaos.stack import Stack

SAMPLE_SECONDS = 10.0
WARM_SHARE = 0.25
"""Of the time, in which caches fill; growth is what comes after."""
FLAT = 0.05
"""Growth of memory that counts as flat, as a share."""
Progress = Callable[[str], None]
Parts = dict[str, tuple[int, int]]
"""Of `Stack.parts`."""


def soak(stack: Stack, *, seconds: float, progress: Progress) -> Iterator[Row]:
    sent, samples, parts = asyncio.run(_mixed(stack, seconds, progress))
    failed = [one for one in sent if not one.fine and one.status not in (429, 503)]
    calm = samples[int(len(samples) * WARM_SHARE) :]
    third = max(1, len(calm) // 3)
    memory = [_mean([float(one[part]) for one in rows]) for rows in (calm[:third], calm[-third:]) for part in (1, 2)]
    grown, handles = memory[2] / memory[0] - 1, memory[3] - memory[1]
    yield Row(
        "soak",
        f"mixed load for {seconds / 60:.1f} minutes",
        1,
        len(sent),
        len(failed),
        passed=not failed and grown < FLAT,
        seen={
            "answers": tallied(sent),
            "p50_p99": middle_and_end([one.seconds for one in sent]),
            "memory_mib": [round(memory[0] / 2**20), round(memory[2] / 2**20)],
            "memory_grown": f"{grown:+.1%}",
            "handles_grown": round(handles),
            "parts": _grown(*_between(parts)),
            "samples": [(round(at), round(used / 2**20), open_) for at, used, open_ in samples],
        },
    )


async def _mixed(
    stack: Stack, seconds: float, progress: Progress
) -> tuple[list[Sent], list[tuple[float, int, int]], list[Parts]]:
    """Two that search, one that asks, one that uploads; (seconds, bytes, handles) every ten seconds, and the same by part."""
    began = time.monotonic()
    sent: list[Sent] = []
    samples: list[tuple[float, int, int]] = []
    seen: list[Parts] = []

    async def caller(call: Call, pause: float, first: int) -> None:
        number = first
        async with client_of(stack.url, 1) as http:
            while time.monotonic() - began < seconds:
                sent.append(await send(http, call, number))
                number += 1
                await asyncio.sleep(pause)

    async def watch() -> None:
        while time.monotonic() - began < seconds:
            parts = await asyncio.to_thread(stack.parts)
            seen.append(parts)
            used, handles = (sum(part[column] for part in parts.values()) for column in (0, 1))
            samples.append((time.monotonic() - began, used, handles))
            progress(f"{samples[-1][0]:5.0f} s  {used / 2**20:6.0f} MiB  {handles} handles  {len(sent)} requests")
            await asyncio.sleep(SAMPLE_SECONDS)

    await asyncio.gather(
        caller(search_call(), 0.2, 0),
        caller(search_call(), 0.3, 10**6),
        caller(ask_call(), 1.0, 0),
        caller(upload_call("soak"), 2.0, 0),
        watch(),
    )
    return sent, samples, seen


def _between(seen: list[Parts]) -> tuple[Parts, Parts]:
    """After the caches filled, and at the end."""
    return seen[int(len(seen) * WARM_SHARE)], seen[-1]


def _grown(before: Parts, after: Parts) -> dict[str, list[int]]:
    """Part -> MiB before and after, handles before and after; those that changed, what grew most first."""
    rows = {
        name: [round(before[name][0] / 2**20), round(now[0] / 2**20), before[name][1], now[1]]
        for name, now in after.items()
        if name in before
    }
    changed = {name: row for name, row in rows.items() if row[0] != row[1] or row[2] != row[3]}
    return dict(sorted(changed.items(), key=lambda one: one[1][0] - one[1][1]))


def _mean(values: list[float]) -> float:
    return sum(values) / max(1, len(values))
