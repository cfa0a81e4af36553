"""The only Ray Serve code: adapters wrapped as deployments, handles as ports, `build(settings)` as the Application.

    Ingress -> Analyzer's queue (database)            Analyzer -> Reader, Ocr, Entities, Classifier, Embedder, Llm
    Ingress -> Retriever, Llm, Reader (page pictures)

Ids and small values travel between deployments; file bytes stay in the blob store.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import ray
from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException
from ray.serve.handle import DeploymentHandle

from rag.errors import ConfigurationError, DeadlineExceeded, Overloaded, RedwellError, StageFailed, Unavailable
from rag.llm_engine import engine_plan, read_chunks
from rag.model import Classification, Entity, Page, PageTask
from rag.ports import Outline, SearchQuery, SearchResult
from rag.remote import embedding_version, remote_services
from rag.services import Services, open_state
from rag.settings import Scaling, Settings, load
from rag.weights import resolve

APP = "redwell"
T = TypeVar("T")
R = TypeVar("R")


async def _batch(calls: list[Sequence[T]], work: Callable[[list[T]], Sequence[R]]) -> list[list[R]]:
    """Many calls as one batch on a thread, its results given back call by call."""
    flat = [item for call in calls for item in call]
    results = list(await asyncio.to_thread(work, flat))
    split: list[list[R]] = []
    for call in calls:
        split.append(results[: len(call)])
        results = results[len(call) :]
    return split


@serve.deployment(name="Reader")
class ReaderDeployment:
    def __init__(self, settings: Settings) -> None:
        from rag.read.reader import LocalReader

        blobs = open_state(settings).blobs
        self._reader = LocalReader(limits=settings.limits, reading=settings.reading, open_path=blobs.open_path)

    async def read(self, key: str, filename: str, language: str | None, password: str | None) -> Outline:
        return await asyncio.to_thread(self._reader.read, key, filename=filename, language=language, password=password)

    async def render(
        self, key: str, media_type: str, page: Page, marks: Sequence[tuple[int, int]], width: int
    ) -> bytes:
        render = self._reader.render
        return await asyncio.to_thread(render, key, media_type=media_type, page=page, highlights=marks, width=width)


@serve.deployment(name="Ocr")
class OcrDeployment:
    def __init__(self, settings: Settings) -> None:
        from rag.adapters.ocr_tesseract import TesseractOcr
        from rag.adapters.ocr_tesserocr import TesserocrOcr

        engine = {"tesseract": TesseractOcr, "tesserocr": TesserocrOcr}[settings.reading.engine]
        blobs = open_state(settings).blobs
        self._engine = engine(limits=settings.limits, reading=settings.reading, open_path=blobs.open_path)
        # One page at a time: the replica has one core, and its queue is the next page's wait.
        self._core = asyncio.Semaphore(1)

    async def recognize(self, task: PageTask) -> Page:
        async with self._core:
            return await asyncio.to_thread(self._engine.recognize, task)


@serve.deployment(name="Entities")
class EntitiesDeployment:
    def __init__(self, settings: Settings) -> None:
        from rag.adapters.ner_spacy import SpacyRecognizer

        own = settings.entities
        path = resolve(own.model, cache_dir=settings.cache_dir)
        self._recognizer = SpacyRecognizer(path, batch_size=own.batch_size, use_gpu=own.scaling.gpus > 0)
        self._batched.set_max_batch_size(own.batching.max_batch_size)
        self._batched.set_batch_wait_timeout_s(own.batching.batch_wait_s)
        self._recognizer.recognize([])

    async def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        return await self._batched(pages)

    @serve.batch
    async def _batched(self, calls: list[Sequence[Page]]) -> list[list[list[Entity]]]:
        return await _batch(calls, self._recognizer.recognize)


def _embedder(settings: Settings, gpus: float) -> Any:
    from rag.adapters.embed_st import SentenceTransformerEmbedder

    own = settings.embedding
    path = resolve(own.model, cache_dir=settings.cache_dir)
    device = "cuda" if gpus > 0 else "cpu"
    return SentenceTransformerEmbedder(
        path, dtype=own.dtype, batch_size=own.batch_size, threads=own.threads, device=device
    )


@serve.deployment(name="Classifier")
class ClassifierDeployment:
    def __init__(self, settings: Settings) -> None:
        from rag.adapters.classify_prototypes import DEFAULT_LABELS, PrototypeClassifier

        own = settings.classifying
        embedder = _embedder(settings, own.scaling.gpus)
        self._classifier = PrototypeClassifier(embedder, labels=own.labels or DEFAULT_LABELS)
        self._batched.set_max_batch_size(own.batching.max_batch_size)
        self._batched.set_batch_wait_timeout_s(own.batching.batch_wait_s)

    async def classify(self, texts: Sequence[str]) -> list[Classification]:
        return await self._batched(texts)

    @serve.batch
    async def _batched(self, calls: list[Sequence[str]]) -> list[list[Classification]]:
        return await _batch(calls, self._classifier.classify)

    async def classify_name(self, filename: str, metadata: str) -> Classification:
        return await asyncio.to_thread(self._classifier.classify_name, filename, metadata)


@serve.deployment(name="Embedder")
class EmbedderDeployment:
    """The bulk lane; questions are embedded in the Retriever."""

    def __init__(self, settings: Settings) -> None:
        self._embedder = _embedder(settings, settings.embedding.scaling.gpus)
        self._batched.set_max_batch_size(settings.embedding.batching.max_batch_size)
        self._batched.set_batch_wait_timeout_s(settings.embedding.batching.batch_wait_s)
        self._embedder.embed(["warm up"])

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        rows = await self._batched(texts)
        return np.stack(rows) if rows else np.zeros((0, self._embedder.dimensions), np.float32)

    @serve.batch
    async def _batched(self, calls: list[Sequence[str]]) -> list[list[np.ndarray]]:
        return await _batch(calls, self._embedder.embed)


@serve.deployment(name="Retriever")
class RetrieverDeployment:
    async def __init__(self, settings: Settings) -> None:
        from rag.retrieve import IndexView

        state = open_state(settings)
        await state.database.connect()
        self._view = IndexView(
            state.feed,
            _embedder(settings, settings.retrieval.scaling.gpus),
            settings=settings.retrieval,
            snapshots=settings.data_dir.resolve() / "index",
            resolve=state.documents.document_ids,
            model=embedding_version(settings),
            use_gpu=settings.retrieval.scaling.gpus > 0,
        )
        await self._view.start()
        await self._view.similarity("warm up", ["warm up"])

    async def search(self, query: SearchQuery) -> SearchResult:
        return await self._view.search(query)

    async def similarity(self, query: str, texts: Sequence[str]) -> list[float]:
        return await self._view.similarity(query, texts)

    async def sequence(self) -> int:
        return await self._view.sequence()

    def check_health(self) -> None:
        if not self._view.healthy:
            raise RuntimeError("the tail of the change feed stopped")


@serve.deployment(name="Analyzer")
class AnalyzerDeployment:
    async def __init__(self, settings: Settings, handles: dict[str, DeploymentHandle]) -> None:
        from rag.worker import Worker

        services = _remote(settings, handles)
        await services.state.database.connect()
        self._worker = Worker(services, owner=serve.get_replica_context().replica_id.unique_id)

    def check_health(self) -> None:
        if not self._worker.healthy:
            raise RuntimeError("a slot of the analyzer stopped")


@serve.deployment(name="Ingress")
@serve.ingress()
class IngressDeployment:
    """`analyzer` is a dependency only: the queue between the two is the database."""

    def __init__(self, settings: Settings, handles: dict[str, DeploymentHandle], analyzer: DeploymentHandle) -> None:
        self._services = _remote(settings, handles)
        self._analyzer = analyzer

    def __serve_build_asgi_app__(self) -> Any:
        from rag.api import create_app

        return create_app(self._services)


class RayTransport:
    """Calls a deployment. Ray's errors become ours; a replica that died is asked again, elsewhere (calls are idempotent)."""

    def __init__(self, handle: DeploymentHandle, *, attempts: int = 4) -> None:
        self._handle = handle
        self._attempts = attempts
        self._name = handle.deployment_name

    async def call(self, method: str, *args: Any, seconds: float) -> Any:
        for attempt in range(self._attempts):
            try:
                async with asyncio.timeout(seconds):
                    return await getattr(self._handle, method).remote(*args)
            except (RayActorError, DeploymentUnavailableError) as error:
                if attempt + 1 == self._attempts:
                    raise Unavailable(f"{self._name} cannot be reached.") from error
                await asyncio.sleep(0.2 * 2**attempt)
            except (RayTaskError, RayServeException, RedwellError, TimeoutError) as error:
                raise self._ours(error) from error
        raise AssertionError("the loop returns or raises")

    async def stream(self, method: str, *args: Any, seconds: float) -> AsyncIterator[Any]:
        try:
            async with asyncio.timeout(seconds):
                async for piece in getattr(self._handle.options(stream=True), method).remote(*args):
                    yield piece
        except (RayActorError, DeploymentUnavailableError) as error:
            raise Unavailable(f"{self._name} cannot be reached.") from error
        except (RayTaskError, RayServeException, RedwellError, TimeoutError) as error:
            raise self._ours(error) from error

    def _ours(self, error: BaseException) -> RedwellError:
        cause = error.cause if isinstance(error, RayTaskError) else error
        if isinstance(cause, RedwellError):
            return cause
        if isinstance(cause, BackPressureError):
            return Overloaded(f"{self._name} has too many requests waiting.")
        if isinstance(cause, TimeoutError):
            return DeadlineExceeded(f"{self._name} did not answer in time.")
        return StageFailed(f"{self._name}: {type(cause).__name__}: {cause}")


def _remote(settings: Settings, handles: dict[str, DeploymentHandle]) -> Services:
    return remote_services(settings, {name: RayTransport(handle) for name, handle in handles.items()})


class BuildArgs(BaseModel):
    """`args` of `serve run rag.deploy:build profile=gpu` and of KubeRay's serveConfigV2; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")

    profile: str = "cpu"
    config: dict[str, Any] = Field(default_factory=dict)
    """Overrides of rag.settings.Settings."""


def build(args: BuildArgs) -> serve.Application:
    return build_application(load(args.profile, overrides=args.config))


def build_application(settings: Settings) -> serve.Application:
    def scaled(deployment: serve.Deployment, own: Scaling) -> serve.Deployment:
        return deployment.options(**own.serve_options())

    handles: dict[str, Any] = {
        "reader": scaled(ReaderDeployment, settings.reading.scaling).bind(settings),
        "ocr": scaled(OcrDeployment, settings.reading.ocr).bind(settings),
        "entities": scaled(EntitiesDeployment, settings.entities.scaling).bind(settings),
        "classifier": scaled(ClassifierDeployment, settings.classifying.scaling).bind(settings),
        "embedder": scaled(EmbedderDeployment, settings.embedding.scaling).bind(settings),
        "retriever": scaled(RetrieverDeployment, settings.retrieval.scaling).bind(settings),
    }
    if not settings.llm.base_url:
        handles["llm"] = build_llm(settings)
    analyzer = scaled(AnalyzerDeployment, settings.analysis.scaling).bind(settings, handles)
    return scaled(IngressDeployment, settings.analysis.ingress).bind(settings, handles, analyzer)


def build_llm(settings: Settings) -> serve.Application:
    """vLLM through ray.serve.llm: CPU engine without GPUs, tensor (and pipeline) parallel with them."""
    # Imported here: it pulls vLLM in, which no other process of ours needs.
    from ray.serve.llm import LLMConfig, build_llm_deployment
    from ray.serve.llm.deployment import LLMServer

    class Llm(LLMServer):
        """Adds `generate`: plain values in and out, so that callers need no vLLM to build or read a request."""

        async def generate(
            self, turns: list[dict[str, str]], max_tokens: int, temperature: float, stop: list[str]
        ) -> AsyncIterator[tuple[str, str | None, int, int]]:
            from ray.llm._internal.serve.core.configs.openai_api_models import ChatCompletionRequest

            request = ChatCompletionRequest(
                model=settings.llm.name,
                messages=turns,
                max_tokens=max_tokens,
                temperature=temperature,
                stop=stop or None,
                stream=True,
                stream_options={"include_usage": True},
            )
            async for batch in await self.chat(request):
                for piece in read_chunks(batch):
                    yield piece

    own = settings.llm
    plan = engine_plan(own, resolve(own.model, cache_dir=settings.cache_dir))
    config = LLMConfig(
        model_loading_config={"model_id": own.name, "model_source": plan.source},
        engine_kwargs=plan.arguments,
        accelerator_type=own.accelerator_type,
        # One node holds all workers of an engine: tensor parallelism across nodes is slower than fewer workers.
        placement_group_config={"bundles": plan.bundles, "strategy": "STRICT_PACK"},
        runtime_env={"env_vars": plan.environment},
        deployment_config=own.scaling.serve_options() | {"ray_actor_options": {}, "health_check_timeout_s": 120},
        log_engine_metrics=False,
    )
    return build_llm_deployment(config, deployment_cls=Llm, override_serve_options={"name": "Llm"})


def start(settings: Settings, *, progress: Callable[[str], None]) -> None:
    """Start (or join) Ray, deploy, and return when every deployment is healthy. Raises ConfigurationError."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S", "1")
    os.environ.setdefault("RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S", "5")
    os.environ.setdefault("RAY_SERVE_LLM_DEFAULT_HEALTH_CHECK_TIMEOUT_S", "120")
    server = settings.server
    progress("starting Ray")
    if server.ray_address:
        ray.init(address=server.ray_address, log_to_driver=False)
    else:
        ray.init(
            num_cpus=server.logical_cpus,
            include_dashboard=False,
            object_store_memory=server.object_store_mb * 2**20,
            log_to_driver=False,
            logging_level=logging.WARNING,
        )
    serve.start(
        proxy_location="EveryNode" if server.ray_address else "HeadOnly",
        http_options={"host": server.host, "port": server.port, "request_timeout_s": server.request_seconds},
        logging_config={"encoding": "JSON", "enable_access_log": False},
    )
    progress("starting deployments")
    waiting = threading.Event()
    reporter = threading.Thread(target=_report, args=(progress, waiting), daemon=True)
    reporter.start()
    try:
        serve.run(build_application(settings), name=APP, route_prefix="/")
    except RuntimeError as error:
        raise ConfigurationError(f"A deployment did not start: {error}", _failures() or "") from error
    finally:
        waiting.set()
        reporter.join()


def stop() -> None:
    """Stop the application and the local Ray; leaves no process behind."""
    if ray.is_initialized():
        serve.shutdown()
        ray.shutdown()


def _report(progress: Callable[[str], None], stopped: threading.Event) -> None:
    """Tell each deployment once, when it becomes healthy."""
    told: set[str] = set()
    while not stopped.wait(0.5):
        application = serve.status().applications.get(APP)
        for name, deployment in (application.deployments if application else {}).items():
            if deployment.status == "HEALTHY" and name not in told:
                told.add(name)
                progress(f"{name} is ready")


def _failures() -> str:
    application = serve.status().applications.get(APP)
    rows = application.deployments.items() if application else ()
    return "; ".join(f"{name}: {row.message}" for name, row in rows if row.message)
