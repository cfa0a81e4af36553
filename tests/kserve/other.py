"""The interpreter that has KServe's client: `REDWELL_KSERVE_PYTHON`, in an environment made for it alone.

python3.11 -m venv /tmp/kserve && /tmp/kserve/bin/pip install kserve==0.21.0
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest


def kserve_asks(protocol: str, address: str, key: str = "") -> dict[str, Any]:
    """What the client saw. Skips where there is no such interpreter."""
    python = os.environ.get("REDWELL_KSERVE_PYTHON", "")
    if not python:
        pytest.skip("REDWELL_KSERVE_PYTHON names no interpreter that has the package kserve")
    script = Path(__file__).with_name("ask.py")
    done = subprocess.run(
        [python, str(script), protocol, address, key], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
