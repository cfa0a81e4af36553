"""What a language model's process keeps of the memory that it has freed, on a CPU."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
KEPT = 512 << 20
"""Bytes at the end of the heap that stay."""
MAPPED = 32 << 20
"""Bytes; what is larger is mapped by itself, and given back when it is freed. glibc takes no more."""


def keep_freed() -> bool:
    """From now on in this process. False where its C library is not glibc, and nothing is changed.

    A model on a CPU takes and frees tens of megabytes in every operation. By itself glibc gives them back to the system at
    once or keeps them, as what else lies in its heap has it, and each page that comes again is a fault.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_MMAP_THRESHOLD, MAPPED) and mallopt(_M_TRIM_THRESHOLD, KEPT))
