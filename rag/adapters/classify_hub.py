"""Zero-shot models of a hub behind the same classifier: natural language inference, and GLiClass.

They take the place of the descriptions' vote; what is learned from corrections works as before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rag.adapters.classify_prototypes import PrototypeClassifier
from rag.analysis.labels import LabelSet
from rag.errors import ConfigurationError
from rag.local import SyncEmbedder
from rag.runtime.weights import resolve
from rag.settings import Classifying
from rag.text import encodable

OPENING_CHARS = 1500
HYPOTHESIS = "This text is a {}."
ZeroShot = Callable[[Sequence[str], LabelSet], np.ndarray]


def build_classifier(own: Classifying, embedder: SyncEmbedder, cache_dir: Path) -> PrototypeClassifier:
    """The classifier that the settings name. Raises ConfigurationError."""
    if own.engine == "prototypes":
        return PrototypeClassifier(embedder, labels=own.labels)
    if not own.zero_shot_model:
        raise ConfigurationError(
            f"`classifying.engine` is {own.engine} and no model is named.", "Set classifying.zero_shot_model."
        )
    path, gpu = resolve(own.zero_shot_model, cache_dir=cache_dir), own.scaling.gpus > 0
    zero_shot = inference_model(path, gpu=gpu) if own.engine == "nli" else gliclass_model(path, gpu=gpu)
    name = f"{own.engine}:{Path(path).name}"
    return PrototypeClassifier(embedder, labels=own.labels, zero_shot=zero_shot, name=name)


def inference_model(path: str, *, gpu: bool = False, batch_size: int = 8) -> ZeroShot:
    """A transformers model trained on NLI: does the text entail "This text is a <label>."?"""
    from transformers import pipeline

    try:
        run = pipeline("zero-shot-classification", model=path, device=0 if gpu else -1)
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error

    def score(texts: Sequence[str], labels: LabelSet) -> np.ndarray:
        shown = [encodable(text[:OPENING_CHARS]).strip() or "." for text in texts]
        names = list(labels.names)
        found = run(shown, names, hypothesis_template=HYPOTHESIS, batch_size=batch_size, truncation=True)
        return _rows([dict(zip(one["labels"], one["scores"], strict=True)) for one in found], labels)

    return score


def gliclass_model(path: str, *, gpu: bool = False) -> ZeroShot:
    """A GLiClass model: all labels in one pass. Its package is not part of the installation."""
    try:
        from gliclass import GLiClassModel, ZeroShotClassificationPipeline
        from transformers import AutoTokenizer
    except ImportError as error:
        raise ConfigurationError(
            "The package `gliclass` is not installed.", "Install it: pip install gliclass; or set classifying.engine."
        ) from error
    try:
        model, tokenizer = GLiClassModel.from_pretrained(path), AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error
    run = ZeroShotClassificationPipeline(
        # Single-label gives the best label alone; the others' scores are wanted too.
        model,
        tokenizer,
        classification_type="multi-label",
        device="cuda:0" if gpu else "cpu",
        progress_bar=False,
    )

    def score(texts: Sequence[str], labels: LabelSet) -> np.ndarray:
        shown = [encodable(text[:OPENING_CHARS]).strip() or "." for text in texts]
        found = run(shown, list(labels.names), threshold=0.0)
        return _rows([{one["label"]: _odds(one["score"]) for one in each} for each in found], labels)

    return score


def _odds(score: float) -> float:
    """Shares of the odds are the softmax over the labels, whose logits a score (0..1) is the sigmoid of."""
    return score / max(1.0 - score, 1e-6)


def _rows(found: list[dict[str, float]], labels: LabelSet) -> np.ndarray:
    """(texts, labels), rows sum to 1."""
    rows = np.array([[one.get(label, 0.0) for label in labels.names] for one in found], dtype=np.float64)
    return np.asarray(rows / np.maximum(rows.sum(1, keepdims=True), 1e-12))


def _unusable(path: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"The zero-shot model '{path}' cannot be loaded: {error}", "Correct classifying.zero_shot_model."
    )
