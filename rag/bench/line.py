"""One line of the bench: a figure of ours beside its bare engine's, from the same run on the same input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

Compared = Literal["ratio", "added", "alone"]


@dataclass(frozen=True, slots=True)
class Line:
    """`ratio`: rates, ours over bare, more is better. `added`: milliseconds or seconds, ours less bare, less is better.
    `alone`: a figure with no bare side, less is better."""

    name: str
    beside: str
    unit: str
    ours: tuple[float, ...]
    """One value a round."""
    bare: tuple[float, ...] = ()
    compared: Compared = "ratio"
    goal: float | None = None
    """Least ratio, most added, or most alone."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What else was seen: CPU-seconds, memory, batches, parts."""

    @property
    def value(self) -> float:
        """The ratio, what is added, or the figure itself: of medians."""
        ours = median(self.ours)
        if self.compared == "alone" or not self.bare:
            return ours
        bare = median(self.bare)
        return ours - bare if self.compared == "added" else ours / bare if bare else 0.0

    @property
    def reached(self) -> bool | None:
        """None where there is no goal."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.compared == "ratio" else self.value <= self.goal

    @property
    def spread(self) -> float:
        """(Most - least) / median of our rounds."""
        return (max(self.ours) - min(self.ours)) / median(self.ours) if median(self.ours) else 0.0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "value": self.value, "reached": self.reached, "spread": self.spread}
