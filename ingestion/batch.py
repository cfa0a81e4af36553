"""The pipeline on Ray Data: the only part of batch ingestion that imports it.

    ids of files -> take (read, store, text layers) -> ocr (a page a row) -> entities -> types and index -> summary, settle

Rows are ids and page tasks: bytes, pages and vectors go through the blob store and the database, so that memory stays
flat however many files there are, and a row that is worked on twice changes nothing. There is no shuffle: the page that
completes a document hands it on.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import socket
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import ray
import ray.data
from ray import serve
from ray.data import ActorPoolStrategy, DataContext

from ingestion.inprocess import local_services
from ingestion.steps import Plan, Steps, Taken
from rag.errors import StageFailed, Unavailable
from rag.model import Stage
from rag.runtime.concurrency import bounded
from rag.services import Services
from rag.settings import Scaling, Settings

T = TypeVar("T")
Batch = dict[str, Any]

APP = "redwell"
LLM_APP = "redwell-ingest-llm"
NICENESS = 10
"""Batch workers, and the process that drives them, give way to whoever answers people: tesseract and the parsers inherit it."""
BLOCK_BYTES = 4096
"""Target size of a block. Rows of ids are small, so that a block holds many; a page for OCR is padded to fill one."""
FILES_A_BLOCK = 16
LANGUAGE_MODEL_CALLS = 8
CONNECT_SECONDS = 10


@contextmanager
def cluster(settings: Settings, *, address: str | None) -> Iterator[None]:
    """Ray for the time of a run: the cluster at `address`, or one of our own that ends with the block. Raises Unavailable."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = address or settings.server.ray_address
    own: dict[str, Any] = {
        "address": "local",  # without it Ray joins whatever cluster runs on this machine
        "num_cpus": settings.server.logical_cpus,
        "include_dashboard": False,
        "object_store_memory": settings.server.object_store_mb * 2**20,
    }
    options = {"address": address} if address else own
    try:
        if address:
            _reached(address)
            os.nice(NICENESS)  # whoever answers people runs on that cluster
        ray.init(**options, log_to_driver=False, logging_level=logging.ERROR, configure_logging=True)
    except OSError as error:  # ConnectionError is one
        raise Unavailable(
            f"The Ray cluster at {address} cannot be joined: {str(error).splitlines()[0]}",
            "Check the address and, where the cluster asks for a token, RAY_AUTH_MODE=token and RAY_AUTH_TOKEN.",
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _reached(address: str) -> None:
    """Raises OSError when nothing listens there: Ray itself would try for two minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()


@contextmanager
def language_model(settings: Settings, *, asked: bool) -> Iterator[str]:
    """Name of the Serve application with the Llm: the running one's, else one for the time of the run; '' without."""
    if not asked or settings.llm.base_url:
        yield ""
        return
    if APP in serve.status().applications:
        yield APP
        return
    from rag.serving.llm import build_llm

    os.environ.setdefault("RAY_SERVE_LLM_DEFAULT_HEALTH_CHECK_TIMEOUT_S", "120")
    serve.start(proxy_location="Disabled", logging_config={"encoding": "JSON", "enable_access_log": False})
    serve.run(build_llm(settings.llm, cache_dir=settings.cache_dir), name=LLM_APP, route_prefix=None)
    try:
        yield LLM_APP
    finally:
        serve.delete(LLM_APP)


class RayPipeline:
    """Implements run.Pipeline inside `cluster`. `llm` is what `language_model` gave."""

    def __init__(self, settings: Settings, *, llm: str) -> None:
        self._settings = settings
        self._llm = llm

    def execute(self, ids: Sequence[int], plan: Plan) -> None:
        try:
            execute(ids, self._settings, plan, llm=self._llm)
        except (ray.exceptions.RayError, RuntimeError) as error:
            raise StageFailed(f"The pipeline stopped: {str(error).splitlines()[0]}", "Run it again.") from error

    def abandon(self) -> None:
        ray.shutdown()


def services_here(settings: Settings, *, llm: str) -> Services:
    """Engines in this process, the language model where it runs."""
    transport = None
    if llm:
        from rag.serving.transport import RayTransport

        transport = RayTransport(serve.get_deployment_handle("Llm", llm))
    return local_services(settings, llm=transport)


def execute(ids: Sequence[int], settings: Settings, plan: Plan, *, llm: str) -> None:
    """Take files through the whole pipeline; returns when every one of them is settled or a dead letter. Blocking."""
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.enable_operator_progress_bars = False
    context.target_max_block_size = BLOCK_BYTES
    context.execution_options.preserve_order = False
    size = max(1, min(FILES_A_BLOCK, len(ids) // 32))
    data: Any = ray.data.from_items([{"id": id} for id in ids], override_num_blocks=-(-len(ids) // size))
    workers = settings.reading
    shared = (settings, plan, llm)
    data = data.map_batches(Take, fn_constructor_args=shared, batch_size=size, **_actors(workers.scaling))
    data = data.map_batches(
        Recognize, fn_constructor_args=shared, batch_size=None, **_actors(workers.ocr.one_core_each)
    )
    for operator in (
        (FindEntities, settings.entities.scaling),
        (Index, settings.embedding.scaling),
        (Finish, Scaling(cpus=0.1)),
    ):
        data = data.map_batches(operator[0], fn_constructor_args=shared, batch_size=None, **_actors(operator[1]))
    for _ in data.iter_internal_ref_bundles():
        pass


def _actors(scaling: Scaling) -> dict[str, Any]:
    at_least = max(1, scaling.min_replicas)  # what may end while nobody calls it is called all the time here
    pool = ActorPoolStrategy(min_size=at_least, max_size=scaling.max_replicas, max_tasks_in_flight_per_actor=2)
    return {"compute": pool, "num_cpus": scaling.cpus, "num_gpus": scaling.gpus or None}


class _Operator:
    """One actor: its own event loop, services and models."""

    def __init__(self, settings: Settings, plan: Plan, llm: str) -> None:
        os.nice(NICENESS)
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self._loop = asyncio.new_event_loop()
        self._steps = Steps(plan, services_here(settings, llm=llm))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)


class Take(_Operator):
    def __call__(self, batch: Batch) -> Iterator[Batch]:
        files = [self._steps.take(int(id)) for id in batch["id"]]
        taken: list[Taken | None] = self._wait(bounded(files, at_once=4))
        here = [found for found in taken if found is not None]
        yield _rows([(found.document_id, b"") for found in here if not found.tasks])
        for found in here:
            for task in found.tasks:
                yield _rows([(found.document_id, pickle.dumps(task).ljust(BLOCK_BYTES, b"\0"))])


class Recognize(_Operator):
    """Rows without a task are complete already and only pass."""

    def __call__(self, batch: Batch) -> Batch:
        complete = []
        for document_id, data, began in zip(batch["document_id"], batch["task"], batch["began"], strict=True):
            if not data or self._wait(self._steps.read_page(str(document_id), pickle.loads(data), float(began))):
                complete.append((str(document_id), b""))
        return _rows(complete)


class _Analyse(_Operator):
    stages: tuple[Stage, ...] = ()
    at_once = 2

    def __call__(self, batch: Batch) -> Batch:
        ids = [str(id) for id in batch["document_id"]]
        kept = self._wait(bounded((self._one(id) for id in ids), at_once=self.at_once))
        return _rows([(id, b"") for id, there in zip(ids, kept, strict=True) if there])

    async def _one(self, document_id: str) -> bool:
        return await self._steps.analyse(document_id, self.stages)


class FindEntities(_Analyse):
    stages = (Stage.ENTITIES,)


class Index(_Analyse):
    stages = (Stage.CLASSIFY, Stage.INDEX)


class Finish(_Analyse):
    """Summaries by the language model, which joins the calls itself; then the document is done."""

    stages = (Stage.SUMMARY,)
    at_once = LANGUAGE_MODEL_CALLS

    async def _one(self, document_id: str) -> bool:
        if await super()._one(document_id):
            await self._steps.settle(document_id)
        return False


def _rows(rows: Sequence[tuple[str, bytes]]) -> Batch:
    import numpy as np

    return {
        "document_id": np.array([row[0] for row in rows], dtype=object),
        "task": np.array([row[1] for row in rows], dtype=object),
        "began": np.full(len(rows), time.time()),
    }
