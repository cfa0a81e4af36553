"""What a rollout of an answering model is, and when it goes on, ends or stops. Pure.

Counts are kept by arm: the stable model, the candidate. Seconds go into buckets a quarter wide, so that replicas can add
theirs up in the database and a quantile can still be told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rag.analysis.candidate import place
from rag.errors import InvalidInput

FAILED = -1
"""The bucket of what failed."""
WIDTH = 1.25
"""Upper end of a bucket of seconds over its lower one."""
SHORTEST = 0.001
SURE = 1.645
"""Standard deviations of one-sided 95%."""
SLOW = 0.9
"""The quantile of seconds that is compared."""


class Mode(StrEnum):
    GRADUAL = "gradual"
    SPLIT = "split"
    SHADOW = "shadow"


class Status(StrEnum):
    RUNNING = "running"
    PROMOTED = "promoted"
    STOPPED = "stopped"


class Arm(StrEnum):
    STABLE = "stable"
    CANDIDATE = "candidate"
    AGREEMENT = "agreement"
    """In the shadow: tenths of the words that both models' drafts share."""


@dataclass(frozen=True, slots=True)
class Guard:
    """How fast a rollout goes and what stops it. Raises InvalidInput."""

    steps: tuple[float, ...] = (0.01, 0.1, 0.5, 1.0)
    """Shares of the questions that the candidate gets, one after another."""
    requests: int = 50
    """Questions that the candidate answers in each step..."""
    seconds: float = 60
    """...and the least time that a step takes."""
    failures: int = 3
    """Fewer failures of the candidate never stop it."""
    more_failures: float = 0.02
    """Share of failures above the stable model's that is borne."""
    slower: float = 0.5
    """How much slower than the stable model's the slowest tenth may be: 0.5 is half as slow again."""

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip(self.steps, self.steps[1:], strict=False))
        if not self.steps or not rising or not all(0 < step <= 1 for step in self.steps):
            raise InvalidInput("The steps are no rising shares.", "Name them like 0.01, 0.1, 0.5, 1.")
        if self.requests < 1 or self.seconds < 0 or self.failures < 1:
            raise InvalidInput("A step needs at least one request.", "Correct requests, seconds and failures.")
        if self.more_failures < 0 or self.slower < 0:
            raise InvalidInput("What is borne cannot be negative.", "Correct more_failures and slower.")


@dataclass(frozen=True, slots=True)
class Rollout:
    id: str
    candidate: str
    stable: str
    mode: Mode
    status: Status
    step: int
    guard: Guard
    created_at: datetime
    step_at: datetime
    ended_at: datetime | None = None
    reason: str = ""

    @property
    def weight(self) -> float:
        """Share of the questions that the candidate answers, 0..1."""
        if self.status is Status.PROMOTED:
            return 1.0
        return 0.0 if self.status is Status.STOPPED or self.mode is Mode.SHADOW else self.guard.steps[self.step]

    def takes(self, key: str) -> bool:
        """Whether the candidate answers what has this key. Sticky: who is in at one step stays in at all later ones."""
        return place(f"{self.id}/{key}") < self.weight


@dataclass(frozen=True, slots=True)
class Count:
    """Answers of one arm: bucket -> how many; FAILED is a bucket."""

    buckets: Mapping[int, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return sum(self.buckets.values())

    @property
    def failures(self) -> int:
        return self.buckets.get(FAILED, 0)

    @property
    def failed_share(self) -> float:
        return self.failures / self.requests if self.requests else 0.0

    def seconds(self, quantile: float) -> float | None:
        """Of the answers that came; the middle of the bucket. None without any."""
        came = sorted((bucket, number) for bucket, number in self.buckets.items() if bucket != FAILED)
        total = sum(number for _, number in came)
        passed = 0
        for bucket, number in came:
            passed += number
            if passed >= quantile * total:
                return SHORTEST * WIDTH ** (bucket + 0.5)
        return None


def bucket_of(seconds: float) -> int:
    return max(0, math.floor(math.log(max(seconds, SHORTEST) / SHORTEST, WIDTH)))


@dataclass(frozen=True, slots=True)
class Verdict:
    status: Status
    step: int
    reason: str = ""


def judge(rollout: Rollout, stable: Count, candidate: Count, *, in_step: int, now: datetime) -> Verdict | None:
    """What is to be done, None where it goes on as it is. `in_step`: questions of the candidate in this step."""
    if rollout.status is not Status.RUNNING:
        return None
    if reason := worse(rollout.guard, stable, candidate):
        return Verdict(Status.STOPPED, rollout.step, reason)
    guard = rollout.guard
    waited = (now - rollout.step_at).total_seconds()
    if rollout.mode is not Mode.GRADUAL or in_step < guard.requests or waited < guard.seconds:
        return None
    if rollout.step + 1 == len(guard.steps):
        return Verdict(Status.PROMOTED, rollout.step, "All steps were passed.")
    return Verdict(Status.RUNNING, rollout.step + 1)


def worse(guard: Guard, stable: Count, candidate: Count) -> str:
    """Why the candidate is worse than the stable model beyond doubt and what is borne; '' where it is not."""
    borne = stable.failed_share + guard.more_failures
    if candidate.failures >= guard.failures and at_least(candidate.failures, candidate.requests) > borne:
        return (
            f"{candidate.failures} of {candidate.requests} answers of the candidate failed, "
            f"{stable.failures} of {stable.requests} of the stable model."
        )
    if min(stable.requests, candidate.requests) < guard.requests:
        return ""
    before, since = stable.seconds(SLOW), candidate.seconds(SLOW)
    # A bucket's width is no difference.
    if before and since and since > before * (1 + guard.slower) * math.sqrt(WIDTH):
        return f"A tenth of the candidate's answers take over {since:.2f} s, of the stable model's {before:.2f} s."
    return ""


def at_least(failures: int, requests: int) -> float:
    """The lower end of Wilson's interval: the share of failures is hardly below it."""
    if not requests:
        return 0.0
    share, squared = failures / requests, SURE**2
    middle = share + squared / (2 * requests)
    spread = SURE * math.sqrt(share * (1 - share) / requests + squared / (4 * requests**2))
    return (middle - spread) / (1 + squared / requests)
