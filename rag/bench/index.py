"""`redwell bench index`: recall@10, latency, build time and memory of every kind of dense index against exact search.

The vectors are embeddings of made text (rag/bench/made_text.py), spread where a size asks for more than there are
(rag/bench/vectors.py); the questions are embeddings of made questions. Exact search over float32 is the truth. One thread
answers, as in the product.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import psutil

from rag.adapters.index_faiss import FaissIndex, Kind, Precision
from rag.bench.vectors import nearest_cosine, spread

K = 10
CONFIGURATIONS: tuple[tuple[Kind, Precision], ...] = (
    ("flat", "float32"),
    ("flat", "float16"),
    ("flat", "int8"),
    ("pq", "float16"),
    ("ivf", "float16"),
    ("ivf", "int8"),
    ("hnsw", "float16"),
    ("hnsw", "int8"),
)


@dataclass(frozen=True, slots=True)
class Row:
    chunks: int
    kind: str
    precision: str
    recall_at_10: float
    filtered_recall_at_10: float
    """With a filter that lets every twentieth chunk pass."""
    p50_ms: float
    p95_ms: float
    filtered_p50_ms: float
    build_seconds: float
    megabytes: float
    """Resident memory that the index added."""


@dataclass(frozen=True, slots=True)
class IndexBench:
    rows: tuple[Row, ...]
    real_vectors: int
    real_nearest_cosine: float
    made_nearest_cosine: float
    build_threads: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def bench_index(
    real: np.ndarray,
    questions: np.ndarray,
    sizes: Sequence[int],
    *,
    kinds: Iterable[tuple[Kind, Precision]] = CONFIGURATIONS,
    build_threads: int | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> IndexBench:
    """`real`, `questions`: unit rows. Memory: 4 bytes a coordinate for the largest size, and what the index takes."""
    threads = build_threads or os.cpu_count() or 1
    rows: list[Row] = []
    for size in sizes:
        vectors = np.empty((size, real.shape[1]), np.float32)
        start = 0
        for block in [real[:size]] if size <= len(real) else spread(real, size):
            vectors[start : start + len(block)] = block
            start += len(block)
        passing = np.arange(0, size, 20)
        truth, filtered = _exact(questions, vectors, None), _exact(questions, vectors, passing)
        for kind, precision in kinds:
            progress(f"{size:,} chunks: {kind}, {precision}")
            rows.append(_measure(kind, precision, vectors, questions, truth, filtered, passing, threads))
    made = np.concatenate(list(spread(real, len(real))))
    return IndexBench(tuple(rows), len(real), nearest_cosine(real), nearest_cosine(made), threads)


def _measure(
    kind: Kind,
    precision: Precision,
    vectors: np.ndarray,
    questions: np.ndarray,
    truth: np.ndarray,
    filtered: np.ndarray,
    passing: np.ndarray,
    threads: int,
) -> Row:
    gc.collect()
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    index = _build(kind, precision, vectors, threads)
    seconds = time.perf_counter() - started
    gc.collect()
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    found, times = _asked(index, questions, None)
    few, filtered_times = _asked(index, questions, passing)
    return Row(
        len(vectors),
        index.kind,
        precision,
        _recall(found, truth),
        _recall(few, filtered),
        float(np.percentile(times, 50)),
        float(np.percentile(times, 95)),
        float(np.median(filtered_times)),
        seconds,
        grown,
    )


def _asked(
    index: FaissIndex, questions: np.ndarray, passing: np.ndarray | None
) -> tuple[list[np.ndarray], list[float]]:
    """What is found for each question, and the milliseconds of each."""
    found, times = [], []
    for question in questions:
        began = time.perf_counter()
        _, ids = index.search(question[None], K, passing)
        times.append((time.perf_counter() - began) * 1000)
        found.append(ids[0])
    return found, times


def _build(kind: Kind, precision: Precision, vectors: np.ndarray, threads: int) -> FaissIndex:
    """Straight into the wanted structure; the product makes it beside the old one with `rebuilt`."""
    import faiss

    index = FaissIndex(vectors.shape[1], kind, precision=precision)
    faiss.omp_set_num_threads(threads)
    return index.filled(np.arange(len(vectors)), vectors)


def _exact(questions: np.ndarray, vectors: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
    from rag.bench.vectors import nearest

    return nearest(questions, vectors, K) if rows is None else rows[nearest(questions, vectors[rows], K)]


def _recall(found: Sequence[np.ndarray], truth: np.ndarray) -> float:
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, truth.tolist(), strict=True)]))


def table(bench: IndexBench) -> str:
    lines = [
        f"{'chunks':>9} {'kind':4} {'vectors':7} {'recall@10':>9} {'p50 ms':>7} {'p95 ms':>7} {'few':>6} {'ms':>6} {'build s':>7} {'MB':>6}"
    ]
    lines += [
        f"{r.chunks:>9,} {r.kind:4} {r.precision:7} {r.recall_at_10:>9.3f} {r.p50_ms:>7.2f} {r.p95_ms:>7.2f} "
        f"{r.filtered_recall_at_10:>6.3f} {r.filtered_p50_ms:>6.2f} {r.build_seconds:>7.1f} {r.megabytes:>6.0f}"
        for r in bench.rows
    ]
    lines.append(
        f"{bench.real_vectors} real embeddings; median cosine to the nearest: {bench.real_nearest_cosine:.2f} among them, "
        f"{bench.made_nearest_cosine:.2f} among as many made ones. few: where every twentieth passes. Built on {bench.build_threads} threads, asked on one."
    )
    return "\n".join(lines)
