"""How the parts are: deployments, queue, times of stages, checks."""

from dataclasses import replace

import httpx

from rag.api import create_app
from rag.runtime.call_figures import CallFigures
from rag.runtime.system import DeploymentState
from tests.unit.app.conftest import add, work


async def test_the_queue_and_the_times_of_stages_are_told(http, services):
    await add(services)
    await work(services)
    await add(services, name="second.txt")
    found = (await http.get("/v1/system")).json()
    assert (found["waiting"], found["deployments"]) == (1, [])
    by_stage = {one["stage"]: (one["documents"], one["failed"]) for one in found["stages"]}
    assert by_stage["read"] == (1, 0)
    assert found["models"]["language"] == "fake-model"


async def test_deployments_are_those_that_run_it(services):
    states = [DeploymentState("Ocr", "UPDATING", 1, 2, "one replica starts")]
    whole = replace(services, deployments=lambda: states)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(whole)), base_url="http://redwell") as client:
        [ocr] = (await client.get("/v1/system")).json()["deployments"]
    assert ocr == {
        "name": "Ocr",
        "status": "UPDATING",
        "replicas": 1,
        "wanted": 2,
        "message": "one replica starts",
        "calls": None,
    }


async def test_calls_are_told_where_they_are_measured(services):
    states = [DeploymentState("Ocr", "HEALTHY", 1, 1, calls=CallFigures(7, 0.2, 1.5, ongoing=1, queued=2))]
    whole = replace(services, deployments=lambda: states)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(whole)), base_url="http://redwell") as client:
        [ocr] = (await client.get("/v1/system")).json()["deployments"]
    assert ocr["calls"] == {"calls": 7, "median": 0.2, "p95": 1.5, "ongoing": 1, "queued": 2}


async def test_the_checks_of_the_machine_do_not_mind_that_the_ports_are_taken(http):
    found = {one["name"]: one["status"] for one in (await http.get("/v1/system/checks")).json()["checks"]}
    assert found["python"] == "ok"
    assert not [name for name in found if "port" in name]
