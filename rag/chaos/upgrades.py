"""Rolling upgrades under load: every replica is replaced while requests go on, by new code and by a model from another place."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rag.chaos.beside import Beside, beside
from rag.chaos.load import tallied
from rag.chaos.report import Row, middle_and_end
from rag.chaos.stack import REPLICA, Stack
from rag.errors import Unavailable
from rag.runtime.weights import resolve
from rag.settings import Settings

UPGRADE_SECONDS = 400.0
Progress = Callable[[str], None]


def upgrades(stack: Stack, *, times: int, progress: Progress) -> Iterator[Row]:
    """In turn: the code as it lies on the disk, and other weights for Entities and Classifier."""
    seen: dict[str, list[_Upgrade]] = {"code": [], "model": []}
    for turn in range(times):
        kind = "model" if turn % 2 else "code"
        changed = _other_weights(stack.folder / f"weights-{turn}") if kind == "model" else {}
        before = {one.pid for one in stack.named(REPLICA)}
        with beside(stack.url, "upgrade") as load:
            began = time.monotonic()
            _upgrade(stack, changed)
            seconds = time.monotonic() - began
        kept = len(before & {one.pid for one in stack.named(REPLICA)})
        seen[kind].append(_Upgrade(load, seconds, kept))
        progress(f"{kind} {turn + 1} of {times}: {seconds:.0f} s, {tallied(one for _, one in load.raw)}, {load.failed}")
    for kind, ones in seen.items():
        if ones:
            yield _row(kind, ones)


class _Upgrade:
    def __init__(self, load: Beside, seconds: float, kept: int) -> None:
        self.load, self.seconds, self.kept = load, seconds, kept


def _upgrade(stack: Stack, changed: dict[str, str]) -> None:
    """Raises Unavailable with what the command said when it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "rag.cli", "upgrade"],
        env=stack.environment() | changed,
        capture_output=True,
        text=True,
        timeout=UPGRADE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"The upgrade failed: {(done.stdout + done.stderr)[-2000:]}")


def _other_weights(folder: Path) -> dict[str, str]:
    """The same weights under another path, which is another model to everything that loads it."""
    settings = Settings()
    changed = {}
    folder.mkdir(parents=True)
    for section, reference in (("ENTITIES", settings.entities.model), ("CLASSIFYING", settings.classifying.model)):
        link = folder / section.lower()
        link.symlink_to(resolve(reference, cache_dir=settings.cache_dir))
        changed[f"REDWELL_{section}__MODEL"] = str(link)
    return changed


def _row(kind: str, ones: list[_Upgrade]) -> Row:
    raw = [sent for one in ones for _, sent in one.load.raw]
    lost = sum(len(one.load.lost()) for one in ones)
    failed = [said for one in ones for said in one.load.failed]
    kept = sum(one.kept for one in ones)
    return Row(
        "upgrade",
        f"rolling upgrade of the {kind}",
        len(ones),
        len(raw),
        lost,
        sum(one.load.asked for one in ones),
        len(failed),
        max(one.seconds for one in ones),
        passed=not lost and not failed and not kept,
        seen={
            "raw": tallied(raw),
            "client": failed[:5],
            "replicas that were not replaced": kept,
            "p50_p99": middle_and_end([one.seconds for one in raw]),
        },
    )
