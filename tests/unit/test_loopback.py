"""A Ray of our own keeps to this machine."""

from __future__ import annotations

import json
import subprocess
import sys

CODE = """
import asyncio, json, os, sys
from rag.runtime.loopback import keep_ray_here, keep_servers_here
keep_ray_here(sys.argv[1] or None)
keep_servers_here()
import grpc, psutil

async def main():
    server = grpc.aio.server()
    server.add_insecure_port("[::]:0")
    await server.start()
    print(json.dumps([one.laddr.ip for one in psutil.Process().net_connections() if one.status == "LISTEN"]))
    await server.stop(0)

asyncio.run(main())
"""


def listening(address: str) -> list[str]:
    result = subprocess.run([sys.executable, "-c", CODE, address], capture_output=True, text=True, check=True)
    return [ip.removeprefix("::ffff:") for ip in json.loads(result.stdout)]


def test_servers_for_all_addresses_are_for_this_machine_in_a_ray_of_our_own() -> None:
    assert listening("") == ["127.0.0.1"]


def test_a_cluster_is_left_as_it_is() -> None:
    assert listening("10.0.0.7:6379") == ["::"]
