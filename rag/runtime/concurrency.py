"""Fan-out that fails like a plain call: the first error cancels the others and arrives unwrapped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class LastUsed(Generic[T]):
    """The two values that were used last, each made when it is asked for; made once though threads ask at once."""

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make = make
        self._kept: dict[str, T] = {}
        self._turn = threading.Lock()

    def get(self, key: str) -> T:
        with self._turn:
            value = self._kept.pop(key) if key in self._kept else self._make(key)
            self._kept[key] = value
            for old in list(self._kept)[:-2]:
                del self._kept[old]
            return value


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
