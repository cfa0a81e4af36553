"""Pure parts of classification: which text speaks for a document, and how the file name's vote joins the text's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rag.model import Classification, Label, Page

OPENING_CHARS = 3000
NAME_WEIGHT = 0.6
"""How much the file name counts beside the text: it decides where the text is unsure, and no more."""


def opening(pages: Sequence[Page]) -> str:
    """The text that tells a document's type: its beginning."""
    return opening_of(page.text for page in pages)


def opening_of(texts: Iterable[str]) -> str:
    text = ""
    for page in texts:
        text += page + "\n"
        if len(text) >= OPENING_CHARS:
            break
    return text[:OPENING_CHARS]


def combine(by_name: Classification, by_text: Classification) -> Classification:
    """Product of the two votes, the name's tempered by `NAME_WEIGHT`; scores sum to 1, best first."""
    name = {item.label: item.score for item in by_name.scores}
    neutral = 1 / max(len(name), 1)  # a label that names do not tell of
    votes = {
        item.label: math.log(max(item.score, 1e-6)) + NAME_WEIGHT * math.log(max(name.get(item.label, neutral), 1e-3))
        for item in by_text.scores
    }
    if not votes:
        return by_text
    peak = max(votes.values())
    weights = {label: math.exp(vote - peak) for label, vote in votes.items()}
    total = sum(weights.values())
    scores = sorted((Label(label, weight / total) for label, weight in weights.items()), key=lambda item: -item.score)
    return Classification(scores[0].label, scores[0].score, tuple(scores), by_text.model)
