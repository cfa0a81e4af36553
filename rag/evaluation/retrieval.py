"""`redwell eval retrieval`: how well questions find their passages, on a BEIR-like folder with judgements (SciFact)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rag.adapters.index_faiss import FaissIndex
from rag.adapters.lexical_tantivy import LexicalRow, TantivyIndex
from rag.errors import ConfigurationError
from rag.retrieval.fusion import DENSE_WEIGHT, blend, reciprocal_rank_fusion


class Embeds(Protocol):
    dimensions: int

    def embed(self, texts: Sequence[str]) -> np.ndarray: ...


def evaluate_scifact(
    evaldata: Path, embedder: Embeds, *, vectors: np.ndarray | None = None, depth: int = 100, queries: int | None = None
) -> dict[str, dict[str, float]]:
    """{'bm25' | 'dense' | 'rrf' | 'hybrid': {'nDCG@10', 'R@100', 'RR@10'}} by ir-measures over SciFact's claims.

    `vectors` are the corpus's embeddings when they are at hand already. `hybrid` is what the product does.
    """
    corpus, claims, judged = load_scifact(evaldata)
    claims = claims[:queries]
    texts = [f"{row['title']}\n{row['text']}" for row in corpus]
    if vectors is None:
        vectors = embedder.embed(texts)
    dense_index = FaissIndex(embedder.dimensions, "flat")
    dense_index.add(range(len(texts)), vectors)
    lexical_index = TantivyIndex()
    lexical_index.add([LexicalRow(i, str(i), "scifact", text) for i, text in enumerate(texts)])
    lexical_index.commit()
    asked = embedder.embed([claim["text"] for claim in claims])
    runs: dict[str, dict[str, dict[str, float]]] = {"bm25": {}, "dense": {}, "rrf": {}, "hybrid": {}}
    for claim, vector in zip(claims, asked, strict=True):
        scores, ids = dense_index.search(vector[None], depth)
        dense = {int(i): float(s) for i, s in zip(ids[0], scores[0], strict=True)}
        lexical = dict(lexical_index.search(claim["text"], depth))
        missing = [key for key in lexical if key not in dense]
        cosines = dense_index.scores(vector, missing)
        both = dense | {key: cosine for key, cosine in zip(missing, cosines, strict=True) if cosine is not None}
        for name, found in (
            ("bm25", lexical),
            ("dense", dense),
            ("rrf", reciprocal_rank_fusion([list(dense), list(lexical)])),
            ("hybrid", blend(both, lexical, dense_weight=DENSE_WEIGHT)),
        ):
            runs[name][str(claim["_id"])] = {corpus[key]["_id"]: score for key, score in found.items()}
    wanted = {str(claim["_id"]) for claim in claims}
    return {name: measured({k: v for k, v in judged.items() if k in wanted}, run) for name, run in runs.items()}


def measured(judged: dict[str, dict[str, int]], run: dict[str, dict[str, float]]) -> dict[str, float]:
    """{'nDCG@10', 'R@100', 'RR@10'} of a run: claim -> text -> score."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    found = ir_measures.calc_aggregate([nDCG @ 10, R @ 100, RR @ 10], judged, run)
    return {str(measure): round(float(value), 4) for measure, value in found.items()}


def load_scifact(evaldata: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, dict[str, int]]]:
    """(texts, claims that are judged, claim -> text -> grade), as the files have them. Raises ConfigurationError."""
    folder = Path(evaldata) / "scifact"
    if not (folder / "corpus.jsonl.gz").exists():
        raise ConfigurationError(f"There is no SciFact in '{folder}'.", "Name the folder that holds `scifact/`.")
    with gzip.open(folder / "corpus.jsonl.gz", "rt") as file:
        corpus = [json.loads(line) for line in file]
    claims = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    judged: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines():
        query, document, *rest = line.split("\t")
        if rest and rest[-1].lstrip("-").isdigit():
            judged.setdefault(query, {})[document] = int(rest[-1])
    return corpus, [claim for claim in claims if str(claim["_id"]) in judged], judged
