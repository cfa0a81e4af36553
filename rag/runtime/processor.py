"""What this machine's processor calculates well, found without loading torch."""

from __future__ import annotations

from pathlib import Path

_NEEDED = ({"avx512bw", "avx512vl", "avx512dq"}, {"bf16"})
"""Either of these sets of flags (x86; ARM): what torch and oneDNN ask for before they multiply bfloat16 by themselves."""


def multiplies_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether products of bfloat16 have code of their own here. Without, they are several times slower than float32's.

    Most laptops have none. False where `cpuinfo` cannot be read: float32 is right everywhere.
    """
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return False
    flags = {
        flag for line in lines if line.startswith(("flags", "Features")) for flag in line.partition(":")[2].split()
    }
    return any(needed <= flags for needed in _NEEDED)


def calculated_in(dtype: str, gpus: float) -> str:
    """What a model whose weights are wanted as `dtype` is calculated in on `gpus` GPUs, 0 being this processor."""
    return "float32" if gpus == 0 and dtype == "bfloat16" and not multiplies_bfloat16() else dtype
