"""A load that rises and falls on Serve's own autoscaler, with options of our settings; in a process with a Ray of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.conftest import ROOT


def test_replicas_follow_requests_and_queue_down_to_none_and_nothing_fails(tmp_path):
    output = tmp_path / "scaling.json"
    command = [sys.executable, "-m", "rag.cli", "bench", "scaling", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(output.read_text())
    assert result["failures"] == 0
    assert result["calls"] > 50
    ended = [[one["running"] for one in result["samples"] if one["phase"] == phase][-1] for phase in range(3)]
    assert ended == [[1, 1], [3, 3], [1, 1]]
    woken = result["woken"]
    assert (woken["before"], woken["after"]) == (0, 1)
    assert (woken["calls"], woken["failures"]) == (4, 0)
