from __future__ import annotations

import pytest

from rag.retrieval.fusion import blend, reciprocal_rank_fusion


def test_reciprocal_ranks_add_up():
    fused = reciprocal_rank_fusion([[1, 2], [2, 3]], k=60)
    assert fused == {1: pytest.approx(1 / 61), 2: pytest.approx(1 / 62 + 1 / 61), 3: pytest.approx(1 / 62)}


def test_weights_scale_a_ranking():
    assert reciprocal_rank_fusion([[1], [2]], k=0, weights=[3.0, 1.0]) == {1: 3.0, 2: 1.0}


def test_blend_knows_distances():
    assert blend({1: 0.9, 2: 0.5, 3: 0.1}, {2: 8.0, 3: 4.0}, dense_weight=0.5) == {
        1: pytest.approx(0.5),
        2: pytest.approx(0.75),
        3: pytest.approx(0.25),
    }


def test_blend_of_one_list_keeps_its_order():
    assert blend({1: 0.9, 2: 0.5}, {}, dense_weight=0.5) == {1: 0.5, 2: 0.0}


def test_blend_of_a_single_hit():
    assert blend({7: 0.3}, {7: 2.0}) == {7: pytest.approx(1.0)}


def test_blend_of_nothing():
    assert blend({}, {}) == {}
