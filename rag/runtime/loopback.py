"""A Ray of our own that listens on this machine only."""

from __future__ import annotations

import os
from typing import Any

_OFF = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Ray's switch for clusters of more than one machine, named after where it is off by default: without it every server of Ray (GCS,
raylet, workers, agents, the figures on ports 44217 and 44227) binds to loopback, else to all addresses. `_node_ip_address` does not do
that: Ray turns 127.0.0.1 into the address that others reach (ray/_private/services.py, resolve_ip_for_localhost)."""
_HERE = ("127.0.0.1", "localhost", "[::1]")
_EVERYWHERE = ("[::]:", "0.0.0.0:")


def keep_ray_here(address: str | None) -> None:
    """Call it before Ray is imported, which reads its environment then. A cluster at another address is left as it is."""
    if not address or address.removeprefix("ray://").rpartition(":")[0] in _HERE:
        os.environ.setdefault(_OFF, "0")


def stays_here() -> bool:
    """Whether this process's Ray is one that keeps to this machine."""
    return os.environ.get(_OFF) == "0"


def keep_servers_here() -> None:
    """In this process gRPC servers for all addresses are for loopback, where Ray is one that keeps to this machine.

    Every replica of Serve opens one for calls between deployments, which it unpickles, on all addresses and without a setting
    (ray/serve/_private/replica.py), once its deployment is constructed; our calls go another way. What is not our code, Serve's proxy and
    the replica of vLLM, cannot be reached like this.
    """
    if not stays_here():
        return
    from grpc.aio import _server

    add = _server.Server.add_insecure_port

    def bound(self: Any, address: str) -> int:
        for everywhere in _EVERYWHERE:
            if address.startswith(everywhere):
                address = f"127.0.0.1:{address.removeprefix(everywhere)}"
        return int(add(self, address))

    _server.Server.add_insecure_port = bound  # type: ignore[method-assign]
