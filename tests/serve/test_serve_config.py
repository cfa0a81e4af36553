"""The application as KubeRay deploys it: a serveConfigV2 handed to Serve's REST API, and changed while it runs.

Starts a Ray of its own with a dashboard, so it runs only when it is asked for: REDWELL_TEST_CONFIG=1.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.model import Page, Source
from rag.retrieval.embedders import embedding_version
from rag.settings import load
from tests.conftest import ROOT, free_port

CALLS = 16
ASLEEP = {"scaling": {"min_replicas": 0, "zero_delay_s": 2, "look_back_s": 3}}

pytestmark = pytest.mark.skipif(
    not os.environ.get("REDWELL_TEST_CONFIG"), reason="REDWELL_TEST_CONFIG is not set: it takes minutes"
)


class Deployed:
    """Serve's REST API over one application."""

    def __init__(self, address: str, port: int, folder: Path) -> None:
        token = Path("~/.ray/auth_token").expanduser()
        headers = {"Authorization": f"Bearer {token.read_text().strip()}"} if token.exists() else {}
        self._http = httpx.Client(base_url=address, headers=headers, timeout=60)
        own: dict[str, Any] = {
            "data_dir": str(folder),
            "cache_dir": os.environ.get("REDWELL_CACHE_DIR", str(ROOT / ".cache" / "redwell")),
            "server": {"port": port},
            "llm": {"base_url": "http://127.0.0.1:9/v1"},
            "entities": ASLEEP,
            "ingestion": {"apart": True},
        }
        self._config: dict[str, Any] = {
            "http_options": {"host": "127.0.0.1", "port": port},
            "applications": [
                {
                    "name": "redwell",
                    "route_prefix": "/",
                    "import_path": "rag.deploy:build",
                    "args": {"profile": "cpu", "config": own},
                }
            ],
        }

    def put(self, *deployments: dict[str, Any]) -> None:
        [application] = self._config["applications"]
        changed = {**application, "deployments": list(deployments)}
        self._http.put("/api/serve/applications/", json={**self._config, "applications": [changed]}).raise_for_status()
        until(lambda: self._application()["status"] == "RUNNING")

    def replicas(self, name: str) -> list[str]:
        rows = self._application()["deployments"][name]["replicas"]
        return sorted(row["replica_id"] for row in rows if row["state"] == "RUNNING")

    def _application(self) -> dict[str, Any]:
        found = self._http.get("/api/serve/applications/").raise_for_status().json()["applications"]["redwell"]
        assert "FAILED" not in found["status"], found["message"]
        return dict(found)


def until(happened: Callable[[], bool], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.5)


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    import ray
    from ray import serve

    port = free_port()
    context = ray.init(
        address="local",
        num_cpus=16,
        include_dashboard=True,
        dashboard_port=free_port(),
        log_to_driver=False,
        object_store_memory=300 * 2**20,
    )
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        yield Deployed(f"http://{context.dashboard_url}", port, tmp_path)
    finally:
        serve.shutdown()
        ray.shutdown()


def test_batches_change_while_it_runs_and_what_is_at_zero_wakes_up(deployed: Deployed) -> None:
    from ray import serve

    deployed.put()
    assert len(deployed.replicas("Jobs")) == 1  # `ingestion.apart`: else the Analyzer does what it does
    embedder = serve.get_deployment_handle("Embedder", "redwell")
    texts, version = [f"The rent of flat {number} is due." for number in range(8)], embedding_version(load("cpu"))

    def largest() -> int:
        """Texts of the largest batch so far, after calls that come at once."""
        for call in [embedder.embed.remote(texts, version) for _ in range(CALLS)]:
            call.result(timeout_s=120)
        return max(embedder.batch_sizes.remote().result(timeout_s=60))

    before = deployed.replicas("Embedder")
    deployed.put({"name": "Embedder", "user_config": {"max_batch_size": 1, "batch_wait_s": 0.0}})
    time.sleep(2)
    alone = largest()
    deployed.put({"name": "Embedder", "user_config": {"max_batch_size": 4, "batch_wait_s": 0.05}})
    time.sleep(2)
    together = largest()
    assert (alone, together) == (len(texts), 4 * len(texts))
    assert deployed.replicas("Embedder") == before

    until(lambda: not deployed.replicas("Entities"))
    page = Page(1, 0.0, 0.0, "Ada Lovelace signed it in London.", Source.TEXT_LAYER)
    entities = serve.get_deployment_handle("Entities", "redwell")
    calls = [entities.recognize.remote([page]) for _ in range(4)]
    assert [call.result(timeout_s=120)[0][0].text for call in calls] == ["Ada Lovelace"] * 4
    assert len(deployed.replicas("Entities")) == 1
