"""Lines of the bench, their history and what a table says of them."""

import os
import subprocess
import sys
import time

import pytest

from rag.bench import footprint, history
from rag.bench.generation import together
from rag.bench.line import Line

FAST = Line("ocr", "tesseract", "pages/s", (9.0, 10.0, 14.0), (8.0, 10.0, 12.0), goal=0.95)
SLOW = Line("search", "faiss", "ms", (18.0,), (4.0,), "added", goal=12.0)
ALONE = Line("memory", "", "GiB", (5.5,), compared="alone", goal=8.0)


@pytest.mark.parametrize(("line", "value", "reached"), [(FAST, 1.0, True), (SLOW, 14.0, False), (ALONE, 5.5, True)])
def test_a_line_compares_medians_with_its_goal(line, value, reached):
    assert (line.value, line.reached) == (value, reached)


def test_a_line_without_a_goal_reaches_nothing_and_tells_its_spread():
    line = Line("ocr", "tesseract", "pages/s", (8.0, 10.0, 12.0), (10.0,))
    assert line.reached is None
    assert line.spread == pytest.approx(0.4)


def test_runs_are_kept_and_the_newest_value_of_each_line_is_found_again(tmp_path):
    file = tmp_path / "deep" / "history.jsonl"
    history.append(history.record([FAST, SLOW], {}), file)
    history.append(history.record([Line("ocr", "tesseract", "pages/s", (5.0,), (10.0,))], {"search": "away"}), file)
    runs = history.read(file)
    assert [len(run["lines"]) for run in runs] == [2, 1]
    assert runs[1]["failures"] == {"search": "away"}
    assert history.before(runs) == {"ocr": 0.5, "search": 14.0}


def test_a_table_tells_what_was_compared_what_is_missed_and_what_it_was_before():
    rows = history.table([FAST, SLOW], {"search": 13.0}).splitlines()[1:]
    assert [row.split() for row in rows] == [
        ["ocr", "(pages/s)", "10.00", "10.00", "1.00x", "≥", "0.95", "50%"],
        ["search", "18.00", "4.00", "14.00", "ms", "more", "!", "≤", "12.00", "0%", "13.00"],
    ]


def test_ratios_are_drawn(tmp_path):
    history.plot([FAST, SLOW], tmp_path / "bench.svg")
    assert "ocr" in (tmp_path / "bench.svg").read_text()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("ray::ServeReplica:redwell:Ocr.recognize", "Ocr"),
        ("VLLM::EngineCore", "Llm engine"),
        ("ray::ProxyActor", "Serve proxy"),
        ("/usr/bin/python -c from multiprocessing.forkserver", "parsers and the rest"),
    ],
)
def test_processes_are_named_by_what_they_are(title, name):
    assert footprint.named(title) == name


def test_a_process_that_wakes_up_all_the_time_is_told_from_one_that_sleeps():
    def child(code: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", f"import time; {code}"])

    with child("time.sleep(60)") as quiet, child("[time.sleep(0.005) for _ in range(12000)]") as restless:
        try:
            time.sleep(1)  # they start
            restless_only = footprint.stirring(os.getpid(), 1.0)[1]["parsers and the rest"]
            restless.kill()
            restless.wait()
            quiet_only = footprint.stirring(os.getpid(), 1.0)[1]["parsers and the rest"]
        finally:
            quiet.kill()
            restless.kill()
    assert restless_only > 10 * max(1.0, quiet_only)


def test_what_an_idle_stack_does_is_told_by_process():
    cpu, wakes = footprint.idle_lines({"Ingress": 9.0, "Ray": 21.0}, {"Ingress": 170.0, "Ray": 400.0})
    assert (cpu.value, wakes.value) == (30.0, 570.0)
    assert list(cpu.more) == ["Ray", "Ingress"]


def test_rounds_before_and_after_count_together():
    assert together({1: [2.0], 8: [5.0]}, {1: [3.0, 4.0]}) == {1: [2.0, 3.0, 4.0], 8: [5.0]}
    assert together({}, {8: [5.0]}) == {8: [5.0]}
