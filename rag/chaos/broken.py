"""Snapshots of the index, damaged while the stack is down: it starts from the rows and answers as before."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from rag.chaos.load import QUESTION, TEXT
from rag.chaos.report import Row
from rag.chaos.stack import Stack
from rag.client import RedwellClient
from rag.retrieval import snapshots

Progress = Callable[[str], None]
DOCUMENTS = 12


def broken_snapshots(stack: Stack, *, times: int, progress: Progress) -> Iterator[Row]:
    """Shut down in order (which leaves a snapshot), flip a byte of it, start, compare the answers."""
    with RedwellClient(stack.url, timeout=60, retry_seconds=30) as client:
        files = [(f"s{n}.txt", TEXT.format(n, n, 2000 + n).encode()) for n in range(DOCUMENTS)]
        for sent in client.upload(files, collection="snapshots"):
            client.wait(sent.id or "", timeout=300)
    before = _answers(stack)
    wrong: list[str] = []
    left = 0
    for turn in range(times):
        stopped = stack.stop()
        folders = [found for root in snapshots.roots(stack.data_dir / "index") for found in snapshots.examined(root)]
        left += any(snapshot is not None for _, snapshot, _ in folders)
        for folder, _, _ in folders:
            _flip(random.choice([path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]))
        stack.start()
        if _answers(stack) != before:
            wrong.append(f"turn {turn + 1}")
        progress(f"snapshot damaged {turn + 1} of {times}; the shutdown took {stopped:.0f} s")
    yield Row(
        "snapshots",
        "flip a byte of every snapshot while it is down",
        times,
        passed=not wrong and left == times,
        seen={"wrong answers": wrong, "shutdowns that left a snapshot": left},
    )


def _answers(stack: Stack) -> list[tuple[str, int, int]]:
    with RedwellClient(stack.url, timeout=60, retry_seconds=30) as client:
        found = client.search(QUESTION, collection="snapshots", top_k=DOCUMENTS).results
        return sorted((one.document_id, one.page, one.start) for one in found)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[random.randrange(len(data))] ^= 0xFF
    path.write_bytes(data)
