"""What a batch size and a wait do to latency under a load, from measured seconds a batch. Pure.

The batcher is that of `serve.batch`: when it is free it takes the first call, waits for more until the batch is full or the wait
is over, and works on them together. Calls come at random moments (Poisson), always the same ones for the same rate.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CALLS = 1500
SIZES = (1, 2, 4, 8, 16, 32)
WAITS = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Seconds."""
SEARCHES = 9


@dataclass(frozen=True, slots=True)
class Choice:
    size: int
    wait: float
    rate: float
    """Calls a second that it bears within the goal."""
    light: float
    """Seconds of the slowest twentieth under light load, the same for all choices: a tenth of what the best one bears."""


def seconds_of(measured: Mapping[int, float], calls: int) -> float:
    """Of a batch of so many calls: between two measured sizes on a straight line."""
    known = sorted(measured)
    at = bisect_left(known, calls)
    if at < len(known) and known[at] == calls:
        return measured[calls]
    low, high = known[max(0, at - 1)], known[min(at, len(known) - 1)]
    if low == high:
        return measured[low] * calls / low
    return measured[low] + (measured[high] - measured[low]) * (calls - low) / (high - low)


def latencies(measured: Mapping[int, float], size: int, wait: float, rate: float, *, calls: int = CALLS) -> list[float]:
    """Seconds of each call, in the order in which they came."""
    dice = random.Random(7)
    arrivals, now = [], 0.0
    for _ in range(calls):
        now += dice.expovariate(rate)
        arrivals.append(now)
    table = [0.0, *(seconds_of(measured, number) for number in range(1, size + 1))]
    found: list[float] = []
    free, at = 0.0, 0
    while at < calls:
        first = max(free, arrivals[at])
        end = at + 1
        while end < calls and end - at < size and arrivals[end] <= first + wait:
            end += 1
        full = end - at == size
        begin = max(first, arrivals[end - 1]) if full else first + wait
        free = begin + table[end - at]
        found += [free - arrivals[call] for call in range(at, end)]
        at = end
    return found


def slowest(values: Sequence[float], share: float = 0.95) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def most(measured: Mapping[int, float], size: int, wait: float, goal: float) -> float:
    """Calls a second whose slowest twentieth is within the goal; 0 where even a few are too slow."""
    low, high = 0.0, size / seconds_of(measured, size)
    for _ in range(SEARCHES):
        middle = (low + high) / 2
        if slowest(latencies(measured, size, wait, middle)) <= goal:
            low = middle
        else:
            high = middle
    return low


def choices(measured: Mapping[int, float], goal: float) -> list[Choice]:
    """Best first: the one that bears most; of those within a twentieth of it, the quickest under light load, to the millisecond."""
    tried = [(size, wait) for size in SIZES if size <= max(measured) for wait in (WAITS if size > 1 else WAITS[:1])]
    rates = {one: most(measured, *one, goal) for one in tried}
    best = max(rates.values())
    found = [_choice(measured, size, wait, rate, best / 10) for (size, wait), rate in rates.items() if rate > 0]
    return sorted(found, key=lambda choice: (choice.rate < 0.95 * best, round(choice.light, 3), -choice.rate))


def choice(measured: Mapping[int, float], size: int, wait: float, goal: float, light_rate: float) -> Choice:
    """One that is given, beside those of `choices`. `light_rate`: calls a second."""
    return _choice(measured, size, wait, most(measured, size, wait, goal), light_rate)


def _choice(measured: Mapping[int, float], size: int, wait: float, rate: float, light_rate: float) -> Choice:
    return Choice(size, wait, rate, slowest(latencies(measured, size, wait, max(light_rate, 0.01))))
