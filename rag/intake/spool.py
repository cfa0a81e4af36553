"""An uploaded stream as a local file."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import BinaryIO


def spool(file: BinaryIO, path: Path) -> tuple[str, int]:
    """Copy to `path`, from the stream's beginning; returns (sha256 hex, bytes)."""
    file.seek(0)
    with path.open("wb") as target:
        shutil.copyfileobj(file, target, 1 << 20)
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    return digest, path.stat().st_size
