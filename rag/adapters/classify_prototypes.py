"""Labels by sentence embeddings: nearest descriptions with cue words out of the box, a trained head where there is one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.adapters.label_head import train, unpack
from rag.analysis.document_types import CUES, DOCUMENT_TYPES, NAME_CUES, OTHER_TITLE, STRONG
from rag.analysis.labels import OTHER, TYPE, Example, LabelSet, Trained, label_set
from rag.local import SyncEmbedder
from rag.model import Classification, Label

OPENING_CHARS = 1200
PIECES, PIECE_CHARS = 4, 700
STRONG_CHARS = 1500
STRONG_BONUS = 0.1
TITLE_LINES = 6
TITLE_CHARS = 70
TEMPERATURE = 0.05
CUE_WEIGHT = 0.035
CUE_SCALE = 4.0
"""Brings the cues to the size of the embeddings, so that one strength of regularisation suits both."""
MIN_WORDS = 3
"""A text of fewer words says nothing of its type."""
_WORD = re.compile(r"[^\W\d_]{2,}")
OTHER_BELOW = 0.2
"""A best cosine (with cues) under this is 'other'."""
UNSURE = 0.35
"""A trained head whose best probability is under this says 'other'."""


@dataclass(frozen=True, eq=False)
class _Prototypes:
    owner: np.ndarray
    """Of each description, the index of its label."""
    vectors: np.ndarray


class PrototypeClassifier:
    """`zero_shot(texts, labels)` takes the place of the descriptions' vote: (texts, labels) probabilities."""

    def __init__(
        self,
        embedder: SyncEmbedder,
        *,
        labels: Mapping[str, str] | None = None,
        zero_shot: Callable[[Sequence[str], LabelSet], np.ndarray] | None = None,
        name: str = "prototypes",
    ) -> None:
        self._embedder = embedder
        self._default = label_set(TYPE, labels or DOCUMENT_TYPES)
        self._known: dict[tuple[tuple[str, str], ...], _Prototypes] = {}
        self._zero_shot_by = zero_shot
        self.version = f"{name}/3/{embedder.version}"
        self._prototypes(self._default)

    def classify(self, texts: Sequence[str], labels: LabelSet | None = None) -> list[Classification]:
        own = labels or self._default
        if not texts:
            return []
        head = unpack(own.head.data) if own.head else None
        if own.head is None or head is None or head.made_for != self._made_for(own):
            return self._zero_shot(texts, own)
        found = head.probabilities(self._features(texts, own))
        version = f"{self.version}+{own.version}"
        return [
            self._trained(row, head.classes, own, version) if _speaks(text) else self._nothing(own, version)
            for row, text in zip(found, texts, strict=True)
        ]

    def classify_name(self, filename: str, metadata: str) -> Classification:
        """Of the default set: other sets have no words that names hold."""
        spaced = re.sub(r"[_\-]+", " ", f"{filename} {metadata}").casefold()
        names = self._default.names
        logits = np.array([1.0 if re.search(NAME_CUES.get(label, r"(?!)"), spaced) else 0.0 for label in names])
        return _spread(logits * 4.0, names, other=0.5, version=self.version)

    def fit(self, examples: Sequence[Example], labels: LabelSet) -> Trained:
        """Raises InvalidInput with too few examples."""
        texts, wanted = [example.text for example in examples], [example.label for example in examples]
        described = [(label, text) for label, joined in labels.labels for text in joined.split("|")]
        return train(
            self._features(texts, labels),
            wanted,
            self._features([text for _, text in described], labels),
            [label for label, _ in described],
            baseline=[found.label for found in self._zero_shot(texts, labels)],
            made_for=self._made_for(labels),
        )

    def _zero_shot(self, texts: Sequence[str], own: LabelSet) -> list[Classification]:
        if self._zero_shot_by is not None:
            rows = self._zero_shot_by(texts, own)
            return [
                self._trained(row, own.names, own, self.version) if _speaks(text) else self._nothing(own, self.version)
                for row, text in zip(rows, texts, strict=True)
            ]
        nearest = self._nearest(texts, own)
        return [
            self._decide(row + _cues(text, own), text, own) if _speaks(text) else self._nothing(own, self.version)
            for row, text in zip(nearest, texts, strict=True)
        ]

    def _nearest(self, texts: Sequence[str], own: LabelSet) -> np.ndarray:
        """(texts, labels): a label is as near as its nearest description."""
        known = self._prototypes(own)
        cosines = self._embedder.embed([text[:OPENING_CHARS] for text in texts]) @ known.vectors.T
        return np.stack([cosines[:, known.owner == index].max(1) for index in range(len(own.labels))], axis=1)

    def _features(self, texts: Sequence[str], own: LabelSet) -> np.ndarray:
        """(texts, dimensions + 2 labels): mean vector of the text's pieces, nearness to each label, its cue words."""
        pieces = [
            (index, text[start : start + PIECE_CHARS])
            for index, text in enumerate(texts)
            for start in range(0, max(1, min(len(text), PIECES * PIECE_CHARS)), PIECE_CHARS)
        ]
        vectors = self._embedder.embed([piece for _, piece in pieces])
        owner = np.array([index for index, _ in pieces])
        means = np.stack([vectors[owner == index].mean(0) for index in range(len(texts))])
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        cues = np.stack([_cues(text, own) for text in texts])
        return np.hstack([means, self._nearest(texts, own), cues * CUE_SCALE])

    def _prototypes(self, own: LabelSet) -> _Prototypes:
        if own.labels not in self._known:
            described = [(at, text) for at, (_, joined) in enumerate(own.labels) for text in joined.split("|")]
            vectors = self._embedder.embed([text for _, text in described])
            self._known[own.labels] = _Prototypes(np.array([at for at, _ in described]), vectors)
        return self._known[own.labels]

    def _made_for(self, own: LabelSet) -> str:
        described = "\n".join(f"{label}\t{text}" for label, text in own.labels)
        return f"{self.version}/{hashlib.sha256(described.encode()).hexdigest()[:16]}"

    def _trained(self, row: np.ndarray, classes: Sequence[str], own: LabelSet, version: str) -> Classification:
        by_class = dict(zip(classes, row.tolist(), strict=True))
        values = np.array([by_class.get(label, 0.0) for label in own.names])
        other = by_class.get(OTHER, 0.0)
        if max(float(values.max()), other) < UNSURE:
            other = UNSURE
        # Where the head is sure, 'other' takes nothing from its calibrated probabilities.
        return _spread(
            np.log(np.maximum(values, 1e-9)), own.names, other=float(np.log(max(other, 1e-9))), version=version
        )

    def _decide(self, scores: np.ndarray, text: str, own: LabelSet) -> Classification:
        other = OTHER_BELOW
        if own.name == TYPE and OTHER_TITLE.search(_title(text.casefold())):
            other += float(scores.max())
        return _spread(scores / TEMPERATURE, own.names, other=other / TEMPERATURE, version=self.version)

    def _nothing(self, own: LabelSet, version: str) -> Classification:
        return _spread(np.zeros(len(own.labels)), own.names, other=OTHER_BELOW / TEMPERATURE, version=version)


def _speaks(text: str) -> bool:
    return len(_WORD.findall(text[:OPENING_CHARS])) >= MIN_WORDS


def _cues(text: str, own: LabelSet) -> np.ndarray:
    """(labels,): what a text says of itself; zeros for labels other than the built-in types."""
    if own.name != TYPE:
        return np.zeros(len(own.labels), np.float32)
    sample = text[:3000].casefold()
    hits = [len(set(re.findall(CUES[label], sample))) if label in CUES else 0 for label in own.names]
    opening = sample[:STRONG_CHARS]
    title = _title(sample)
    strong = [
        float(bool(STRONG.get(label) and re.search(STRONG[label], opening, re.S)))
        + float(bool(title and label in NAME_CUES and re.search(rf"\b(?:{NAME_CUES[label]})", title)))
        for label in own.names
    ]
    return CUE_WEIGHT * np.minimum(np.array(hits, np.float32), 5) + STRONG_BONUS * np.array(strong, np.float32)


def _spread(logits: np.ndarray, names: Sequence[str], *, other: float, version: str) -> Classification:
    """Softmax over the labels and 'other'."""
    values = np.append(logits, other)
    weights = np.exp(values - values.max())
    weights /= weights.sum()
    ranked = sorted(zip([*names, OTHER], weights.tolist(), strict=True), key=lambda item: -item[1])
    scores = tuple(Label(label, score) for label, score in ranked)
    return Classification(scores[0].label, scores[0].score, scores, version)


def _title(text: str) -> str:
    """The short lines that a document begins with; '' when it begins with prose."""
    lines = [line.strip() for line in text[:600].split("\n") if line.strip()][:TITLE_LINES]
    if any(line.startswith(("from:", "subject:")) for line in lines):
        # An e-mail's subject names what it is about, not what it is.
        return ""
    return "\n".join(line for line in lines if len(line) <= TITLE_CHARS)
