"""Runs the jobs of the API, each as a process of its own on the cluster of the service.

A process, because cancelling has to end everything at once: with the job's process Ray ends its workers. The process
holds the lease; when it dies, or the machine, the job goes on elsewhere from where it was.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import BinaryIO

import structlog

from rag.callbacks.deliveries import deliver
from rag.errors import Unavailable
from rag.services import State
from rag.settings import Settings

log = structlog.get_logger(__name__)
IDLE_SECONDS = 1.0
DUE_SECONDS = 3.0
"""A job whose runner's lease ended is taken up this much later at most."""
LEAVE_SECONDS = 10.0


class Supervisor:
    """`address`: of the Ray cluster that the jobs run on."""

    def __init__(self, settings: Settings, state: State, *, address: str) -> None:
        self._settings = settings
        self._state = state
        self._address = address
        self._tasks = [asyncio.create_task(self._slot()) for _ in range(settings.ingestion.jobs_at_once)]
        self._tasks.append(asyncio.create_task(deliver(state, settings.webhooks)))

    @property
    def healthy(self) -> bool:
        return not any(task.done() for task in self._tasks)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _slot(self) -> None:
        watch = self._state.database.watch(at_most=DUE_SECONDS)
        while True:
            try:
                id = await self._state.ingestions.next_free()
            except Unavailable as error:
                log.warning("database_unavailable", detail=error.detail)
                id = None
            if id is None:
                await watch.pause(IDLE_SECONDS)
            else:
                await self._run(id)

    async def _run(self, id: str) -> None:
        # setpriv is util-linux: where it is missing, a kill -9 of this process would leave the job running.
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        logs = self._settings.data_dir.resolve() / "jobs"
        with _log(logs, id) as output:
            process = await asyncio.create_subprocess_exec(
                *guard,
                *(sys.executable, "-m", "ingestion.job", id, self._address),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
            try:
                await process.communicate(self._settings.model_dump_json().encode())
            except asyncio.CancelledError:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), LEAVE_SECONDS)
                except TimeoutError:
                    process.kill()
                raise
        if process.returncode:
            log.warning("job_process_failed", job=id, code=process.returncode)
            await asyncio.sleep(IDLE_SECONDS)


def _log(folder: Path, id: str) -> BinaryIO:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / f"{id}.log").open("ab")
