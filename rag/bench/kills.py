"""A load that is killed again and again, beside one of the same files that is left alone.

In the end every document has to be there exactly once, with the same pages, entities, label, passages and vectors.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.bench.content import content
from rag.bench.loads import Load, load, text_files
from rag.services import open_state
from rag.settings import load as settings_of

SCANS = ("minutes-tenants-2025-06.tif", "receipt-mooring-bistro.jpg", "invoice-solvane-10517.png")
"""Samples that need OCR; the rest of the files are short texts."""


@dataclass(frozen=True, slots=True)
class KillsResult:
    files: int
    kills: int
    """That hit a load at work."""
    loaded_at_kills: tuple[int, ...]
    """Files that were over at each kill."""
    documents: int
    twice: int
    missing: int
    different: int
    """Documents that hold something else than those of the load that was left alone."""
    left_in_queue: int
    seconds: float

    @property
    def equal(self) -> bool:
        return self.documents == self.files and not (self.twice or self.missing or self.different or self.left_in_queue)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "equal": self.equal}


def bench_kills(
    samples: Path, *, files: int, kills: int, spread: float, seed: int, progress: Callable[[str], None]
) -> KillsResult:
    """Each kill comes 0 to `spread` seconds after the load began to list, to work, or had its first file over, in turn.

    Raises StageFailed when a load ends badly.
    """
    started, chance = time.perf_counter(), random.Random(seed)
    hits: list[int] = []
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:
        source = text_files(Path(folder) / "in", files - len(SCANS))
        for name in SCANS:
            shutil.copy(samples / name, source)
        killed, alone = Path(folder) / "killed", Path(folder) / "alone"
        while len(hits) < kills:
            one = Load(source, {"REDWELL_DATA_DIR": str(killed)})
            # Operators take longer to start than many files to load: without the turns all kills would come before the first.
            (one.began, one.busy, one.arriving)[len(hits) % 3].wait(timeout=300)
            time.sleep(chance.uniform(0, spread))
            if one.process.poll() is not None:
                progress(f"the load was through before kill {len(hits) + 1}")
                break
            hits.append(one.ended)
            one.kill()
            progress(f"kill {len(hits)} of {kills}: {hits[-1]} files were over")
        load(source, killed)
        progress("loading the same files undisturbed")
        load(source, alone)
        return asyncio.run(_compared(killed, alone, files, tuple(hits), started))


async def _compared(killed: Path, alone: Path, files: int, hits: tuple[int, ...], started: float) -> KillsResult:
    settings = settings_of("cpu", overrides={"data_dir": str(killed)})
    ours = await content(settings)
    theirs = await content(settings_of("cpu", overrides={"data_dir": str(alone)}))
    state = open_state(settings)
    waiting = await state.jobs.depth()
    await state.database.close()
    return KillsResult(
        files=files,
        kills=len(hits),
        loaded_at_kills=hits,
        documents=sum(map(len, ours.values())),
        twice=sum(len(found) > 1 for found in ours.values()),
        missing=len(theirs.keys() - ours.keys()),
        different=sum(ours[name] != theirs[name] for name in ours.keys() & theirs.keys()),
        left_in_queue=waiting,
        seconds=time.perf_counter() - started,
    )
