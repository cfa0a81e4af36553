"""Logs and traces of a deployment's process, and what Serve is told about them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ray
from ray import serve
from ray.serve.schema import LoggingConfig, ReplicaState, TracingConfig

from rag.redaction.logs import redact_logs
from rag.redaction.rules import Countries
from rag.runtime.call_figures import CallFigures, call_figures
from rag.runtime.logs import configure
from rag.runtime.loopback import stays_here
from rag.runtime.system import DeploymentState
from rag.settings import Monitoring, Settings

SERVE_LOGGER = "ray.serve"
TRACE_FILE_FOLDER = "REDWELL_TRACE_FOLDER"
SCRAPE_SECONDS = 2
EXPORTER = "rag.serving.monitoring:span_processors"


def log_as_json(settings: Settings) -> None:
    """Called by every deployment's constructor: its events join Serve's own JSON lines, with its request id."""
    configure(SERVE_LOGGER)
    if settings.redaction.logs:
        redact_logs(settings.redaction.kinds, Countries.of(settings.redaction))


def deployment_states() -> list[DeploymentState]:
    """Of the application that this replica belongs to, by name."""
    name_of_application = serve.get_replica_context().app_name
    application = serve.status().applications.get(name_of_application)
    calls = call_figures(_expositions(), name_of_application)
    return [
        DeploymentState(
            name,
            one.status.value,
            one.replica_states.get(ReplicaState.RUNNING, 0),
            sum(number for state, number in one.replica_states.items() if state is not ReplicaState.STOPPING),
            one.message,
            calls.get(name, CallFigures()) if calls else None,
        )
        for name, one in sorted((application.deployments if application else {}).items())
    ]


def _expositions() -> list[str]:
    """What the nodes show to Prometheus; of those that can be reached, and nothing where Ray collects no figures."""
    import httpx

    def shown(node: dict[str, Any]) -> str:
        try:
            return httpx.get(
                f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics", timeout=SCRAPE_SECONDS
            ).text
        except httpx.HTTPError:
            return ""

    nodes = [node for node in ray.nodes() if node["Alive"] and node.get("MetricsExportPort")]
    with ThreadPoolExecutor(max_workers=min(len(nodes), 16) or 1) as pool:
        return list(pool.map(shown, nodes))


def serve_logging(monitoring: Monitoring) -> LoggingConfig:
    return LoggingConfig(encoding="JSON", enable_access_log=monitoring.access_log)


def serve_tracing(monitoring: Monitoring) -> TracingConfig:
    if monitoring.traces == "off":
        return TracingConfig(enabled=False, exporter_import_path="", sampling_ratio=0.0)
    return TracingConfig(enabled=True, exporter_import_path=EXPORTER, sampling_ratio=monitoring.trace_share)


def environment(monitoring: Monitoring) -> dict[str, str]:
    """What Ray's processes have to know before they start."""
    collects = bool(monitoring.metrics_port) or (monitoring.figures and stays_here())
    known = {"RAY_enable_metrics_collection": "1" if collects else "0"}
    if monitoring.traces == "file":
        known[TRACE_FILE_FOLDER] = str(monitoring.trace_folder.resolve())
    return known


def span_processors() -> list[Any]:
    """What Serve calls in each process: spans go to a file of the folder that `environment` named, or else over OTLP to
    where OpenTelemetry's own variables say (OTEL_EXPORTER_OTLP_ENDPOINT)."""
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

    folder = os.environ.get(TRACE_FILE_FOLDER)
    if folder:
        os.makedirs(folder, exist_ok=True)
        lines = open(os.path.join(folder, f"{os.getpid()}.json"), "a", buffering=1, encoding="utf-8")  # noqa: SIM115  (for good)
        return [
            SimpleSpanProcessor(ConsoleSpanExporter(out=lines, formatter=lambda span: span.to_json(indent=None) + "\n"))
        ]
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return [BatchSpanProcessor(OTLPSpanExporter())]
