"""What was done and what was seen, one row each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    scenario: str
    action: str
    times: int = 1
    requests: int = 0
    """Sent raw, without retries."""
    raw_failures: int = 0
    client_requests: int = 0
    """Sent through the Python client."""
    client_failures: int = 0
    recovered_seconds: float | None = None
    """The longest time until the same request was answered again."""
    passed: bool = True
    seen: dict[str, Any] = field(default_factory=dict)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` (0..1) of the values do not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def middle_and_end(values: list[float], *, digits: int = 2) -> tuple[float, float]:
    """The median and the 99th percentile, rounded."""
    return round(percentile(values, 0.5), digits), round(percentile(values, 0.99), digits)
