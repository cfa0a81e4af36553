"""Batch sizes and waits for a latency goal, from measured seconds."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from rag.errors import ConfigurationError
from rag.settings import Settings
from rag.tuning.play import play
from rag.tuning.simulate import choice, choices, latencies, most, seconds_of, slowest
from rag.tuning.tune import Tuned, draw, played_calls, tune

LINEAR = {1: 0.1, 2: 0.2, 4: 0.4, 8: 0.8}
"""A batch costs as much as its calls one by one."""
PARALLEL = {1: 0.1, 2: 0.11, 4: 0.12, 8: 0.14}


def test_seconds_between_measured_sizes():
    assert [seconds_of(PARALLEL, number) for number in (1, 3, 8)] == pytest.approx([0.1, 0.115, 0.14])
    assert seconds_of(PARALLEL, 16) == pytest.approx(0.28)


def test_under_a_light_load_a_call_takes_its_wait_and_its_batch():
    found = latencies(PARALLEL, 4, 0.02, 0.01, calls=50)
    assert found == pytest.approx([0.12] * 50, abs=1e-9)
    assert latencies(PARALLEL, 1, 0.02, 0.01, calls=50) == pytest.approx([0.1] * 50)


def test_no_call_is_left_out_and_none_is_quicker_than_its_batch():
    found = latencies(PARALLEL, 8, 0.01, 50, calls=400)
    assert len(found) == 400
    assert min(found) >= 0.1


def test_where_batches_are_cheap_they_bear_more():
    assert most(PARALLEL, 8, 0.0, 0.5) > 3 * most(PARALLEL, 1, 0.0, 0.5)
    assert most(PARALLEL, 8, 0.0, 0.09) == 0.0


def test_large_batches_are_chosen_where_they_pay():
    assert choices(PARALLEL, 0.5)[0].size == 8
    assert choices(PARALLEL, 0.09) == []


def test_of_equals_the_quickest_under_light_load_is_chosen():
    assert choices(LINEAR, 1.0)[0].wait == 0.0


def test_where_batches_gain_nothing_calls_are_taken_one_by_one():
    measured = {1: 0.132, 2: 0.253, 4: 0.496, 8: 1.027}
    best = choices(measured, 0.5)[0]
    assert (best.size, best.wait) == (1, 0.0)
    assert choice(measured, 32, 0.01, 0.5, best.rate / 10).rate < best.rate


def test_the_slowest_twentieth():
    assert slowest([float(number) for number in range(100)]) == 95.0


async def test_played_calls_all_come_back():
    seen = []

    def work(texts):
        seen.append(len(texts))
        time.sleep(0.002)

    found = await play(work, ["a", "b"], size=4, wait=0.001, rate=400, calls=60)
    assert (len(found), sum(seen)) == (60, 120)
    assert max(seen) <= 8
    assert min(found) > 0.001


async def test_what_waits_is_taken_together_without_a_wait():
    seen = []

    def work(texts):
        seen.append(len(texts))
        time.sleep(0.01)

    await play(work, ["a"], size=8, wait=0.0, rate=5000, calls=40)
    assert max(seen) == 8


def test_settings_and_curves(tmp_path):
    best = choices(PARALLEL, 0.5)[0]
    tuned = Tuned("embedder", 0.5, PARALLEL, best, replace(best, size=2), replace(best, size=1), 10.0, 0.3)
    assert [round(tuned.throughput(size)) for size in (1, 8)] == [10, 57]
    assert tuned.settings() == {"embedding": {"batching": {"max_batch_size": 8, "batch_wait_s": best.wait}}}
    assert Settings(**tuned.settings()).embedding.batching.max_batch_size == 8
    draw([tuned], tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text().startswith("<?xml")


def test_a_stage_without_batches_is_refused():
    with pytest.raises(ConfigurationError, match="'ocr' has no batches"):
        tune(["ocr"], Settings(), goal=1.0)


def test_a_slow_machine_is_not_played_with_for_ever():
    assert [played_calls(rate) for rate in (0.01, 0.2, 2.0, 10.0)] == [1, 6, 20, 60]
