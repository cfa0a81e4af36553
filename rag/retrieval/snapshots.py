"""Index snapshots on disk: complete and checked, or absent.

A snapshot is a folder `snapshot-<sequence>` with a manifest of SHA-256 sums. It is written beside its place, flushed, and
renamed: a crash leaves no half of one. What fails its check is discarded, because FAISS loads a damaged file and answers
wrongly without a word.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)
MANIFEST = "manifest.json"
WRITING = "writing-"
FORMAT = 4
KEEP = 2
ABANDONED_SECONDS = 3600.0
"""What was not finished by then belongs to a writer that died."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    folder: Path
    sequence: int
    model: str
    """Version of the embedder whose vectors it holds."""


def write(root: Path, sequence: int, model: str, fill: Callable[[Path], None]) -> Snapshot:
    """`fill` writes the files into the folder that it is given. Older snapshots than the last `KEEP` are removed.

    Another replica may have written the same sequence meanwhile: that one stays. Raises OSError (disk full).
    """
    root.mkdir(parents=True, exist_ok=True)
    place = root / f"snapshot-{sequence:020d}"
    work = Path(tempfile.mkdtemp(dir=root, prefix=WRITING))
    try:
        fill(work)
        sums = {str(path.relative_to(work)): _sum(path) for path in _files(work)}
        manifest = {"format": FORMAT, "sequence": sequence, "model": model, "files": sums}
        (work / MANIFEST).write_bytes(_sealed(json.dumps(manifest).encode()))
        for path in [*_files(work), work]:
            _flush(path)
        try:
            os.rename(work, place)
        except OSError:
            if not place.is_dir():
                raise
        _flush(root)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for old in [*_folders(root)[KEEP:], *_abandoned(root)]:
        shutil.rmtree(old, ignore_errors=True)
    return Snapshot(place, sequence, model)


def newest(root: Path) -> Iterator[Snapshot]:
    """Valid snapshots, newest first; invalid ones are removed on the way."""
    for folder, snapshot, wrong in examined(root):
        if snapshot is None:
            discard(folder, wrong)
        else:
            yield snapshot


def examined(root: Path) -> Iterator[tuple[Path, Snapshot | None, str]]:
    """(folder, what it holds, '') or (folder, None, what is wrong with it), newest first; nothing is changed."""
    for folder in _folders(root):
        try:
            snapshot = _checked(folder)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            yield folder, None, str(error) or type(error).__name__
        else:
            yield folder, snapshot, ""


def discard(folder: Path, reason: str) -> None:
    log.warning("snapshot_discarded", snapshot=folder.name, reason=reason)
    shutil.rmtree(folder, ignore_errors=True)


def discard_all(root: Path, reason: str) -> None:
    for folder in _folders(root):
        discard(folder, reason)


def roots(folder: Path) -> list[Path]:
    """Places of snapshots below the folder of an installation's indexes: one a shard."""
    return sorted({path.parent for path in folder.rglob("snapshot-*") if path.is_dir()})


def _checked(folder: Path) -> Snapshot:
    text, _, _ = (sealed := (folder / MANIFEST).read_bytes()).rpartition(b"\n")
    if sealed != _sealed(text):
        raise ValueError(f"damaged: {MANIFEST}")
    manifest = json.loads(text)
    if manifest["format"] != FORMAT:
        raise ValueError(f"format {manifest['format']}")
    sums = {str(path.relative_to(folder)): _sum(path) for path in _files(folder) if path.name != MANIFEST}
    if sums != manifest["files"]:
        wrong = sorted(name for name in {*sums, *manifest["files"]} if sums.get(name) != manifest["files"].get(name))
        raise ValueError(f"damaged: {', '.join(wrong)}")
    return Snapshot(folder, int(manifest["sequence"]), str(manifest["model"]))


def _sealed(text: bytes) -> bytes:
    """With its own sum behind it: a sequence number of which one digit changed would hide changes."""
    return text + b"\n" + hashlib.sha256(text).hexdigest().encode()


def _folders(root: Path) -> list[Path]:
    return sorted(root.glob("snapshot-*"), reverse=True) if root.is_dir() else []


def _abandoned(root: Path) -> list[Path]:
    before = time.time() - ABANDONED_SECONDS
    found = []
    for folder in root.glob(f"{WRITING}*"):
        with suppress(FileNotFoundError):  # another replica's, finished meanwhile
            if folder.stat().st_mtime < before:
                found.append(folder)
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
