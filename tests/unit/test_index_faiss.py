"""Exact values of the dense index, whatever its kind."""

from __future__ import annotations

import numpy as np
import pytest

from rag.adapters import index_faiss
from rag.adapters.index_faiss import FaissIndex
from rag.errors import ConfigurationError

KINDS = ["flat", "hnsw", "ivf"]


def unit(rows: int, dimensions: int = 16, seed: int = 7) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def small_cells(monkeypatch):
    monkeypatch.setattr(index_faiss, "IVF_FROM", 400)


@pytest.fixture(params=KINDS)
def index(request) -> FaissIndex:
    index = FaissIndex(16, request.param)
    index.add(range(100, 600), unit(500))
    return index


def test_the_row_itself_is_first_with_cosine_one(index):
    vectors = unit(500)
    scores, ids = index.search(vectors[[3, 400]], 1)
    assert ids.tolist() == [[103], [500]]
    assert scores == pytest.approx(np.ones((2, 1)), abs=1e-5)


def test_scores_fall_and_equal_the_inner_product(index):
    vectors = unit(500)
    scores, ids = index.search(vectors[:1], 5)
    assert scores[0].tolist() == sorted(scores[0].tolist(), reverse=True)
    assert scores[0] == pytest.approx(vectors[ids[0] - 100] @ vectors[0], abs=1e-5)


def test_flat_is_exact():
    vectors = unit(500)
    index = FaissIndex(16, "flat")
    index.add(range(500), vectors)
    _, ids = index.search(vectors[:1], 10)
    assert ids[0].tolist() == np.argsort(-(vectors @ vectors[0]))[:10].tolist()


def test_removed_rows_are_not_found(index):
    index.remove([103, 99999])
    _, ids = index.search(unit(500)[[3]], 10)
    assert 103 not in ids[0]
    assert len(index) == 499


def test_a_filter_finds_the_best_of_the_few_that_pass(index):
    vectors = unit(500)
    allowed = [110, 350, 599, 12345]
    _, ids = index.search(vectors[:1], 10, allowed)
    assert ids[0].tolist() == sorted([110, 350, 599], key=lambda key: -float(vectors[key - 100] @ vectors[0]))


def test_a_wide_filter_lets_nothing_else_pass(index, monkeypatch):
    monkeypatch.setattr(index_faiss, "EXACT_UP_TO", 10)
    vectors = unit(500)
    _, ids = index.search(vectors[[3]], 20, range(104, 600, 2))
    assert set(ids[0]) <= set(range(104, 600, 2))
    assert len(set(ids[0])) == 20


def test_a_filter_that_nothing_passes(index):
    assert index.search(unit(1), 5, [])[1].shape == (1, 0)


def test_an_id_added_again_is_replaced(index):
    vectors = unit(500)
    index.add([103], vectors[[7]])
    scores, _ = index.search(vectors[[3]], 1, [103])
    assert scores[0][0] == pytest.approx(float(vectors[7] @ vectors[3]), abs=1e-5)
    assert len(index) == 500


def test_scores_of_named_rows(index):
    vectors = unit(500)
    assert index.scores(vectors[0], [100, 101]) == pytest.approx([1.0, float(vectors[1] @ vectors[0])], abs=1e-5)


def test_many_removals_compact_the_index(index, monkeypatch):
    vectors = unit(1600, seed=9)
    index.add(range(1000, 2600), vectors)
    index.remove(range(1000, 2500))
    assert len(index) == 600
    _, ids = index.search(vectors[[1550]], 1)
    assert ids.tolist() == [[2550]]
    assert index.search(unit(500)[[3]], 1)[1].tolist() == [[103]]


def test_saved_and_loaded_it_answers_the_same(index, tmp_path):
    index.remove([103])
    index.save(tmp_path)
    other = FaissIndex(16, index.kind)
    other.load(tmp_path)
    query = unit(500)[[3]]
    assert (len(other), other.kind) == (499, index.kind)
    assert other.search(query, 5)[1].tolist() == index.search(query, 5)[1].tolist()
    other.add([7], query)
    assert other.search(query, 1)[1].tolist() == [[7]]


def test_what_is_no_index_is_not_loaded(tmp_path):
    (tmp_path / "dense.faiss").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="not a FAISS index"):
        FaissIndex(16).load(tmp_path)


def test_auto_becomes_a_graph_when_it_is_large(monkeypatch):
    monkeypatch.setattr(index_faiss, "FLAT_UP_TO", 300)
    index = FaissIndex(16)
    index.add(range(300), unit(300))
    assert index.kind == "flat"
    index.add([300], unit(1, seed=1))
    assert index.kind == "hnsw"
    assert index.search(unit(1, seed=1), 1)[1].tolist() == [[300]]


def test_an_empty_index_finds_nothing():
    assert FaissIndex(16).search(unit(2), 5)[1].shape == (2, 0)


def test_vectors_of_another_size_are_refused():
    with pytest.raises(ConfigurationError, match="16 dimensions"):
        FaissIndex(16).add([1], unit(1, 8))
