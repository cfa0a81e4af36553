"""A load that is killed again and again ends with every document once, equal to a load that was left alone."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from rag.services import State, open_state
from rag.settings import Settings
from tests.conftest import ROOT

KILLS = int(os.environ.get("REDWELL_TEST_KILLS", "2"))
FILES = int(os.environ.get("REDWELL_TEST_KILL_FILES", "30"))


def started(source: Path, data_dir: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ingestion", str(source), "--no-ray", "--stages", "read"]
    environment = {**os.environ, "REDWELL_DATA_DIR": str(data_dir)}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


async def content(state: State) -> list[tuple[object, ...]]:
    """What every document holds, without the ids and times that each load gives anew."""
    found, cursor = [], None
    while True:
        page = await state.documents.list(limit=500, cursor=cursor)
        for document in page.documents:
            records = sorted((name, record.status.value, record.version) for name, record in document.stages.items())
            pages = tuple(await state.documents.pages(document.id))
            found.append((document.filename, document.sha256, document.status.value, records, pages))
        cursor = page.next_cursor
        if cursor is None:
            return sorted(found, key=lambda row: row[0])


async def test_killed_at_random_moments_every_document_is_there_once(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for number in range(FILES):
        words = " ".join(f"word{number}x{other}" for other in range(200))
        (source / f"{number:04}.txt").write_text(f"Letter number {number} to Anna Keller.\n{words}\n")
    killed, alone = tmp_path / "killed", tmp_path / "alone"
    chance = random.Random(7)
    state = open_state(Settings(data_dir=killed))
    kills = 0
    while kills < KILLS:
        process = started(source, killed)
        # Killed at a random moment after it has begun to load, so that each kill hits work.
        await asyncio.sleep(4 + chance.uniform(0, max(2.0, FILES / 40)))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
        if process.returncode == 0:
            break
    assert started(source, killed).wait(600) == 0
    assert started(source, alone).wait(600) == 0
    loaded = await content(state)
    assert len(loaded) == FILES
    assert loaded == await content(open_state(Settings(data_dir=alone)))
    assert await state.jobs.depth() == 0
    await state.database.close()
