"""How many threads a step of the language model runs on, where the engine has a CPU: all of them, or one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import cycle
from statistics import median

SMALL_STEP = 16
"""Tokens; steps of more always get all threads."""
REMEMBERED = 7
"""Seconds of a way's last steps, of which the median counts: one that something disturbed changes nothing."""
FEWEST = 3
"""Steps of a way before it is judged."""
TRY_AGAIN = 64
"""Every so many steps the slower way is tried: what else the machine does changes, and so does the length of what is read."""


class StepThreads:
    """Which of the two ways was quicker lately, for steps of about the same size.

    A step that writes the next token of one answer does little in each of many regions that all threads enter and leave together.
    With a small model, or with others on the same cores, threads lose more by waiting for each other there than they
    gain by sharing. Which it is depends on the model and on the machine, so it is measured as it runs.
    """

    def __init__(self, all_threads: int, *, workers: int = 1) -> None:
        """`all_threads`: that this worker is bound to. With one there is nothing to choose; `workers` of one engine wait for
        each other, so that one alone would measure the others."""
        self.all_threads = all_threads
        self._fixed = all_threads == 1 or workers > 1
        self._seconds: dict[tuple[int, int], deque[float]] = {}
        self._turns: dict[int, Iterator[int]] = {}

    def choose(self, tokens: int) -> int:
        """Threads for a step of `tokens`."""
        if self._fixed or tokens > SMALL_STEP:
            return self.all_threads
        size = tokens.bit_length()
        one, together = self._of(size, 1), self._of(size, self.all_threads)
        if min(len(one), len(together)) < FEWEST:
            return 1 if len(one) < len(together) else self.all_threads
        quicker, slower = (1, self.all_threads) if median(one) < median(together) else (self.all_threads, 1)
        turn = next(self._turns.setdefault(size, cycle(range(TRY_AGAIN))))
        return slower if turn == TRY_AGAIN - 1 else quicker

    def took(self, tokens: int, threads: int, seconds: float) -> None:
        """What a step of `tokens` took with the threads that `choose` gave."""
        if not self._fixed and tokens <= SMALL_STEP:
            self._of(tokens.bit_length(), threads).append(seconds)

    def _of(self, size: int, threads: int) -> deque[float]:
        return self._seconds.setdefault((size, threads), deque(maxlen=REMEMBERED))
