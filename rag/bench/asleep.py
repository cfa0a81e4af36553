"""A stack as it is a while after the last upload: what reads scans, names and types has ended (`min_replicas: 0`)."""

from __future__ import annotations

import time
from collections.abc import Mapping

import psutil

from rag.bench.footprint import named
from rag.errors import StageFailed
from rag.settings import Settings

ENDS = {("reading", "ocr"): "Ocr", ("entities", "scaling"): "Entities", ("classifying", "scaling"): "Classifier"}
"""Setting -> deployment, of those that can end."""
DELAY_SECONDS = 5.0
WAIT_SECONDS = 180.0


def soon(settings: Settings) -> dict[str, Mapping[str, Mapping[str, float]]]:
    """Overrides with which what ends by these settings ends after DELAY_SECONDS; none where nothing does."""
    return {
        section: {name: {"zero_delay_s": DELAY_SECONDS}}
        for section, name in ENDS
        if getattr(getattr(settings, section), name).min_replicas == 0
    }


def wait(settings: Settings, root: int, *, seconds: float = WAIT_SECONDS) -> None:
    """Until no process below `root` is a replica of what ends by `settings`. Raises StageFailed after `seconds`."""
    ending = {ENDS[section, name] for section, of in soon(settings).items() for name in of}
    until = time.monotonic() + seconds
    while left := ending & _running(root):
        if time.monotonic() > until:
            raise StageFailed(f"{', '.join(sorted(left))} did not end within {seconds:.0f} s of the last call.")
        time.sleep(1)


def _running(root: int) -> set[str]:
    found = set()
    for process in psutil.Process(root).children(recursive=True):
        try:
            found.add(named(" ".join(process.cmdline())))
        except psutil.Error:
            continue
    return found
