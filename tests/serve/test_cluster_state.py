"""PostgreSQL, an S3 server, and an index of two shards with two replicas each over two Ray nodes: adds and deletes.

Takes three minutes and a few GiB, so it runs only when it is asked for: REDWELL_TEST_CLUSTER=1.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rag.client import RedwellClient
from rag.store.buckets import file_system
from tests.conftest import SAMPLES, free_port, start_stack, stop_stack
from tests.serve.postgres import postgres

QUESTIONS = 12
"""Times that something is asked, so that every replica answers it."""

pytestmark = pytest.mark.skipif(
    not os.environ.get("REDWELL_TEST_CLUSTER"), reason="REDWELL_TEST_CLUSTER is not set: it takes minutes"
)


@pytest.fixture(scope="module")
def ray_nodes(tmp_path_factory) -> Iterator[str]:
    """Address of two Ray nodes on this machine, of eight logical CPUs each."""
    port, environment = free_port(), {**os.environ, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    ray = str(Path(sys.executable).parent / "ray")
    address = f"127.0.0.1:{port}"
    small = ["--num-cpus=8", "--object-store-memory=268435456", "--disable-usage-stats"]
    head = ["--head", f"--port={port}", "--node-ip-address=127.0.0.1", "--include-dashboard=false"]
    try:
        for command in (head, [f"--address={address}", "--node-ip-address=127.0.0.1"]):
            done = subprocess.run(
                [ray, "start", *command, *small],
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        yield address
    finally:
        _stop(address)


def _stop(address: str) -> None:
    """Every process of this cluster, and of no other: `ray stop` would end all that runs on the machine."""
    import psutil

    mine = [one for one in psutil.process_iter(["cmdline"]) if address in " ".join(one.info["cmdline"] or ())]
    for process in mine:
        process.kill()
    psutil.wait_procs(mine, timeout=20)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, s3, ray_nodes) -> Iterator[tuple[RedwellClient, str]]:
    """(client, address of the bucket)"""
    folder = tmp_path_factory.mktemp("cluster")
    httpx.put(f"{s3}/redwell-state").raise_for_status()
    with postgres(free_port()) as database:
        process, url = start_stack(
            folder / "var",
            log=folder / "serve.log",
            RAY_AUTH_MODE="disabled",
            TEST_WORKER_NODE_HTTP_PORT=str(free_port()),
            REDWELL_SERVER__RAY_ADDRESS=ray_nodes,
            REDWELL_STORAGE__DATABASE=database,
            REDWELL_STORAGE__BLOBS="s3://redwell-state/blobs",
            REDWELL_RETRIEVAL__SHARDS="2",
            REDWELL_RETRIEVAL__SCALING='{"min_replicas": 2, "max_replicas": 2}',
        )
        try:
            with RedwellClient(url, timeout=180) as client:
                yield client, "s3://redwell-state/blobs"
        finally:
            stop_stack(process)


def test_adds_and_deletes_are_seen_by_every_replica_of_every_shard(cluster):
    client, bucket = cluster
    files = sorted(SAMPLES.glob("*.pdf"))[:6]
    ids = {receipt.filename: receipt.id for receipt in client.upload(files, collection="samples")}
    for document_id in ids.values():
        assert client.wait(document_id, timeout=600).status in ("ready", "partial")
    found = [_documents(client) for _ in range(QUESTIONS)]
    assert found == [set(ids.values())] * QUESTIONS

    kept = dict(list(ids.items())[3:])
    for name in set(ids) - set(kept):
        client.delete(ids[name])
    assert [_documents(client) for _ in range(QUESTIONS)] == [set(kept.values())] * QUESTIONS

    store, root = file_system(bucket)
    originals = [path for path in store.find(root) if "/originals/" in path]
    assert len(originals) == 3
    assert {document.id for document in client.documents(collection="samples")} == set(kept.values())


def _documents(client: RedwellClient) -> set[str]:
    """Documents of all passages: more are asked for than there are."""
    reply = client.search("the of and to in", collection="samples", top_k=100, mode="dense")
    return {result.document_id for result in reply.results}
