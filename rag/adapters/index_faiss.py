"""Dense index over FAISS: cosine as the inner product of unit rows; filters work inside the search."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rag.errors import ConfigurationError

Kind = Literal["auto", "flat", "pq", "hnsw", "ivf"]
Precision = Literal["auto", "float32", "float16", "int8"]
FLAT_UP_TO = 20_000
"""'auto' compares every row up to this many, then codes of every row first ('pq'): cells and graphs lose what they should
find. docs/retrieval.md has the table."""
CPU_ONLY = ("hnsw", "pq")
GPU_FLAT_UP_TO = 5_000_000
"""A GPU compares this many rows exactly in milliseconds; above, 'auto' becomes cells."""
IVF_FROM = 5_000
"""Fewer rows cannot train cells; 'ivf' is exact below."""
PQ_FROM = 1_000
"""The same of 'pq'."""
IVF_TRAIN_PER_CELL = 64
PQ_TRAIN = 20_000
PQ_REFINED, PQ_REFINED_LEAST = 8, 1600
"""How many rows, best by their codes, are compared by their vectors: so many for each that is asked for, and no fewer."""
GROWN = 4
"""Codes and cells are made anew when they hold so many times the rows that they were made for."""
EXACT_UP_TO = 20_000
"""A filter that lets fewer rows pass is answered exactly, row by row: graphs and cells lose most of a narrow filter."""
EF_SEARCH = 128
PROBES, PROBES_SHARE = 64, 5
"""Cells looked into: every fifth, and no fewer than that. Of real sentences every twentieth held 0.91 of the ten nearest."""
WIDEST = 8
"""How many times broader a search becomes when a filter hides most of the rows; codes are not asked where it hides more."""
COMPACT_SHARE, COMPACT_FROM = 0.25, 1000
GPU_MOST = 2048
"""Most neighbours that a GPU index returns."""
BLOCK = 8192


class FaissIndex:
    """Rows are only appended; removed ones are skipped by a selector. When the structure no longer fits (too many rows for
    it, a quarter of them dead) the index says `outgrown` and goes on; `rebuilt` makes the fitting one beside it.

    Not thread-safe: rag/retrieval/retrieve.py holds one lock over reads and writes, and swaps.
    """

    def __init__(
        self, dimensions: int, kind: Kind = "auto", *, precision: Precision = "auto", use_gpu: bool = False
    ) -> None:
        """`precision` of the stored vectors: 'auto' is float16, whose recall@10 is that of float32 to three places."""
        import faiss

        if use_gpu and not hasattr(faiss, "StandardGpuResources"):
            raise ConfigurationError(
                "The installed FAISS has no GPU support.", "Install faiss-gpu, or set retrieval.scaling.gpus to 0."
            )
        if use_gpu and kind in CPU_ONLY:
            raise ConfigurationError(f"FAISS has no '{kind}' on GPUs.", "Set retrieval.index to auto, flat or ivf.")
        self._faiss: Any = faiss
        self.dimensions = dimensions
        self._kind: Kind = kind
        self._precision: Precision = precision
        self._gpu: Any = faiss.StandardGpuResources() if use_gpu else None
        self._built: Kind = self._wanted(0)
        self._index: Any = self._placed(self._empty(self._built, 0))
        self._made_for = 0
        self._ids = np.zeros(0, np.int64)
        self._alive = np.zeros(0, bool)
        self._count = 0
        self._order: np.ndarray | None = None
        self._bits: np.ndarray | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def kind(self) -> Kind:
        """What the index is now; 'auto' and 'ivf' begin as 'flat'."""
        return self._built

    @property
    def ids(self) -> np.ndarray:
        """int64 ids of the living rows, in the order in which they came."""
        return self._ids[self._alive]

    @property
    def outgrown(self) -> bool:
        """Another structure would fit better: time for `rebuilt`. Searches stay right meanwhile, only slower."""
        dead = len(self._ids) - self._count
        if self._built in ("ivf", "pq") and self._count >= GROWN * self._made_for:
            return True
        return self._wanted(self._count) != self._built or (
            dead > COMPACT_FROM and dead > (0.0 if self._gpu is not None else COMPACT_SHARE) * len(self._ids)
        )

    def add(self, ids: Sequence[int] | np.ndarray, vectors: np.ndarray) -> None:
        """`vectors`: (len(ids), dimensions), unit rows. An id that is there already is replaced."""
        if not len(ids):
            return
        new = np.asarray(ids, np.int64)
        vectors = np.ascontiguousarray(vectors, np.float32)
        if vectors.shape != (len(new), self.dimensions):
            raise ConfigurationError(
                f"Vectors of shape {vectors.shape} do not fit an index of {self.dimensions} dimensions.",
                "Run `redwell reindex`, or set embedding.model back to the model that made them.",
            )
        self.remove(new)
        if not self._index.is_trained:  # int8 steps are fitted to the first rows
            self._index.train(vectors)
        self._index.add(vectors)
        self._ids = np.concatenate([self._ids, new])
        self._alive = np.concatenate([self._alive, np.ones(len(new), bool)])
        self._changed()

    def remove(self, ids: Sequence[int] | np.ndarray) -> None:
        """Ids that are not there are no error."""
        rows = self._rows_of(ids)
        if len(rows):
            self._alive[rows] = False
            self._changed()

    def search(
        self, vectors: np.ndarray, k: int, allowed_ids: Sequence[int] | np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(scores float32, ids int64), each (queries, m <= k), best first; ids -1 where fewer than m rows pass."""
        # OpenMP keeps this per thread, and threads make a single query slower.
        self._faiss.omp_set_num_threads(1)
        queries = np.ascontiguousarray(vectors, np.float32)
        rows = None if allowed_ids is None else self._rows_of(allowed_ids)
        k = min(k, self._count if rows is None else len(rows))
        if k <= 0:
            return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
        if self._gpu is not None:
            return self._search_gpu(queries, k, rows)
        if rows is not None and len(rows) <= EXACT_UP_TO:
            return self._exact(queries, k, rows)
        if self._built == "pq":
            return self._search_codes(queries, k, rows)
        scores, found = self._index.search(queries, k, params=self._parameters(rows))
        short = (found < 0).any()
        if short:
            return self._exact(queries, k, rows)
        return scores, self._ids[found]

    def scores(self, vector: np.ndarray, ids: Sequence[int]) -> list[float | None]:
        """Cosine of one query with each of the ids; None for an id that is not there."""
        if not len(ids):
            return []
        rows = self._find(np.asarray(ids, np.int64))
        known = rows >= 0
        scores = iter((self._vectors(rows[known]) @ vector.astype(np.float32)).tolist())
        return [next(scores) if here else None for here in known]

    def rebuilt(self, reading: AbstractContextManager[Any] | None = None, *, threads: int | None = None) -> FaissIndex:
        """A new index of the living rows in the structure that fits their number. `reading` is held while rows are read,
        block by block, never while the structure is made. Rows that come or go meanwhile are for `follow`."""
        gate = reading or nullcontext()
        with gate:
            rows = np.flatnonzero(self._alive)
            ids = self._ids[rows]

        def block(places: np.ndarray) -> np.ndarray:
            with gate:
                return self._vectors(rows[places])

        # Half of the cores build, the others answer.
        self._faiss.omp_set_num_threads(threads or max(1, (os.cpu_count() or 1) // 2))
        return self._fresh(ids, block)

    def filled(self, ids: np.ndarray, vectors: np.ndarray) -> FaissIndex:
        """A new index of these rows in the structure that fits their number, on as many threads as OpenMP has."""
        return self._fresh(np.asarray(ids, np.int64), lambda places: np.ascontiguousarray(vectors[places], np.float32))

    def _fresh(self, ids: np.ndarray, block: Callable[[np.ndarray], np.ndarray]) -> FaissIndex:
        """`block` gives the vectors of the places (0..len(ids)) asked for."""
        new = FaissIndex(self.dimensions, self._kind, precision=self._precision, use_gpu=self._gpu is not None)
        new._built = self._wanted(len(ids))
        index = new._empty(new._built, len(ids))
        if not index.is_trained:
            index.train(block(np.sort(np.random.default_rng(0).permutation(len(ids))[: self._training_rows(index)])))
        for start in range(0, len(ids), BLOCK):
            index.add(block(np.arange(start, min(start + BLOCK, len(ids)))))
        new._index, new._ids, new._alive = new._placed(index), ids, np.ones(len(ids), bool)
        new._made_for = len(ids)
        new._changed()
        return new

    def follow(self, other: FaissIndex) -> None:
        """Hold what `other` holds now, by id: what came or went since this one was made of it."""
        mine, theirs = self.ids, other.ids
        self.remove(np.setdiff1d(mine, theirs))
        missing = np.setdiff1d(theirs, mine)
        self.add(missing, other._vectors(other._rows_of(missing)))

    def save(self, folder: Path) -> None:
        """Writes `dense.faiss` and `dense.npz`; loading them needs no rebuild."""
        index = self._faiss.index_gpu_to_cpu(self._index) if self._gpu is not None else self._index
        self._faiss.write_index(index, str(folder / "dense.faiss"))
        np.savez(folder / "dense.npz", ids=self._ids, alive=self._alive, made_for=np.int64(self._made_for))

    def load(self, folder: Path) -> None:
        """Raises ValueError when the files do not belong to an index of this size."""
        try:
            index = self._faiss.read_index(str(folder / "dense.faiss"))
        except RuntimeError as error:
            raise ValueError(f"not a FAISS index: {error}") from error
        with np.load(folder / "dense.npz", allow_pickle=False) as rows:
            ids, alive, made_for = rows["ids"], rows["alive"], int(rows["made_for"])
        if index.d != self.dimensions or index.ntotal != len(ids):
            raise ValueError(f"{index.ntotal} rows of {index.d} dimensions do not fit")
        plain = self._faiss.downcast_index(index)
        kinds: dict[str, Kind] = {"hnsw": "hnsw", "nprobe": "ivf", "refine_index": "pq"}
        self._built = next((kind for attribute, kind in kinds.items() if hasattr(plain, attribute)), "flat")
        if self._gpu is not None and self._built in CPU_ONLY:
            raise ValueError(f"'{self._built}' cannot be placed on a GPU")
        self._index = self._placed(index)
        self._ids, self._alive, self._made_for = ids, alive, made_for
        self._changed()

    # ------------------------------------------------------------------------------------------------------ structure

    def _wanted(self, rows: int) -> Kind:
        if self._kind == "auto":
            if self._gpu is not None:
                return "ivf" if rows > GPU_FLAT_UP_TO else "flat"
            return "pq" if rows > FLAT_UP_TO else "flat"
        if self._kind == "ivf":
            return "ivf" if rows >= IVF_FROM else "flat"
        if self._kind == "pq":
            return "pq" if rows >= PQ_FROM else "flat"
        return self._kind

    def _empty(self, kind: Kind, rows: int) -> Any:
        """An index of `kind` for about `rows` rows, in main memory."""
        faiss, metric = self._faiss, self._faiss.METRIC_INNER_PRODUCT
        precision = "float16" if self._precision == "auto" else self._precision
        kinds = {"float16": faiss.ScalarQuantizer.QT_fp16, "int8": faiss.ScalarQuantizer.QT_8bit}
        code, named = kinds.get(precision), {"float32": "Flat", "float16": "SQfp16", "int8": "SQ8"}[precision]
        if kind == "hnsw":
            plain = faiss.IndexHNSWFlat(self.dimensions, 32, metric)
            index: Any = plain if code is None else faiss.IndexHNSWSQ(self.dimensions, code, 32, metric)
            index.hnsw.efConstruction = 80
        elif kind == "pq":
            # Four bits for every four coordinates, which fit the processor's registers; the vectors themselves beside them.
            width = next(width for width in (4, 2, 1) if self.dimensions % width == 0)
            index = faiss.index_factory(self.dimensions, f"PQ{self.dimensions // width}x4fs,Refine({named})", metric)
        elif kind == "ivf":
            index = faiss.index_factory(self.dimensions, f"IVF{_cells(rows)},{named}", metric)
            index.make_direct_map(True)
        elif code is None:
            index = faiss.IndexFlatIP(self.dimensions)
        else:
            index = faiss.IndexScalarQuantizer(self.dimensions, code, metric)
        if precision == "float16" and not index.is_trained and kind not in ("ivf", "pq"):
            index.train(np.zeros((1, self.dimensions), np.float32))  # halves have no steps to fit
        return index

    def _training_rows(self, index: Any) -> int:
        return IVF_TRAIN_PER_CELL * int(getattr(index, "nlist", 0)) or PQ_TRAIN

    def _placed(self, index: Any) -> Any:
        if self._gpu is None:
            return index
        options = self._faiss.GpuClonerOptions()
        options.useFloat16 = self._precision in ("auto", "float16")
        return self._faiss.index_cpu_to_gpu(self._gpu, 0, index, options)

    # ------------------------------------------------------------------------------------------------------ searching

    def _parameters(self, rows: np.ndarray | None) -> Any:
        """Search breadth of the kind, broader where a filter hides much, and a selector unless every row may be found."""
        faiss = self._faiss
        options: dict[str, Any] = {}
        wider = 1.0
        if rows is not None:
            options["sel"] = self._selector(rows)
            wider = min(WIDEST, self._count / len(rows))
        elif self._count < len(self._ids):
            if self._bits is None:
                self._bits = np.packbits(self._alive, bitorder="little")
            options["sel"] = faiss.IDSelectorBitmap(self._bits)
        if self._built == "hnsw":
            return faiss.SearchParametersHNSW(efSearch=int(EF_SEARCH * wider), **options)
        if self._built == "ivf":
            return faiss.SearchParametersIVF(nprobe=min(self._index.nlist, int(self._probes * wider)), **options)
        return faiss.SearchParameters(**options) if options else None

    @property
    def _probes(self) -> int:
        return min(int(self._index.nlist), max(PROBES, self._index.nlist // PROBES_SHARE))

    def _selector(self, rows: np.ndarray) -> Any:
        return self._faiss.IDSelectorBitmap(np.packbits(self._mask(rows), bitorder="little"))

    def _search_codes(self, queries: np.ndarray, k: int, rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Codes know no selector: more are asked for, and those that may not be found left out."""
        passing = self._count if rows is None else len(rows)
        wider = len(self._ids) / passing
        if wider <= WIDEST:
            wanted = k if wider == 1.0 else min(len(self._ids), int(1.5 * k * wider) + 16)
            refined = max(PQ_REFINED * k, PQ_REFINED_LEAST) * wider
            breadth = self._faiss.IndexRefineSearchParameters(k_factor=max(1.0, refined / wanted))
            scores, found = self._index.search(queries, wanted, params=breadth)
            passes = self._alive if rows is None else self._mask(rows)
            if (kept := self._kept(scores, found, passes, k)) is not None:
                return kept
        return self._exact(queries, k, rows)

    def _search_gpu(self, queries: np.ndarray, k: int, rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """GPU indexes know no selector: filters are compared row by row, the dead are asked for too and left out."""
        wanted = k + len(self._ids) - self._count
        if rows is None and wanted <= GPU_MOST:
            if self._built == "ivf":
                self._index.nprobe = min(GPU_MOST, self._probes)
            scores, found = self._index.search(queries, wanted)
            if (kept := self._kept(scores, found, self._alive, k)) is not None:
                return kept
        return self._compared(queries, k, self._passing(rows))

    def _kept(
        self, scores: np.ndarray, found: np.ndarray, passes: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """The first k rows of each query that pass, by their ids; None where one has fewer."""
        keep = [np.flatnonzero((row >= 0) & passes[row])[:k] for row in found]
        if any(len(kept) < k for kept in keep):
            return None
        order = np.stack(keep)
        return np.take_along_axis(scores, order, 1), self._ids[np.take_along_axis(found, order, 1)]

    def _exact(self, queries: np.ndarray, k: int, rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The k best of the rows, or of all, each of which is compared."""
        faiss, selector = self._faiss, self._selector(self._passing(rows))
        if self._built == "ivf":
            everywhere = faiss.SearchParametersIVF(nprobe=self._index.nlist, sel=selector)
        else:
            everywhere = faiss.SearchParameters(sel=selector)
        scores, found = self._plain.search(queries, k, params=everywhere)
        return scores, self._ids[found]

    def _passing(self, rows: np.ndarray | None) -> np.ndarray:
        return np.flatnonzero(self._alive) if rows is None else rows

    def _compared(self, queries: np.ndarray, k: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same where the index takes no selector."""
        k = min(k, len(rows))
        blocks = [queries @ self._vectors(rows[i : i + BLOCK]).T for i in range(0, len(rows), BLOCK)]
        scores = np.concatenate(blocks, axis=1) if blocks else np.zeros((len(queries), 0), np.float32)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, order, axis=1), self._ids[rows][order]

    @property
    def _plain(self) -> Any:
        """The rows' own vectors, under codes or a graph."""
        inner = {"pq": "refine_index", "hnsw": "storage"}.get(self._built)
        return self._index if inner is None else self._faiss.downcast_index(getattr(self._index, inner))

    def _vectors(self, rows: np.ndarray) -> np.ndarray:
        return self._plain.reconstruct_batch(rows) if len(rows) else np.zeros((0, self.dimensions), np.float32)

    # ------------------------------------------------------------------------------------------------------ ids and rows

    def _changed(self) -> None:
        self._count = int(self._alive.sum())
        self._bits = None
        if self._order is None or len(self._order) != len(self._ids):
            ascending = bool((np.diff(self._ids) > 0).all())
            self._order = None if ascending else np.argsort(self._ids, kind="stable")

    def _find(self, ids: np.ndarray) -> np.ndarray:
        """Row of each id, -1 where it is not there. Of rows with the same id the last one counts."""
        if not len(self._ids):
            return np.full(len(ids), -1, np.int64)
        places = np.searchsorted(self._ids, ids, side="right", sorter=self._order) - 1
        rows = places if self._order is None else self._order[places]
        return np.where((places >= 0) & (self._ids[rows] == ids) & self._alive[rows], rows, -1)

    def _rows_of(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Rows of the ids that are there, each once, ascending."""
        rows = self._find(np.asarray(ids, np.int64))
        return np.flatnonzero(self._mask(rows[rows >= 0]))

    def _mask(self, rows: np.ndarray) -> np.ndarray:
        mask = np.zeros(len(self._ids), bool)
        mask[rows] = True
        return mask


def _cells(rows: int) -> int:
    return max(1, min(rows, int(2 * rows**0.5)))
