"""Seconds of a batch by its size, with the model of the settings in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from rag.bench.made_text import MadeText
from rag.model import Page, Source
from rag.runtime import engines
from rag.settings import Settings
from rag.tuning.simulate import SIZES

REPEATS = 5
STAGES = ("embedder", "entities", "classifier")
ITEMS = {"embedder": 8, "entities": 2, "classifier": 1}
"""Texts of one call: chunks, pages, a beginning."""
SECTIONS = {"embedder": "embedding", "entities": "entities", "classifier": "classifying"}
"""Of the settings."""


def worker(stage: str, settings: Settings) -> Callable[[Sequence[str]], Any]:
    """What one batch costs: the adapter's call over texts. Blocks for seconds. Raises ConfigurationError."""
    if stage == "embedder":
        return engines.embedding(settings, settings.embedding.scaling.gpus).embed
    if stage == "classifier":
        return engines.classifier(settings).classify
    recognizer = engines.entities(settings)
    return lambda texts: recognizer.recognize(
        [Page(number, 0.0, 0.0, text, Source.TEXT_LAYER) for number, text in enumerate(texts, 1)]
    )


def texts(stage: str, calls: int) -> list[str]:
    """As many as so many calls hold; a page of entities is eight passages long."""
    passages = MadeText(seed=3).passages(calls * ITEMS[stage] * (8 if stage == "entities" else 1))
    if stage != "entities":
        return passages
    return ["\n".join(passages[at : at + 8]) for at in range(0, len(passages), 8)]


def batch_seconds(
    stage: str, settings: Settings, *, progress: Callable[[str], None] = lambda line: None
) -> dict[int, float]:
    """Calls in a batch -> median seconds of it, over REPEATS. Sizes take turns, so that what else the machine does meets all of them."""
    work = worker(stage, settings)
    given = texts(stage, max(SIZES))
    work(given[: ITEMS[stage]])
    seconds: dict[int, list[float]] = {size: [] for size in SIZES}
    for repeat in range(REPEATS):
        progress(f"{stage}: round {repeat + 1} of {REPEATS}")
        for size in SIZES:
            at = (repeat * size * ITEMS[stage]) % max(1, len(given) - size * ITEMS[stage] + 1)
            started = time.perf_counter()
            work(given[at : at + size * ITEMS[stage]])
            seconds[size].append(time.perf_counter() - started)
    measured = {size: median(taken) for size, taken in seconds.items()}
    for size, taken in measured.items():
        progress(f"{stage}: {size} calls in {taken * 1000:.0f} ms")
    return measured
