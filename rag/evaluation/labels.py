"""Document types on texts with a known type: by the descriptions, and after ten corrections a class, over random draws."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.adapters.classify_prototypes import PrototypeClassifier
from rag.adapters.label_head import calibration_error
from rag.analysis.labels import TYPE, Example, Head, LabelSet, label_set
from rag.errors import ConfigurationError
from rag.model import Classification

PER_CLASS = 10
DRAWS = 10


def evaluate_types(
    folder: Path,
    classifier: PrototypeClassifier,
    *,
    draws: int = DRAWS,
    per_class: int = PER_CLASS,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Macro-F1 over the classes of the file; the trained heads are scored on the texts that they were not trained on.

    A draw takes `per_class` texts of each class, at most half of a class. All labels of the built-in set can be said, also
    those that the file does not hold. Raises ConfigurationError.
    """
    texts, truth = _load(folder / "doctypes.jsonl.gz")
    classes = sorted(set(truth))
    labels = label_set(TYPE)
    progress("types: by the descriptions")
    plain = classifier.classify(texts, labels)
    result: dict[str, Any] = {
        "texts": len(texts),
        "classes": {name: truth.count(name) for name in classes},
        "zero_shot": _figures(truth, plain, classes),
    }
    trained, beside = [], []
    for draw in range(draws):
        progress(f"types: draw {draw + 1} of {draws}")
        seen = _draw(truth, classes, per_class, np.random.default_rng(draw))
        unseen = [at for at in range(len(texts)) if at not in seen]
        fitted = classifier.fit([Example(texts[at], truth[at]) for at in sorted(seen)], labels)
        head = LabelSet(labels.name, labels.labels, Head(draw + 1, fitted.data))
        found = classifier.classify([texts[at] for at in unseen], head)
        wanted = [truth[at] for at in unseen]
        trained.append(_figures(wanted, found, classes) | {"held_out_accuracy": fitted.accuracy})
        beside.append(_figures(wanted, [plain[at] for at in unseen], classes))
    result[f"after_{per_class}_labels"] = _spread(trained)
    result["zero_shot_on_the_same_texts"] = _spread(beside)
    return result


def _load(path: Path) -> tuple[list[str], list[str]]:
    if not path.exists():
        raise ConfigurationError(f"There is no '{path}'.", "Name the folder that holds `doctypes.jsonl.gz`.")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [row["text"] for row in rows], [row["type"] for row in rows]


def _draw(truth: Sequence[str], classes: Sequence[str], count: int, random: np.random.Generator) -> set[int]:
    seen: set[int] = set()
    for name in classes:
        places = random.permutation([at for at, label in enumerate(truth) if label == name])
        seen.update(places[: min(count, len(places) // 2)].tolist())
    return seen


def _figures(truth: Sequence[str], found: Sequence[Classification], classes: Sequence[str]) -> dict[str, float]:
    from sklearn.metrics import f1_score

    said = [one.label for one in found]
    right = np.array([label == wanted for label, wanted in zip(said, truth, strict=True)])
    return {
        "macro_f1": float(f1_score(truth, said, labels=list(classes), average="macro", zero_division=0)),
        "accuracy": float(right.mean()),
        "calibration_error": calibration_error(np.array([one.score for one in found]), right),
        "other": float(np.mean([label == "other" for label in said])),
    }


def _spread(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Mean, standard deviation and least of each figure over the draws."""
    return {"draws": len(rows)} | {
        name: {
            "mean": round(float(np.mean([row[name] for row in rows])), 4),
            "spread": round(float(np.std([row[name] for row in rows])), 4),
            "least": round(min(row[name] for row in rows), 4),
        }
        for name in (rows[0] if rows else {})
    }
