"""The pipeline in this process, without Ray: for a handful of files, when starting a cluster would take longer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from ingestion.run import Pipeline
from ingestion.steps import Plan, Steps
from rag.model import Stage
from rag.runtime.concurrency import bounded
from rag.services import Services

PAGES_AT_ONCE = 2
FILES_AT_ONCE = 2
OPERATORS = ((Stage.ENTITIES,), (Stage.CLASSIFY, Stage.INDEX), (Stage.SUMMARY,))


class InlinePipeline:
    """Implements run.Pipeline over the ports of `services`. `taking` is called with each file's id before it is read."""

    def __init__(self, services: Services, *, taking: Callable[[int], None] = lambda id: None) -> None:
        self._services = services
        self._taking = taking
        self._abandoned = False

    def execute(self, ids: Sequence[int], plan: Plan) -> None:
        asyncio.run(self._execute(ids, plan))

    def abandon(self) -> None:
        self._abandoned = True

    async def _execute(self, ids: Sequence[int], plan: Plan) -> None:
        steps = Steps(plan, self._services)
        try:
            await bounded((self._one(id, steps) for id in ids), at_once=FILES_AT_ONCE)
        finally:
            await self._services.state.database.close()

    async def _one(self, id: int, steps: Steps) -> None:
        if self._abandoned:
            return
        self._taking(id)
        found = await steps.take(id)
        if found is None:
            return
        began = time.time()
        pages = (steps.read_page(found.document_id, task, began) for task in found.tasks)
        complete = await bounded(pages, at_once=PAGES_AT_ONCE)
        if found.tasks and not any(complete):
            return
        for only in OPERATORS:
            if not await steps.analyse(found.document_id, only):
                return
        await steps.settle(found.document_id)


class SmallInline:
    """Few files here, at once; many through `large`."""

    def __init__(self, small: Pipeline, large: Pipeline, *, most: int = 32) -> None:
        self._small = small
        self._large = large
        self._most = most
        self._warm = False

    def execute(self, ids: Sequence[int], plan: Plan) -> None:
        # The first load is the large one even when it is small: the cluster is there anyway.
        chosen = self._small if self._warm and len(ids) <= self._most else self._large
        self._warm = True
        chosen.execute(ids, plan)

    def abandon(self) -> None:
        self._small.abandon()
        self._large.abandon()
