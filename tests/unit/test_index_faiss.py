"""Exact values of the dense index, whatever its kind."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.adapters import index_faiss
from rag.adapters.index_faiss import FaissIndex
from rag.errors import ConfigurationError

KINDS = ["flat", "pq", "hnsw", "ivf"]


HALF = 2e-3
"""How far a cosine of halves may be off."""


def unit(rows: int, dimensions: int = 16, seed: int = 7) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def small_cells(monkeypatch):
    monkeypatch.setattr(index_faiss, "IVF_FROM", 400)
    monkeypatch.setattr(index_faiss, "PQ_FROM", 400)


@pytest.fixture(params=KINDS)
def index(request) -> FaissIndex:
    index = FaissIndex(16, request.param)
    index.add(range(100, 600), unit(500))
    return fitting(index)


def fitting(index: FaissIndex) -> FaissIndex:
    return index.rebuilt() if index.outgrown else index


def test_the_row_itself_is_first_with_cosine_one(index):
    vectors = unit(500)
    scores, ids = index.search(vectors[[3, 400]], 1)
    assert ids.tolist() == [[103], [500]]
    assert scores == pytest.approx(np.ones((2, 1)), abs=HALF)


def test_scores_fall_and_equal_the_inner_product(index):
    vectors = unit(500)
    scores, ids = index.search(vectors[:1], 5)
    assert scores[0].tolist() == sorted(scores[0].tolist(), reverse=True)
    assert scores[0] == pytest.approx(vectors[ids[0] - 100] @ vectors[0], abs=HALF)


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
    _, ids = index.search(vectors[[3]], 20, list(range(104, 600, 2)))
    assert set(ids[0]) <= set(range(104, 600, 2))
    assert len(set(ids[0])) == 20


def test_a_filter_that_nothing_passes(index):
    assert index.search(unit(1), 5, [])[1].shape == (1, 0)


def test_an_id_added_again_is_replaced(index):
    vectors = unit(500)
    index.add([103], vectors[[7]])
    scores, _ = index.search(vectors[[3]], 1, [103])
    assert scores[0][0] == pytest.approx(float(vectors[7] @ vectors[3]), abs=HALF)
    assert len(index) == 500


def test_scores_of_named_rows(index):
    vectors = unit(500)
    assert index.scores(vectors[0], [100, 101]) == pytest.approx([1.0, float(vectors[1] @ vectors[0])], abs=HALF)


def test_many_removals_compact_the_index(index, monkeypatch):
    vectors = unit(1600, seed=9)
    index.add(range(1000, 2600), vectors)
    index.remove(range(1000, 2500))
    assert (len(index), index.outgrown) == (600, True)
    index = index.rebuilt()
    assert (len(index), index.outgrown) == (600, False)
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


def test_auto_becomes_codes_beside_the_exact_index(monkeypatch):
    monkeypatch.setattr(index_faiss, "FLAT_UP_TO", 300)
    index = FaissIndex(16)
    index.add(range(300), unit(300))
    assert (index.kind, index.outgrown) == ("flat", False)
    index.add([300], unit(1, seed=1))
    assert (index.kind, index.outgrown) == ("flat", True)
    codes = index.rebuilt()
    assert (codes.kind, codes.outgrown) == ("pq", False)
    assert codes.search(unit(1, seed=1), 1)[1].tolist() == [[300]]


@pytest.mark.parametrize("kind", ["pq", "ivf"])
def test_codes_and_cells_are_made_anew_when_they_hold_four_times_their_rows(kind, tmp_path):
    index = FaissIndex(16, kind)
    index.add(range(400), unit(400))
    fitted = index.rebuilt()
    assert fitted.kind == kind
    fitted.add(range(400, 1500), unit(1100, seed=1))
    assert not fitted.outgrown
    fitted.save(tmp_path)
    later = FaissIndex(16, kind)
    later.load(tmp_path)
    assert not later.outgrown
    later.add(range(1500, 1700), unit(200, seed=2))
    assert later.outgrown
    assert not later.rebuilt().outgrown


@pytest.mark.parametrize("dimensions", [15, 30, 64])
def test_codes_find_nearly_all_though_few_vectors_are_compared(dimensions, monkeypatch):
    monkeypatch.setattr(index_faiss, "PQ_REFINED_LEAST", 250)
    vectors = unit(5000, dimensions)
    index = FaissIndex(dimensions, "pq")
    index.add(range(5000), vectors)
    index = fitting(index)
    index.remove(range(0, 5000, 50))
    queries = unit(100, dimensions, seed=8)
    scores, ids = index.search(queries, 10)
    cosines = queries @ vectors.T
    cosines[:, ::50] = -1
    best = np.argsort(-cosines, axis=1)[:, :10]
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids.tolist(), best.tolist(), strict=True)]) >= 0.9
    assert scores == pytest.approx(np.take_along_axis(cosines, ids, 1), abs=HALF)


def test_what_came_and_went_during_a_rebuild_is_followed(index):
    graph = index.rebuilt()
    index.add([7], unit(1, seed=1))
    index.remove([103])
    graph.follow(index)
    assert sorted(graph.ids) == sorted(index.ids)
    assert graph.search(unit(1, seed=1), 1)[1].tolist() == [[7]]
    assert 103 not in graph.search(unit(500)[[3]], 499)[1]


def test_rows_are_read_under_the_lock_and_the_structure_is_made_without_it(monkeypatch):
    held = []

    class Gate:
        def __enter__(self):
            held.append(True)

        def __exit__(self, *_):
            held.append(False)

    monkeypatch.setattr(index_faiss, "BLOCK", 100)
    index = FaissIndex(16, "flat")
    index.add(range(250), unit(250))
    index.rebuilt(Gate())
    assert held == [True, False] * 4  # the ids, then three blocks


@pytest.mark.parametrize("precision", ["float16", "int8"])
@pytest.mark.parametrize("kind", KINDS)
def test_smaller_vectors_find_the_same(kind, precision):
    vectors = unit(2000)
    index = FaissIndex(16, kind, precision=precision)
    index.add(range(2000), vectors)
    index = fitting(index)
    _, ids = index.search(vectors[:50], 1)
    assert (ids[:, 0] == np.arange(50)).mean() >= 0.96


def test_an_empty_index_finds_nothing():
    assert FaissIndex(16).search(unit(2), 5)[1].shape == (2, 0)


def test_vectors_of_another_size_are_refused():
    with pytest.raises(ConfigurationError, match="16 dimensions"):
        FaissIndex(16).add([1], unit(1, 8))


def test_ids_may_come_in_any_order():
    vectors = unit(60)
    order = np.random.default_rng(3).permutation(60)
    index = FaissIndex(16, "flat")
    for start in range(0, 60, 20):
        index.add(order[start : start + 20], vectors[order[start : start + 20]])
    index.add([5], vectors[[6]])
    assert index.search(vectors[[6]], 2)[1].tolist() == [[5, 6]] or index.search(vectors[[6]], 2)[1].tolist() == [
        [6, 5]
    ]
    assert len(index) == 60
    assert index.search(vectors[[40]], 1)[1].tolist() == [[40]]


def test_scores_of_what_is_not_there(index):
    assert index.scores(unit(500)[0], [99999, 100]) == [None, pytest.approx(1.0, abs=HALF)]


def test_a_gpu_is_asked_for_in_vain():
    with pytest.raises(ConfigurationError, match="no GPU support"):
        FaissIndex(16, use_gpu=True)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_filters_at_every_selectivity_agree_with_brute_force(data):
    """Kinds, removals, replaced rows and filters from none to all that pass: nothing else is found, nothing is missing."""
    kind = data.draw(st.sampled_from(KINDS))
    seed = data.draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    vectors = dict(enumerate(unit(1200, seed=seed)))
    index = FaissIndex(16, kind)
    index.add(range(1200), np.stack(list(vectors.values())))
    index = fitting(index)
    for gone in rng.permutation(1200)[: data.draw(st.integers(0, 300))].tolist():
        index.remove([gone])
        del vectors[gone]
    again = data.draw(st.integers(0, 50))
    for key, row in zip(list(vectors)[:again], unit(50, seed=seed + 1), strict=False):
        vectors[key] = row
        index.add([key], row[None])
    passing = rng.permutation(1200)[: data.draw(st.sampled_from([0, 1, 3, 10, 100, 600, 1100, 1200]))]
    exact_up_to = data.draw(st.sampled_from([0, 50, 20_000]))
    with mock.patch.object(index_faiss, "EXACT_UP_TO", exact_up_to):
        query, k = unit(1, seed=seed + 2), data.draw(st.integers(1, 60))
        scores, ids = index.search(query, k, passing)
    living = np.array([key for key in passing.tolist() if key in vectors], np.int64)
    cosines = {int(key): float(vectors[int(key)] @ query[0]) for key in living}
    best = sorted(cosines, key=lambda key: -cosines[key])[:k]
    found = ids[0].tolist()
    assert len(found) == len(set(found)) == len(best)
    assert set(found) <= set(cosines)
    assert scores[0].tolist() == sorted(scores[0].tolist(), reverse=True)
    assert scores[0] == pytest.approx([cosines[key] for key in found], abs=HALF)
    exact = kind == "flat" or len(living) <= exact_up_to
    missed = sum(cosines[key] > cosines[found[-1]] + HALF for key in best if key not in found) if best else 0
    assert missed <= (0 if exact else 0.2 * len(best) + 1)
