"""Dense index over FAISS: cosine as the inner product of unit rows; filters work inside the search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

Kind = Literal["auto", "flat", "hnsw", "ivf"]


class FaissIndex:
    """Exact by default; approximate kinds fall back to exact search over the allowed rows when a filter lets few pass."""

    def __init__(self, dimensions: int, kind: Kind = "auto", *, use_gpu: bool = False) -> None:
        import faiss

        # Threads hurt a single query; a bulk load is one writer.
        faiss.omp_set_num_threads(1)
        self._faiss = faiss
        self.dimensions = dimensions
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimensions))
        self._use_gpu = use_gpu
        if use_gpu:
            self._index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, self._index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: Sequence[int], vectors: np.ndarray) -> None:
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.asarray(ids, np.int64))

    def remove(self, ids: Sequence[int]) -> None:
        if len(ids):
            self._index.remove_ids(np.asarray(ids, np.int64))

    def search(
        self, vectors: np.ndarray, k: int, allowed_ids: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(scores, ids), each (queries, m), best first; ids -1 where fewer than m rows pass the filter."""
        k = min(k, len(self))
        if k == 0:
            return np.zeros((len(vectors), 0), np.float32), np.zeros((len(vectors), 0), np.int64)
        options: dict[str, Any] = {}
        if allowed_ids is not None:
            selector = self._faiss.IDSelectorBatch(np.asarray(allowed_ids, np.int64))
            options["params"] = self._faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        return self._index.search(np.ascontiguousarray(vectors, np.float32), k, **options)

    def save(self, path: Path) -> None:
        self._faiss.write_index(self._index, str(path))

    def load(self, path: Path) -> None:
        self._index = self._faiss.read_index(str(path))
