"""Circuits, retry budgets and deadlines, with a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable

import pytest

from rag.errors import CircuitOpen, Crashed, DamagedFile, DeadlineExceeded, Unavailable
from rag.runtime import deadline
from rag.runtime.circuit import Circuit, Guard, RetryBudget, Unreached


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(seconds: float) -> None:
        return

    monkeypatch.setattr("rag.runtime.circuit.asyncio.sleep", at_once)


def dead(error: Unavailable | None = None) -> Callable[[float], object]:
    async def once(seconds: float) -> str:
        raise Unreached(error or Crashed("Llm ended"))

    return once


async def alive(seconds: float) -> str:
    return "here"


async def fails(guard: Guard, once, error: type[Exception], times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(error):
            await guard.call(once, 10)


async def test_another_replica_is_asked_when_one_died() -> None:
    asked = []

    async def once(seconds: float) -> str:
        asked.append(seconds)
        if len(asked) == 1:
            raise Unreached(Crashed("gone"))
        return "here"

    assert (await Guard("Llm").call(once, 10), len(asked)) == ("here", 2)


async def test_what_a_part_says_is_no_reason_to_ask_again() -> None:
    asked = []

    async def once(seconds: float) -> str:
        asked.append(seconds)
        raise DamagedFile("torn")

    guard = Guard("Reader")
    await fails(guard, once, DamagedFile, times=9)
    assert (len(asked), guard.circuit.open) == (9, False)


async def test_a_circuit_opens_fails_at_once_tries_one_call_and_closes() -> None:
    clock = Clock()
    guard = Guard("Llm", attempts=1, circuit=Circuit("Llm", failures=3, open_seconds=5, clock=clock))
    await fails(guard, dead(), Crashed, times=3)
    with pytest.raises(CircuitOpen) as caught:
        await guard.call(alive, 10)
    assert (caught.value.retry_after, str(caught.value)) == (5, "Llm is down.")
    clock.now = 5.0
    await fails(guard, dead(), Crashed)
    await fails(guard, alive, CircuitOpen)
    clock.now = 10.0
    assert await guard.call(alive, 10) == "here"
    assert not guard.circuit.open


async def test_half_open_lets_one_call_through() -> None:
    clock = Clock()
    guard = Guard("Llm", attempts=1, circuit=Circuit("Llm", failures=1, open_seconds=5, clock=clock))
    await fails(guard, dead(), Crashed)
    clock.now = 6.0
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def slow(seconds: float) -> str:
        return await answer

    trial = asyncio.create_task(guard.call(slow, 10))
    await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    await fails(guard, alive, CircuitOpen)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert await guard.call(alive, 10) == "here"  # a trial that was cancelled told nothing


async def test_a_caller_in_a_hurry_does_not_open_the_circuit() -> None:
    async def slow(seconds: float) -> str:
        raise DeadlineExceeded("late")

    guard = Guard("Llm", circuit=Circuit("Llm", failures=1))
    with deadline.within(1):
        await fails(guard, slow, DeadlineExceeded)
    assert not guard.circuit.open
    await fails(guard, slow, DeadlineExceeded)
    assert guard.circuit.open


async def test_retries_are_a_share_of_the_calls() -> None:
    budget = RetryBudget(share=0.2, most=3, tokens=3)
    assert [budget.take() for _ in range(5)] == [True, True, True, False, False]
    for _ in range(10):
        budget.called()
    assert [budget.take() for _ in range(3)] == [True, True, False]


async def test_an_outage_does_not_multiply_the_calls() -> None:
    asked = []

    async def once(seconds: float) -> str:
        asked.append(seconds)
        raise Unreached(Unavailable("away"))

    guard = Guard("Llm", circuit=Circuit("Llm", failures=10**6))
    await fails(guard, once, Unavailable, times=100)
    assert len(asked) <= 100 + 30 + 20


async def test_a_deadline_leaves_less_and_less_and_then_nothing() -> None:
    assert deadline.left(9) == 9
    with deadline.within(5):
        assert 4 < deadline.left(9) <= 5
        with deadline.within(60):
            assert deadline.left(99) <= 5
        assert deadline.left(1) == 1
    with deadline.within(-1), pytest.raises(DeadlineExceeded):
        deadline.left(9)


async def test_a_call_gets_what_the_deadline_leaves() -> None:
    given = []

    async def once(seconds: float) -> None:
        given.append(seconds)

    with deadline.within(2):
        await asyncio.create_task(Guard("Llm").call(once, 600))
    assert 1 < given[0] <= 2


def test_an_open_circuit_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(CircuitOpen("Llm is down.", "", 4)))
    assert (error.retry_after, error.status, error.code) == (4, 503, "part_down")
