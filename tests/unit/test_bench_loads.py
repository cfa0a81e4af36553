"""What the benches of batch ingestion compute from what they measured."""

from __future__ import annotations

import os

import pytest

from rag.bench.growth import START, GrowthResult
from rag.bench.ingest import Cost, IngestResult
from rag.bench.kills import KillsResult
from rag.bench.loads import Loaded, Sample, cpu_seconds, megabytes, text_files
from rag.bench.searching import SearchingResult


def test_text_files_are_all_different(tmp_path) -> None:
    texts = [path.read_text() for path in text_files(tmp_path / "in", 20).iterdir()]
    assert len(set(texts)) == 20


def test_growth_leaves_out_the_start() -> None:
    loads = (Loaded(30.0, 40.0), Loaded(130.0, 90.0))
    result = GrowthResult((START + 100, START + 1000), Loaded(20.0, 30.0), loads)
    assert result.cpu_each(0) == pytest.approx(0.1)
    assert result.cpu_each(1) == pytest.approx(0.11)
    assert result.cost_growth == pytest.approx(0.1)
    assert result.a_second(0) == pytest.approx(10.0)


def test_memory_growth_compares_the_end_with_when_it_was_warm() -> None:
    samples = tuple(Sample(second, 0, 1000.0 if second < 20 else 1100.0) for second in range(100))
    samples = samples[:40] + tuple(Sample(one.seconds, 0, 1210.0) for one in samples[40:])
    result = GrowthResult((100,), Loaded(0.0, 0.0), (Loaded(1.0, 1.0, samples),))
    assert result.memory_growth == pytest.approx(0.1)


def test_the_ratio_is_that_of_cpu_seconds() -> None:
    result = IngestResult(10, Cost(9.0, 5.0), Cost(10.0, 6.0), Cost(20.0, 9.0), {"Recognize": 9.0, "raylet": 0.1})
    assert result.ratio == pytest.approx(0.9)
    assert result.rows()["batch: CPU-seconds by process"] == "Recognize 9.0"


def test_one_document_twice_is_not_equal() -> None:
    assert KillsResult(3, 2, (0, 1), 3, 0, 0, 0, 0, 9.0).equal
    assert not KillsResult(3, 2, (0, 1), 3, 1, 1, 0, 0, 9.0).equal


def test_searches_are_compared_by_their_medians() -> None:
    result = SearchingResult(1, 1, 9.0, (10.0, 20.0, 30.0), (10.0, 50.0, 90.0), 0, ())
    assert result.ratio == pytest.approx(2.5)


def test_a_process_that_is_gone_used_nothing() -> None:
    assert cpu_seconds(2**22 + 1) == {}
    assert megabytes(2**22 + 1) == 0.0
    assert next(iter(cpu_seconds(os.getpid()))) == "the job's process"
