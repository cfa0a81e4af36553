"""Dense index over FAISS: cosine as the inner product of unit rows; filters work inside the search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rag.errors import ConfigurationError

Kind = Literal["auto", "flat", "hnsw", "ivf"]
FLAT_UP_TO = 100_000
"""'auto' is exact up to this many rows (10 ms a query on one core), then becomes a graph."""
IVF_FROM = 5_000
"""Fewer rows cannot train cells; 'ivf' is exact below."""
EXACT_UP_TO = 20_000
"""A filter that lets fewer rows pass is answered exactly, row by row: graphs and cells lose most of a narrow filter."""
COMPACT_SHARE = 0.25
BLOCK = 8192


class FaissIndex:
    """Rows are only appended; removed ones are skipped by a selector until a quarter is dead, then the index is rebuilt.

    Not thread-safe: rag/retrieve.py holds one lock over reads and writes.
    """

    def __init__(self, dimensions: int, kind: Kind = "auto", *, use_gpu: bool = False) -> None:
        import faiss

        if use_gpu and not hasattr(faiss, "StandardGpuResources"):
            raise ConfigurationError(
                "The installed FAISS has no GPU support.", "Install faiss-gpu, or set retrieval.scaling.gpus to 0."
            )
        self._faiss = faiss
        self.dimensions = dimensions
        self._kind: Kind = kind
        self._gpu: Any = faiss.StandardGpuResources() if use_gpu else None
        self._ids = np.zeros(0, np.int64)
        self._alive = np.zeros(0, bool)
        self._rows: dict[int, int] = {}
        self._built: Kind = "flat"
        self._index: Any = self._empty("flat", 0)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def kind(self) -> Kind:
        """What the index is now; 'auto' and 'ivf' begin as 'flat'."""
        return self._built

    def add(self, ids: Sequence[int], vectors: np.ndarray) -> None:
        """`vectors`: (len(ids), dimensions), unit rows. An id that is there already is replaced."""
        if not len(ids):
            return
        vectors = np.ascontiguousarray(vectors, np.float32)
        if vectors.shape != (len(ids), self.dimensions):
            raise ConfigurationError(
                f"Vectors of shape {vectors.shape} do not fit an index of {self.dimensions} dimensions.",
                "Set embedding.model back to the model that made them, or load the documents again.",
            )
        self.remove(ids)
        start = len(self._ids)
        self._index.add(vectors)
        self._ids = np.concatenate([self._ids, np.asarray(ids, np.int64)])
        self._alive = np.concatenate([self._alive, np.ones(len(ids), bool)])
        self._rows.update(zip((int(i) for i in ids), range(start, start + len(ids)), strict=True))
        if self._wanted(len(self)) != self._built:
            self._rebuild()

    def remove(self, ids: Sequence[int]) -> None:
        """Ids that are not there are no error."""
        for key in ids:
            row = self._rows.pop(int(key), None)
            if row is not None:
                self._alive[row] = False
        dead = len(self._ids) - len(self._rows)
        if dead > 1000 and dead > COMPACT_SHARE * len(self._ids):
            self._rebuild()

    def search(
        self, vectors: np.ndarray, k: int, allowed_ids: Sequence[int] | np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(scores float32, ids int64), each (queries, m <= k), best first; ids -1 where fewer than m rows pass."""
        # OpenMP keeps this per thread, and threads make a single query slower.
        self._faiss.omp_set_num_threads(1)
        queries = np.ascontiguousarray(vectors, np.float32)
        if allowed_ids is not None:
            rows = np.array([self._rows[i] for i in map(int, allowed_ids) if i in self._rows], np.int64)
            if len(rows) <= EXACT_UP_TO or self._gpu is not None:
                return self._exact(queries, k, rows)
            mask = np.zeros(len(self._ids), bool)
            mask[rows] = True
        else:
            rows, mask = None, self._alive
        k = min(k, len(self) if rows is None else len(rows))
        if k <= 0:
            return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
        if self._gpu is not None:
            scores, found = self._index.search(queries, k + len(self._ids) - len(self))
            return self._alive_only(scores, found, k)
        scores, found = self._index.search(queries, k, params=self._parameters(mask))
        if rows is not None and (found < 0).any():
            return self._exact(queries, k, rows)
        return scores, np.where(found >= 0, self._ids[found], -1)

    def scores(self, vector: np.ndarray, ids: Sequence[int]) -> list[float]:
        """Cosine of one query with each of the ids, all of which are in the index."""
        if not len(ids):
            return []
        rows = np.array([self._rows[int(i)] for i in ids], np.int64)
        return [float(score) for score in self._vectors(rows) @ vector.astype(np.float32)]

    def save(self, folder: Path) -> None:
        """Writes `dense.faiss` and `dense.npy`; loading them needs no rebuild."""
        index = self._faiss.index_gpu_to_cpu(self._index) if self._gpu is not None else self._index
        self._faiss.write_index(index, str(folder / "dense.faiss"))
        np.save(folder / "dense.npy", np.stack([self._ids, self._alive.astype(np.int64)]), allow_pickle=False)

    def load(self, folder: Path) -> None:
        """Raises ValueError when the files do not belong to an index of this size."""
        try:
            index = self._faiss.read_index(str(folder / "dense.faiss"))
        except RuntimeError as error:
            raise ValueError(f"not a FAISS index: {error}") from error
        ids, alive = np.load(folder / "dense.npy", allow_pickle=False)
        if index.d != self.dimensions or index.ntotal != len(ids):
            raise ValueError(f"{index.ntotal} rows of {index.d} dimensions do not fit")
        self._built = "hnsw" if hasattr(self._faiss.downcast_index(index), "hnsw") else "flat"
        if self._built == "flat" and hasattr(self._faiss.downcast_index(index), "nprobe"):
            self._built = "ivf"
        self._index = self._placed(index)
        self._ids, self._alive = ids.copy(), alive.astype(bool)
        self._rows = {int(key): row for row, key in enumerate(ids) if alive[row]}
        if self._wanted(len(self)) != self._built:
            self._rebuild()

    def _wanted(self, rows: int) -> Kind:
        if self._kind == "auto":
            return "hnsw" if rows > FLAT_UP_TO and self._gpu is None else "flat"
        if self._kind == "ivf":
            return "ivf" if rows >= IVF_FROM else "flat"
        return self._kind

    def _empty(self, kind: Kind, rows: int) -> Any:
        faiss, metric = self._faiss, self._faiss.METRIC_INNER_PRODUCT
        if kind == "hnsw":
            index: Any = faiss.IndexHNSWFlat(self.dimensions, 32, metric)
            index.hnsw.efConstruction = 80
        elif kind == "ivf":
            index = faiss.index_factory(self.dimensions, f"IVF{int(2 * rows**0.5)},Flat", metric)
            index.make_direct_map(True)
        else:
            index = faiss.IndexFlatIP(self.dimensions)
        return self._placed(index)

    def _placed(self, index: Any) -> Any:
        return index if self._gpu is None else self._faiss.index_cpu_to_gpu(self._gpu, 0, index)

    def _parameters(self, mask: np.ndarray) -> Any:
        """Search breadth of the kind, and a selector unless every row may be found."""
        faiss = self._faiss
        options: dict[str, Any] = {}
        if not mask.all():
            bits = np.packbits(mask, bitorder="little")
            options["sel"] = faiss.IDSelectorBitmap(bits)
        if self._built == "hnsw":
            return faiss.SearchParametersHNSW(efSearch=128, **options)
        if self._built == "ivf":
            return faiss.SearchParametersIVF(nprobe=max(8, self._index.nlist // 10), **options)
        return faiss.SearchParameters(**options) if options else None

    def _alive_only(self, scores: np.ndarray, found: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        keep = [np.flatnonzero((row >= 0) & self._alive[row])[:k] for row in found]
        return (
            np.stack([scores[i][kept] for i, kept in enumerate(keep)]),
            np.stack([self._ids[found[i][kept]] for i, kept in enumerate(keep)]),
        )

    def _vectors(self, rows: np.ndarray) -> np.ndarray:
        return self._index.reconstruct_batch(rows) if len(rows) else np.zeros((0, self.dimensions), np.float32)

    def _exact(self, queries: np.ndarray, k: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        k = min(k, len(rows))
        blocks = [queries @ self._vectors(rows[i : i + BLOCK]).T for i in range(0, len(rows), BLOCK)]
        scores = np.concatenate(blocks, axis=1) if blocks else np.zeros((len(queries), 0), np.float32)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, order, axis=1), self._ids[rows][order]

    def _rebuild(self) -> None:
        """The living rows in a new index of the kind that fits their number."""
        rows = np.flatnonzero(self._alive)
        vectors = self._vectors(rows)
        self._built = self._wanted(len(rows))
        index = self._empty(self._built, len(rows))
        if self._built == "ivf":
            index.train(vectors)
        index.add(vectors)
        self._index, self._ids, self._alive = index, self._ids[rows], np.ones(len(rows), bool)
        self._rows = {int(key): row for row, key in enumerate(self._ids)}
