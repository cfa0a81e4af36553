"""A Ray of our own keeps to this machine."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.conftest import free_port

CODE = """
import asyncio, json, os, sys
from rag.runtime import loopback
loopback.keep_ray_here(sys.argv[1] or None)
getattr(loopback, sys.argv[2])()
import grpc, psutil

async def main():
    server = grpc.aio.server()
    server.add_insecure_port(f"[::]:{sys.argv[3]}")
    await server.start()
    print(json.dumps([one.laddr.ip for one in psutil.Process().net_connections() if one.status == "LISTEN"]))
    await server.stop(0)

asyncio.run(main())
"""


def listening(address: str, hook: str = "keep_servers_here", port: int = 0) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", CODE, address, hook, str(port)], capture_output=True, text=True, check=True
    )
    return [ip.removeprefix("::ffff:") for ip in json.loads(result.stdout)]


def test_servers_for_all_addresses_are_for_this_machine_in_a_ray_of_our_own() -> None:
    assert listening("") == ["127.0.0.1"]


def test_a_port_that_was_chosen_stays_open_where_others_may_ask() -> None:
    assert listening("", "keep_inner_servers_here") == ["127.0.0.1"]
    assert listening("", "keep_inner_servers_here", free_port()) == ["::"]


def test_a_cluster_is_left_as_it_is() -> None:
    assert listening("10.0.0.7:6379") == ["::"]
