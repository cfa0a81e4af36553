"""Write monitoring/grafana/*.json: `python monitoring/make_dashboards.py`. The panels are declared here, the JSON is Grafana's.

Import them in Grafana, or let it provision the folder; they ask for a Prometheus data source when they are opened.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "grafana"
WIDTH, HEIGHT, COLUMNS = 8, 8, 3


@dataclass(frozen=True)
class Panel:
    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    """(PromQL, legend)"""
    says: str = ""


def p95(metric: str, by: str = "", where: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    selector = f"{{{where}}}" if where else ""
    return f"histogram_quantile(0.95, sum by ({labels}) (rate({metric}_bucket{selector}[$__rate_interval])))"


def rate(metric: str, by: str, where: str = "") -> str:
    selector = f"{{{where}}}" if where else ""
    return f"sum by ({by}) (rate({metric}{selector}[$__rate_interval]))"


SERVICE = (
    Panel(
        "Documents finished",
        "short",
        ((rate("ray_redwell_documents_total", "status") + " * 60", "{{status}}"),),
        "A minute.",
    ),
    Panel("Pages read", "short", ((rate("ray_redwell_pages_total", "source") + " * 60", "{{source}}"),), "A minute."),
    Panel("Queue", "short", (("max(ray_redwell_queue_depth)", "documents not finished"),)),
    Panel("Oldest document waiting", "s", (("max(ray_redwell_queue_age_seconds)", "age"),)),
    Panel("Stage, 95th percentile", "s", ((p95("ray_redwell_stage_seconds", "stage", 'status="done"'), "{{stage}}"),)),
    Panel(
        "Stages that failed",
        "short",
        ((rate("ray_redwell_stage_seconds_count", "stage", 'status="failed"') + " * 60", "{{stage}}"),),
        "A minute.",
    ),
    Panel("Answers", "short", ((rate("ray_redwell_answers_total", "outcome") + " * 60", "{{outcome}}"),), "A minute."),
    Panel("Phases of an answer, 95th percentile", "s", ((p95("ray_redwell_answer_seconds", "phase"), "{{phase}}"),)),
    Panel(
        "Drafts without support",
        "percentunit",
        (
            (
                "sum(rate(ray_redwell_grounding_failures_total[1h])) / "
                'sum(rate(ray_redwell_answers_total{outcome=~"written|quoted"}[1h]))',
                "of all drafts",
            ),
        ),
        "What the model wrote was not in the documents and gave way to a quotation.",
    ),
    Panel("Tokens", "short", ((rate("ray_redwell_tokens_total", "kind"), "{{kind}}"),), "A second."),
    Panel(
        "Stages not done again",
        "percentunit",
        (
            (
                'sum(rate(ray_redwell_cache_requests_total{cache="stage",outcome="hit"}[1h])) / '
                'sum(rate(ray_redwell_cache_requests_total{cache="stage"}[1h]))',
                "hits",
            ),
        ),
    ),
    Panel(
        "Mean batch",
        "short",
        (
            (
                "sum by (deployment) (rate(ray_redwell_batch_size_sum[$__rate_interval])) / "
                "sum by (deployment) (rate(ray_redwell_batch_size_count[$__rate_interval]))",
                "{{deployment}}",
            ),
        ),
    ),
)

DEPLOYMENTS = (
    Panel("Requests", "reqps", ((rate("ray_serve_num_http_requests_total", "route"), "{{route}}"),)),
    Panel(
        "Errors",
        "reqps",
        ((rate("ray_serve_num_http_error_requests_total", "error_code"), "{{error_code}}"),),
    ),
    Panel(
        "Latency at the proxy, 95th percentile",
        "ms",
        ((p95("ray_serve_http_request_latency_ms", "route"), "{{route}}"),),
    ),
    Panel(
        "Replicas", "short", (("count by (deployment) (ray_serve_deployment_replica_healthy == 1)", "{{deployment}}"),)
    ),
    Panel(
        "Unhealthy replicas",
        "short",
        (("count by (deployment) (ray_serve_deployment_replica_healthy == 0)", "{{deployment}}"),),
    ),
    Panel(
        "Requests in progress",
        "short",
        (("sum by (deployment) (ray_serve_replica_processing_queries)", "{{deployment}}"),),
    ),
    Panel(
        "Requests waiting", "short", (("sum by (deployment) (ray_serve_deployment_queued_queries)", "{{deployment}}"),)
    ),
    Panel(
        "Calls, 95th percentile",
        "ms",
        ((p95("ray_serve_deployment_processing_latency_ms", "deployment"), "{{deployment}}"),),
    ),
    Panel("Calls", "reqps", ((rate("ray_serve_deployment_request_counter_total", "deployment"), "{{deployment}}"),)),
    Panel("CPU of the nodes", "percent", (("ray_node_cpu_utilization", "{{NodeAddress}}"),)),
    Panel("Memory of the nodes", "bytes", (("ray_node_mem_used", "{{NodeAddress}}"),)),
    Panel("Object store", "bytes", (("sum by (Location) (ray_object_store_memory)", "{{Location}}"),)),
)


def dashboard(uid: str, title: str, panels: tuple[Panel, ...]) -> dict[str, Any]:
    return {
        "uid": uid,
        "title": title,
        "tags": ["redwell"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.says,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "gridPos": {"x": number % COLUMNS * WIDTH, "y": number // COLUMNS * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": {"fillOpacity": 8}}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(65 + index), "expr": query, "legendFormat": legend}
            for index, (query, legend) in enumerate(panel.queries)
        ],
    }


def files() -> dict[str, str]:
    made = {
        "documents-and-answers.json": dashboard("redwell-service", "Redwell: documents and answers", SERVICE),
        "deployments.json": dashboard("redwell-deployments", "Redwell: deployments", DEPLOYMENTS),
    }
    return {name: json.dumps(content, indent=2) + "\n" for name, content in made.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in files().items():
        (FOLDER / name).write_text(content)
