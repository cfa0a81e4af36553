"""Process groups of a model in one process: gloo's loops, each of which wakes a hundred times a second, become one.

vLLM makes thirteen groups whether or not there is another process to talk to, and torch gives each of them a device of its own, whose loop
looks for news all the time. Only vLLM's worker imports this.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from torch.distributed import distributed_c10d

Gloo: Any = distributed_c10d.ProcessGroupGloo


class OneDevice(Gloo):
    """As `ProcessGroupGloo` is made by `torch.distributed`, on the device that the others have."""

    device: Any = None

    def __init__(self, store: Any, rank: int, size: int, timeout: timedelta) -> None:
        options = Gloo._Options()
        options._devices, options._timeout = [type(self).device], timeout
        super().__init__(store, rank, size, options)


def use() -> None:
    """From now on, in this process."""
    if OneDevice.device is None:
        OneDevice.device = Gloo.create_default_device()
        distributed_c10d.ProcessGroupGloo = OneDevice  # type: ignore[misc]
