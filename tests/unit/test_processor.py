"""Which processors are told to have bfloat16: lines as the kernel prints them."""

import pytest

from rag.runtime.processor import multiplies_bfloat16

LAPTOP = "processor\t: 0\nmodel name\t: Core i7\nflags\t\t: fpu sse4_2 avx2 fma avx_vnni\n"
SERVER = "processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512dq avx512bw avx512vl avx512_bf16\n"
OLD_SERVER = "processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512dq avx512bw avx512vl avx512_vnni\n"
ARM = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd i8mm bf16 dgh\n"
OLD_ARM = "processor\t: 0\nFeatures\t: fp asimd aes crc32\n"


@pytest.mark.parametrize(
    ("said", "has"), [(LAPTOP, False), (OLD_SERVER, False), (SERVER, True), (ARM, True), (OLD_ARM, False), ("", False)]
)
def test_bfloat16_is_told_by_the_flags(tmp_path, said, has):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(said)
    assert multiplies_bfloat16(cpuinfo) is has


def test_where_nothing_is_told_float32_it_is(tmp_path):
    assert multiplies_bfloat16(tmp_path / "none") is False
