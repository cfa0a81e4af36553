"""A Ray of our own that listens on this machine only."""

from __future__ import annotations

import os

_OFF = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Ray's switch for clusters of more than one machine, named after where it is off by default: without it every server of Ray (GCS,
raylet, workers, agents, the figures on ports 44217 and 44227) binds to loopback, else to all addresses. `_node_ip_address` does not do
that: Ray turns 127.0.0.1 into the address that others reach (ray/_private/services.py, resolve_ip_for_localhost)."""
_HERE = ("127.0.0.1", "localhost", "[::1]")


def keep_ray_here(address: str | None) -> None:
    """Call it before Ray is imported, which reads its environment then. A cluster at another address is left as it is."""
    if not address or address.removeprefix("ray://").rpartition(":")[0] in _HERE:
        os.environ.setdefault(_OFF, "0")
