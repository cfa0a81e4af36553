"""Fan-out that fails like a plain call: the first error cancels the others and arrives unwrapped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Run side by side; results in the order of the arguments."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    return [task.result() for task in tasks]


async def bounded(work: Iterable[Coroutine[Any, Any, T]], *, at_once: int) -> list[T]:
    """Like `together`, with at most `at_once` under way."""
    gate = asyncio.Semaphore(at_once)

    async def one(task: Awaitable[T]) -> T:
        async with gate:
            return await task

    return await together(*(one(task) for task in work))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
