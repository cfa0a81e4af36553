"""Real calls at random moments through a batcher like serve.batch's, in this process: what a choice really does."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any


async def play(
    work: Callable[[Sequence[str]], Any],
    call: Sequence[str],
    *,
    size: int,
    wait: float,
    rate: float,
    calls: int,
) -> list[float]:
    """Seconds of each of so many equal calls that come at `rate` a second, in the order in which they ended."""
    waiting: asyncio.Queue[float] = asyncio.Queue()
    found: list[float] = []

    async def batcher() -> None:
        while len(found) < calls:
            batch = [await waiting.get()]
            end = time.perf_counter() + wait
            while len(batch) < size:
                if not waiting.empty():  # wait_for gives up at once where no time is left, whatever is there
                    batch.append(waiting.get_nowait())
                    continue
                try:
                    batch.append(await asyncio.wait_for(waiting.get(), max(0.0, end - time.perf_counter())))
                except TimeoutError:
                    break
            await asyncio.to_thread(work, list(call) * len(batch))
            now = time.perf_counter()
            found.extend(now - came for came in batch)

    async def callers() -> None:
        dice, due = random.Random(11), time.perf_counter()
        for _ in range(calls):
            due += dice.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            waiting.put_nowait(due)

    async with asyncio.TaskGroup() as group:
        group.create_task(callers())
        group.create_task(batcher())
    return found
