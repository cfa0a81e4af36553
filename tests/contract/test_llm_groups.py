"""A language model's process groups on a CPU have one loop of gloo between them, and work."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("vllm")
GROUPS = """
from pathlib import Path
import torch
import torch.distributed as dist
from rag.runtime import llm_groups

llm_groups.use()
llm_groups.use()
dist.init_process_group("gloo", init_method="tcp://127.0.0.1:0", rank=0, world_size=1)
groups = [dist.new_group([0], backend="gloo") for _ in range(3)]
for group in groups:
    number = torch.tensor([7.0])
    dist.all_reduce(number, group=group)
    dist.barrier(group=group)
    assert number.tolist() == [7.0]
dist.destroy_process_group(groups[0])
dist.barrier(group=groups[1])
names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
print("loops:", names.count("gloo_tcp_loop"))
dist.destroy_process_group()
"""


def test_groups_share_a_loop_and_one_ends_without_the_others():
    done = subprocess.run([sys.executable, "-c", GROUPS], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "loops: 1\n"), done.stderr
