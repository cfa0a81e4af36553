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


def join_ray_here(address: str | None) -> None:
    """As `keep_ray_here`, for who joins a Ray that runs: tokens, which that one turned on by itself, are asked for."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    keep_ray_here(address)


def stays_here() -> bool:
    """Whether this process's Ray is one that keeps to this machine."""
    return os.environ.get(_OFF) == "0"


def setup_hook(*, everything: bool) -> dict[str, str]:
    """Ray's runtime environment of a job: its processes, Serve's own among them, keep their gRPC servers here before any code of theirs runs.

    `everything`: else the ports that were chosen by a setting stay open, those of the system's choice do not.
    """
    if not stays_here():
        return {}
    return {
        "worker_process_setup_hook": f"{__name__}.{(keep_servers_here if everything else keep_inner_servers_here).__name__}"
    }


def keep_servers_here() -> None:
    """In this process gRPC servers for all addresses are for loopback, where Ray is one that keeps to this machine.

    Every replica of Serve opens one for calls between deployments, which it unpickles, on all addresses and without a setting
    (ray/serve/_private/replica.py); the proxy opens that of gRPC in the same way.
    """
    _bound_here(chosen=True)


def keep_inner_servers_here() -> None:
    """As `keep_servers_here`, but for servers on a port that was chosen: the one of gRPC, where others may ask."""
    _bound_here(chosen=False)


def _bound_here(*, chosen: bool) -> None:
    if not stays_here():
        return
    from grpc.aio import _server

    add = _server.Server.add_insecure_port

    def bound(self: Any, address: str) -> int:
        for everywhere in _EVERYWHERE:
            if address.startswith(everywhere) and (chosen or address == f"{everywhere}0"):
                address = f"127.0.0.1:{address.removeprefix(everywhere)}"
        return int(add(self, address))

    _server.Server.add_insecure_port = bound  # type: ignore[method-assign]
