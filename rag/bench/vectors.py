"""Millions of vectors that lie as embeddings of text lie, from a few thousand real ones.

A new vector is a mix of one real embedding and one of its near neighbours, moved along differences of real embeddings: it
stays in the few directions that text uses, in clumps of uneven size. Independent Gaussian coordinates would have no near
neighbours at all, and tight synthetic clusters would flatter cells. How far the mixes are moved was set so that the cosine to
the nearest neighbour, at the size of the real set, is that of the real set; both are reported.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

NEIGHBOURS = 10
MOVED = 0.55
"""Length of the move against the vector's own."""
BLOCK = 20_000


def spread(real: np.ndarray, count: int, *, seed: int = 1) -> Iterator[np.ndarray]:
    """`count` unit rows in blocks of at most `BLOCK`; `real`: unit rows of shape (at least 100, dimensions)."""
    rng = np.random.default_rng(seed)
    near = nearest(real, real, NEIGHBOURS + 1)[:, 1:]
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        first = rng.integers(0, len(real), size)
        second = near[first, rng.integers(0, NEIGHBOURS, size)]
        share = rng.uniform(0.5, 1.0, (size, 1)).astype(np.float32)
        moves = np.zeros((size, real.shape[1]), np.float32)
        for _ in range(4):
            moves += real[rng.integers(0, len(real), size)] - real[rng.integers(0, len(real), size)]
        moves *= MOVED / np.linalg.norm(moves, axis=1, keepdims=True)
        made = share * real[first] + (1 - share) * real[second] + moves
        yield made / np.linalg.norm(made, axis=1, keepdims=True)


def nearest(queries: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Row numbers of the k nearest by inner product, best first: (queries, k), exact."""
    import faiss

    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(np.ascontiguousarray(rows, np.float32))
    return index.search(np.ascontiguousarray(queries, np.float32), k)[1]


def nearest_cosine(rows: np.ndarray, sample: int = 500) -> float:
    """Median cosine of a row to its nearest other row."""
    import faiss

    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(np.ascontiguousarray(rows, np.float32))
    scores, _ = index.search(np.ascontiguousarray(rows[:sample], np.float32), 2)
    return float(np.median(scores[:, 1]))
