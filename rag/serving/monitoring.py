"""Logs and traces of a deployment's process, and what Serve is told about them."""

from __future__ import annotations

import os
from typing import Any

from ray import serve
from ray.serve.schema import LoggingConfig, ReplicaState, TracingConfig

from rag.redaction.logs import redact_logs
from rag.runtime.logs import configure
from rag.runtime.system import DeploymentState
from rag.settings import Monitoring, Settings

SERVE_LOGGER = "ray.serve"
TRACE_FILE_FOLDER = "REDWELL_TRACE_FOLDER"
EXPORTER = "rag.serving.monitoring:span_processors"


def log_as_json(settings: Settings) -> None:
    """Called by every deployment's constructor: its events join Serve's own JSON lines, with its request id."""
    configure(SERVE_LOGGER)
    if settings.redaction.logs:
        redact_logs(settings.redaction.kinds)


def deployment_states() -> list[DeploymentState]:
    """Of the application that this replica belongs to, by name."""
    application = serve.status().applications.get(serve.get_replica_context().app_name)
    return [
        DeploymentState(
            name,
            one.status.value,
            one.replica_states.get(ReplicaState.RUNNING, 0),
            sum(number for state, number in one.replica_states.items() if state is not ReplicaState.STOPPING),
            one.message,
        )
        for name, one in sorted((application.deployments if application else {}).items())
    ]


def serve_logging(monitoring: Monitoring) -> LoggingConfig:
    return LoggingConfig(encoding="JSON", enable_access_log=monitoring.access_log)


def serve_tracing(monitoring: Monitoring) -> TracingConfig:
    if monitoring.traces == "off":
        return TracingConfig(enabled=False, exporter_import_path="", sampling_ratio=0.0)
    return TracingConfig(enabled=True, exporter_import_path=EXPORTER, sampling_ratio=monitoring.trace_share)


def environment(monitoring: Monitoring) -> dict[str, str]:
    """What Ray's processes have to know before they start."""
    known = {"RAY_enable_metrics_collection": "1" if monitoring.metrics_port else "0"}
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
