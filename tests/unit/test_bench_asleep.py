"""`redwell bench all --only answers` measures beside a stack whose analysis has ended."""

import os
import subprocess
import sys

import pytest

from rag.bench import asleep
from rag.errors import StageFailed
from rag.settings import load


def test_what_can_end_ends_soon():
    found = load("cpu", overrides=asleep.soon(load("cpu")))
    assert [getattr(getattr(found, section), name).zero_delay_s for section, name in asleep.ENDS] == [5, 5, 5]


def test_what_is_kept_is_not_waited_for():
    kept = load("gpu")
    assert asleep.soon(kept) == {}
    asleep.wait(kept, os.getpid(), seconds=0)


def test_a_replica_that_still_runs_is_waited_for():
    settings = load("cpu")
    title = "ray::ServeReplica:redwell:Ocr"
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", title]) as process:
        with pytest.raises(StageFailed, match="Ocr did not end"):
            asleep.wait(settings, os.getpid(), seconds=0)
        process.kill()
    asleep.wait(settings, os.getpid(), seconds=0)
