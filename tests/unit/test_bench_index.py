"""What the index benchmark asks and reports."""

from __future__ import annotations

import numpy as np

from rag.bench.index import bench_index, table
from rag.bench.made_text import MadeText
from rag.bench.vectors import nearest_cosine, spread


def clumps(rows: int = 600) -> np.ndarray:
    rng = np.random.default_rng(5)
    made = rng.normal(size=(30, 16))[rng.integers(0, 30, rows)] + 0.3 * rng.normal(size=(rows, 16))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def test_made_text_is_the_same_for_the_same_seed_and_else_not():
    made = MadeText(seed=3)
    assert made.passages(20) == MadeText(seed=3).passages(20)
    assert made.passages(20) != MadeText(seed=4).passages(20)
    assert len(set(made.passages(200))) == 200
    assert all(question.endswith("?") for question in made.questions(20))


def test_spread_vectors_are_unit_rows_near_real_ones():
    real = clumps()
    made = np.concatenate(list(spread(real, 900)))
    assert made.shape == (900, 16)
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    assert (made @ real.T).max(axis=1).mean() > 0.8
    assert nearest_cosine(made) > 0.8


def test_exact_search_has_recall_one_and_every_row_is_reported():
    real = clumps()
    bench = bench_index(real, real[:20], [700], kinds=[("flat", "float32"), ("hnsw", "float16")])
    assert [(row.kind, row.precision, row.chunks) for row in bench.rows] == [
        ("flat", "float32", 700),
        ("hnsw", "float16", 700),
    ]
    assert bench.rows[0].recall_at_10 == bench.rows[0].filtered_recall_at_10 == 1.0
    assert bench.rows[1].recall_at_10 > 0.9
    assert "recall@10" in table(bench)
