"""What this machine's processor calculates well, found without loading torch."""

from __future__ import annotations

from pathlib import Path

_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""Any of these (x86, x86, ARM). With AVX-512 alone oneDNN multiplies bfloat16 too, and takes twice as long as for float32."""


def multiplies_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether it has instructions for products of bfloat16. Without, they are two to four times slower than float32's.

    Most laptops have none. False where `cpuinfo` cannot be read: float32 is right everywhere.
    """
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return False
    flags = {
        flag for line in lines if line.startswith(("flags", "Features")) for flag in line.partition(":")[2].split()
    }
    return bool(_FLAGS & flags)


def calculated_in(dtype: str, gpus: float) -> str:
    """What a model whose weights are wanted as `dtype` is calculated in on `gpus` GPUs, 0 being this processor."""
    return "float32" if gpus == 0 and dtype == "bfloat16" and not multiplies_bfloat16() else dtype
