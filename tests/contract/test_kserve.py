"""KServe's own client, in an environment of its own, asks the application at a real address."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import httpx
import pytest
import uvicorn

from rag.api import create_app
from tests.kserve.other import kserve_asks
from tests.unit.app.conftest import add, index, services, work

__all__ = ["services"]


@pytest.fixture
async def address(services):
    await add(services)
    await work(services)
    app = create_app(replace(await index(services)))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def test_kserves_client_finds_everything_ready_and_reads_the_tensors(address):
    assert httpx.get(f"{address}/v2").json()["name"] == "redwell"
    seen = kserve_asks("http", address)
    assert "EUR 4,850.00" in seen.pop("answer")[0]
    assert seen == {
        "live": True,
        "ready": True,
        "model_ready": True,
        "unknown_ready": False,
        "embedding_json": [2, 64],
        "embedding_binary": [2, 64],
    }
