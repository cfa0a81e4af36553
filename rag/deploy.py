"""`build(settings)`: the whole application for Ray Serve; and its start and stop on this machine or on a cluster.

    Ingress -> Analyzer's queue (database)            Analyzer -> Reader, Ocr, Entities, Classifier, Embedder, Llm
    Ingress -> Retriever, Llm, Reader (page pictures)

Ids and small values travel between deployments; file bytes stay in the blob store.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import ray
from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve.config import gRPCOptions

from rag.errors import ConfigurationError
from rag.launch import check_exposure, is_loopback
from rag.remote import on_trial, retriever_names
from rag.runtime.gpu import check_shares
from rag.runtime.loopback import setup_hook
from rag.sections.language_models import adapters
from rag.sections.scaling import Batching, Scaling
from rag.serving import front, ray_defaults
from rag.serving.hosts import AnalyzerDeployment, IngressDeployment, JobsDeployment
from rag.serving.llm import build_llm
from rag.serving.models import (
    ClassifierDeployment,
    EmbedderDeployment,
    EntitiesDeployment,
    OcrDeployment,
    ReaderDeployment,
    RerankerDeployment,
    RetrieverDeployment,
)
from rag.serving.monitoring import environment, serve_logging, serve_tracing
from rag.serving.transport import RayTransport
from rag.settings import Settings, load

APP = "redwell"
ADDRESS = "ray.address"
"""File in the data folder: where the Ray of `redwell serve` is, for `redwell upgrade`."""
WAITING_REQUESTS = 128
"""That a proxy keeps while every ingress replica has all that it takes; further ones get 503 with Retry-After."""
GRPC_SERVICES = (
    "rag.proto.redwell_pb2_grpc.add_RedwellServicer_to_server",
    "rag.proto.inference_pb2_grpc.add_GRPCInferenceServiceServicer_to_server",
)


class BuildArgs(BaseModel):
    """`args` of `serve run rag.deploy:build profile=gpu` and of KubeRay's serveConfigV2; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")

    profile: str = "cpu"
    config: dict[str, Any] = Field(default_factory=dict)
    """Overrides of rag.settings.Settings."""


def build(args: BuildArgs | dict[str, Any]) -> serve.Application:
    """Raises ConfigurationError when `server.host` is an open address and no API key is set, ValidationError for unknown keys."""
    own = BuildArgs.model_validate(args)  # Serve does it by itself only where the annotation is a class and no text
    settings = load(own.profile, overrides=own.config)
    check_exposure(settings)
    check_shares(settings, cards=None)
    return build_application(settings)


def build_application(settings: Settings) -> serve.Application:
    def scaled(deployment: serve.Deployment, own: Scaling, batching: Batching | None = None) -> serve.Deployment:
        # Serve hands it to `reconfigure`: in serveConfigV2 it can be changed while the service runs.
        more = {"user_config": batching.model_dump()} if batching else {}
        return deployment.options(**own.serve_options(), **more)

    handles: dict[str, Any] = {
        "reader": scaled(ReaderDeployment, settings.reading.scaling).bind(settings),
        "ocr": scaled(OcrDeployment, settings.reading.ocr).bind(settings),
        "entities": scaled(EntitiesDeployment, settings.entities.scaling, settings.entities.batching).bind(settings),
        "classifier": scaled(ClassifierDeployment, settings.classifying.scaling, settings.classifying.batching).bind(
            settings
        ),
        "embedder": scaled(EmbedderDeployment, settings.embedding.scaling, settings.embedding.batching).bind(settings),
    }
    retriever = scaled(RetrieverDeployment, settings.retrieval.scaling)
    for shard, name in enumerate(retriever_names(settings)):
        handles[name] = retriever.options(name=name.capitalize()).bind(settings, shard)
    if settings.reranking.model and not settings.reranking.base_url:
        handles["reranker"] = scaled(RerankerDeployment, settings.reranking.scaling).bind(settings)
    if settings.entities.candidate:
        tried = settings.entities.model_copy(update={"model": settings.entities.candidate})
        beside = scaled(EntitiesDeployment, tried.scaling, tried.batching).options(name="EntitiesCandidate")
        handles["entities-candidate"] = beside.bind(settings.model_copy(update={"entities": tried}))
    if settings.classifying.candidate:
        other = on_trial(settings.classifying)
        second = scaled(ClassifierDeployment, other.scaling, other.batching).options(name="ClassifierCandidate")
        handles["classifier-candidate"] = second.bind(settings.model_copy(update={"classifying": other}))
    if not settings.llm.base_url:
        handles["llm"] = build_llm(settings.llm, cache_dir=settings.cache_dir, adapters=adapters(settings.models))
    for key, own in settings.models.items():
        if own.base_url or own.lora:
            continue
        handles[f"llm-{key}"] = build_llm(
            own, cache_dir=settings.cache_dir, deployment=f"Llm-{key}", adapters=adapters(settings.models, key)
        )
    analysis = settings.analysis
    scaling = analysis.scaling.serve_options(queued_per_replica=analysis.documents_per_replica)
    analyzer = AnalyzerDeployment.options(**scaling).bind(settings, handles)
    apart = settings.ingestion.apart
    jobs = scaled(JobsDeployment, settings.ingestion.scaling).bind(settings) if apart else None
    # Without a bound the proxy keeps what it cannot hand on until it is timed out; refused at once, it can come again.
    ingress = scaled(IngressDeployment, settings.analysis.ingress).options(
        max_queued_requests=WAITING_REQUESTS, backpressure_config={"status_code": 503, "retry_after_s": 1}
    )
    return ingress.bind(settings, handles, analyzer, jobs)


def start(settings: Settings, *, progress: Callable[[str], None]) -> None:
    """Start (or join) Ray, deploy, and return when every deployment is healthy. Raises ConfigurationError."""
    ray_defaults.apply()
    server = settings.server
    os.environ.update(environment(settings.monitoring) | front.environment(settings))
    hook = setup_hook(everything=is_loopback(server.host))
    progress("starting Ray")
    if server.ray_address:
        ray.init(address=server.ray_address, log_to_driver=False, runtime_env=hook)
    else:
        ray.init(
            address="local",  # without it Ray joins whatever cluster runs on this machine
            num_cpus=server.logical_cpus,
            include_dashboard=False,
            object_store_memory=server.object_store_mb * 2**20,
            log_to_driver=False,
            runtime_env=hook,
            logging_level=logging.WARNING,
            _metrics_export_port=settings.monitoring.metrics_port or None,
        )
    if not server.ray_address:
        ray_defaults.end_idle_processes()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        (settings.data_dir / ADDRESS).write_text(ray.get_runtime_context().gcs_address)
        check_shares(settings, cards=ray.cluster_resources().get("GPU", 0.0))
    serve.start(
        proxy_location="EveryNode" if server.ray_address else "HeadOnly",
        http_options={"host": server.host, "port": server.port, "request_timeout_s": server.request_seconds},
        grpc_options=_grpc(settings),
        logging_config=serve_logging(settings.monitoring),
        tracing_config=serve_tracing(settings.monitoring),
    )
    progress("starting deployments")
    waiting = threading.Event()
    reporter = threading.Thread(target=_report, args=(progress, waiting), daemon=True)
    reporter.start()
    try:
        _deploy_apart(settings)
    finally:
        waiting.set()
        reporter.join()


def upgrade(settings: Settings) -> None:
    """Hand the application that runs on this machine, or on the cluster that the settings name, these settings and the code as it is
    installed now; replicas are replaced one by one, and requests go on. Raises ConfigurationError."""
    place = settings.data_dir / ADDRESS
    if not settings.server.ray_address and not place.exists():
        raise ConfigurationError(
            f"No Redwell runs with the data folder {settings.data_dir}.",
            "Start it with `redwell serve`, or set data_dir.",
        )
    hook = setup_hook(everything=is_loopback(settings.server.host))
    address = settings.server.ray_address or place.read_text()
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING, runtime_env=hook)
    except ConnectionError as error:
        raise ConfigurationError(f"Its Ray at {address} does not answer.", "Is `redwell serve` running?") from error
    try:
        _deploy(settings)
    finally:
        ray.shutdown()


def _deploy_apart(settings: Settings) -> None:
    """As `_deploy`, in a process that ends with it."""
    command = [sys.executable, "-m", "rag.serving.deployer"]
    done = subprocess.run(command, input=settings.model_dump_json(), stdout=subprocess.PIPE, text=True, check=False)
    if not done.returncode:
        return
    last = done.stdout.strip().rpartition("\n")[2]
    told = json.loads(last) if last.startswith("{") else {}
    raise ConfigurationError(
        told.get("detail") or f"The deployments could not be described (exit code {done.returncode}).",
        told.get("remedy") or "Look at the lines above.",
    )


def _deploy(settings: Settings) -> None:
    """Returns when every deployment is healthy."""
    try:
        serve.run(
            build_application(settings), name=APP, route_prefix="/", logging_config=serve_logging(settings.monitoring)
        )
    except RuntimeError as error:
        raise ConfigurationError(f"A deployment did not start: {error}", _failures() or "") from error


def _grpc(settings: Settings) -> gRPCOptions | None:
    """Serve's proxy opens the port on all addresses of the machine."""
    if not settings.server.grpc_port:
        return None
    return gRPCOptions(
        port=settings.server.grpc_port,
        grpc_servicer_functions=list(GRPC_SERVICES),
        request_timeout_s=settings.server.request_seconds,
    )


def stop() -> None:
    """Stop the application and the local Ray; leaves no process behind."""
    if ray.is_initialized():
        serve.shutdown()
        ray.shutdown()


def transport(deployment: str) -> RayTransport:
    """Calls a deployment of the running application directly: what benches measure."""
    return RayTransport(serve.get_deployment_handle(deployment, APP))


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
