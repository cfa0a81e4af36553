"""What a model's process frees stays with it, so that the next operation finds it without a fault."""

import json
import platform
import subprocess
import sys

import pytest

from rag.runtime import llm_heap

ROUNDS = """
import ctypes, json, resource
from rag.runtime import llm_heap

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
SIZE = 30 << 20

def one_round():
    blocks = [libc.malloc(SIZE) for _ in range(3)]
    for block in blocks:
        libc.memset(block, 1, SIZE)
    for block in blocks:
        libc.free(block)

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        one_round()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def seen():
    one_round()
    one_round()
    return faults()

before = seen()
assert llm_heap.keep_freed()
print(json.dumps([before, seen()]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_pages_that_were_freed_are_there_again_without_a_fault():
    told = subprocess.run([sys.executable, "-c", ROUNDS], capture_output=True, text=True, check=True).stdout
    before, kept = json.loads(told)
    pages = 4 * 3 * (30 << 20) // 4096
    assert before > pages / 2  # by itself glibc gives all of it back after each round
    assert kept < pages / 100


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(llm_heap.ctypes, "CDLL", lambda name: object())
    assert llm_heap.keep_freed() is False
