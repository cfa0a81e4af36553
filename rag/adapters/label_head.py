"""Logistic regression over a label set's features: trained and measured with scikit-learn, stored and applied as plain numbers.

Stored as a NumPy archive without pickles: bytes from the database never become code.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rag.analysis.labels import Trained
from rag.errors import InvalidInput

STRENGTH = 10.0
"""scikit-learn's C: how little the weights are held down."""
PRIOR_WEIGHT = 0.3
"""What all descriptions of one label count beside one corrected text: they stand for labels that nobody corrected to yet."""
FOLDS = 5
REPEATS = 3
LEAST_EXAMPLES = 8
UNLIKELY = -30.0
TEMPERATURES = np.geomspace(0.2, 5.0, 41)
SEED = 20


@dataclass(frozen=True, eq=False)
class LogisticHead:
    classes: tuple[str, ...]
    coefficients: np.ndarray
    """float32 (classes, features)"""
    intercepts: np.ndarray
    temperature: float
    made_for: str
    """Names the labels and the features: a head is applied to nothing else."""

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(texts, classes), rows sum to 1; calibrated by the temperature."""
        return softmax((features @ self.coefficients.T + self.intercepts) / self.temperature)

    def pack(self) -> bytes:
        out = io.BytesIO()
        np.savez(
            out,
            classes=np.array(self.classes),
            coefficients=self.coefficients.astype(np.float32),
            intercepts=self.intercepts.astype(np.float32),
            temperature=np.float64(self.temperature),
            made_for=np.array(self.made_for),
        )
        return out.getvalue()


@lru_cache(maxsize=64)
def unpack(data: bytes) -> LogisticHead:
    """Raises InvalidInput when the bytes are no head."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return LogisticHead(
                tuple(stored["classes"].tolist()),
                stored["coefficients"],
                stored["intercepts"],
                float(stored["temperature"]),
                str(stored["made_for"]),
            )
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise InvalidInput("A stored label model cannot be read.", "Train it again: `redwell labels train`.") from error


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def train(
    features: np.ndarray,
    labels: list[str],
    prior: np.ndarray,
    prior_labels: list[str],
    *,
    baseline: list[str],
    made_for: str,
) -> Trained:
    """Fit on all examples; accuracy, its spread and the temperature come from examples that were held out.

    `prior` are the features of the descriptions, at least one a label; `baseline` what the descriptions alone say of the
    examples. Raises InvalidInput with fewer than LEAST_EXAMPLES examples or one label only.
    """
    y, prior_y = np.array(labels), np.array(prior_labels)
    if len(y) < LEAST_EXAMPLES or len(set(labels)) < 2:
        raise InvalidInput(
            f"There are {len(y)} corrected documents with {len(set(labels))} labels.",
            f"Correct (or confirm) at least {LEAST_EXAMPLES} documents with two labels or more.",
        )
    classes = tuple(sorted({*labels, *prior_labels}))
    index = {label: at for at, label in enumerate(classes)}
    truth = np.array([index[label] for label in labels])
    accuracies, held_out = [], np.zeros((0, len(classes)))
    for repeat in range(REPEATS):
        logits = np.zeros((len(y), len(classes)))
        folds = _folds(y, np.random.default_rng(SEED + repeat))
        for fold in range(int(folds.max()) + 1):
            seen, unseen = folds != fold, folds == fold
            logits[unseen] = _scores(_fit(features[seen], y[seen], prior, prior_y), features[unseen], index)
        accuracies.append(float((logits.argmax(1) == truth).mean()))
        held_out = np.vstack([held_out, logits])
    repeated = np.tile(truth, REPEATS)
    temperature = _temperature(held_out, repeated)
    coefficients, intercepts = _weights(_fit(features, y, prior, prior_y), index)
    head = LogisticHead(classes, coefficients, intercepts, temperature, made_for)
    return Trained(
        data=head.pack(),
        samples=len(y),
        accuracy=float(np.mean(accuracies)),
        spread=float(np.std(accuracies)),
        baseline=float((np.array(baseline) == y).mean()),
        error=_error(softmax(held_out / temperature), repeated),
    )


def _error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    return calibration_error(probabilities.max(1), probabilities.argmax(1) == truth)


def calibration_error(best: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: how far, on average, the best score is from the share that is right at that score."""
    place = np.minimum((best * bins).astype(int), bins - 1)
    parts = [(place == at) for at in range(bins) if (place == at).any()]
    return float(sum(part.mean() * abs(best[part].mean() - right[part].mean()) for part in parts))


def _folds(y: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A fold for each example, those of one label spread over all of them (also labels with fewer examples than folds)."""
    order = random.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    folds = np.empty(len(y), dtype=int)
    folds[order] = np.arange(len(y)) % FOLDS
    return folds


def _fit(x: np.ndarray, y: np.ndarray, prior: np.ndarray, prior_y: np.ndarray) -> object:
    from sklearn.linear_model import LogisticRegression

    counts = {label: int((prior_y == label).sum()) for label in set(prior_y.tolist())}
    weights = np.concatenate([np.ones(len(y)), [PRIOR_WEIGHT / counts[label] for label in prior_y.tolist()]])
    model = LogisticRegression(C=STRENGTH, max_iter=1000)
    return model.fit(np.vstack([x, prior]), np.concatenate([y, prior_y]), sample_weight=weights)


def _weights(model: object, index: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and intercepts by class of `index`; a class that the model has not seen is unlikely everywhere."""
    known, coefficients, intercepts = model.classes_.tolist(), model.coef_, model.intercept_  # type: ignore[attr-defined]
    if len(known) == 2:  # scikit-learn keeps one row for two classes
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercepts = np.concatenate([[0.0], intercepts])
    rows = np.zeros((len(index), coefficients.shape[1]))
    offsets = np.full(len(index), UNLIKELY)
    for at, label in enumerate(known):
        rows[index[label]], offsets[index[label]] = coefficients[at], intercepts[at]
    return rows, offsets


def _scores(model: object, x: np.ndarray, index: dict[str, int]) -> np.ndarray:
    rows, offsets = _weights(model, index)
    return x @ rows.T + offsets


def _temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The one under which the held-out examples are most likely."""
    rows = np.arange(len(truth))
    losses = [-np.log(softmax(logits / t)[rows, truth] + 1e-12).mean() for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])
