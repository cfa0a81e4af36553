"""Libraries that load another one wherever it is installed, without need."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def absent(module: str) -> Iterator[None]:
    """Whoever imports `module` within the block finds it missing, unless it is loaded already. Imports after the block succeed."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # as the import system documents it
    try:
        yield
    finally:
        del sys.modules[module]


def spacy_needs_torch(pipeline: str) -> bool:
    """Whether a pipeline's folder names a transformer; what is no folder may have one."""
    config = Path(pipeline) / "config.cfg"
    return not config.is_file() or "transformer" in config.read_text(encoding="utf-8")
