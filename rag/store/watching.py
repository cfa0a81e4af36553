"""What waits for something in the database looks when something was committed, instead of by the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Watch:
    """Of one loop: tells when a look at the database may find something new.

    `commits` gives a number that every commit changes, or None where only a query can tell: then each time may be one.
    What comes with time and no commit (a job falls due, a lease ends) is found `at_most` seconds late.
    """

    def __init__(self, commits: Callable[[], int | None], *, at_most: float) -> None:
        self._commits, self._at_most = commits, at_most
        self._seen: int | None = None
        self._until = 0.0

    def moved(self) -> bool:
        """Whether something may have been committed since this last said so, which it does after `at_most` seconds anyway."""
        now, commits = time.monotonic(), self._commits()
        if commits is not None and commits == self._seen and now < self._until:
            return False
        # Kept before the caller looks: what is committed during the look is told next time.
        self._seen, self._until = commits, now + self._at_most
        return True

    async def pause(self, seconds: float) -> None:
        """Sleep for `seconds`, and again as long as nothing moved."""
        while True:
            await asyncio.sleep(seconds)
            if self.moved():
                return
