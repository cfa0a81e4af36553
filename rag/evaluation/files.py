"""Files that are evaluated where they lie: their path is their blob key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def in_place(key: str) -> Iterator[Path]:
    """As rag.read.reader.OpenPath."""
    yield Path(key)
