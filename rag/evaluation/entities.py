"""Entities against bare spaCy: strict spans of persons, organisations and places, on CoNLL files, in the same run.

Each document of a file is one long page: windows, rules, clean edges and grouping are on, as in the product.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.analysis.entity_spans import WINDOW_CHARS
from rag.analysis.grouping import grouped
from rag.errors import ConfigurationError
from rag.model import Page, Source

CLASSES = {"PERSON": "PER", "PER": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"}
GOLD = {
    "PER": "PER",
    "ORG": "ORG",
    "LOC": "LOC",
    "PERSON": "PER",
    "LOCATION": "LOC",
    "CORPORATION": "ORG",
    "GROUP": "ORG",
}
SENTENCES = 40
"""Of a document, in files that mark none."""
Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Truth:
    text: str
    spans: frozenset[Span]


def evaluate_entities(
    folder: Path, model_path: str, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """By file: precision, recall, F1 and processor seconds of Redwell and of bare spaCy. Raises ConfigurationError."""
    from rag.adapters.ner_spacy import SpacyRecognizer, pipeline

    files = sorted((folder / "ner").glob("*.conll"))
    if not files:
        raise ConfigurationError(f"There is no CoNLL file in '{folder / 'ner'}'.", "Name the folder that holds `ner/`.")
    ours, bare = SpacyRecognizer(model_path), pipeline(model_path)
    results: dict[str, Any] = {}
    for path in files:
        progress(f"entities: {path.name}")
        truths = list(documents(path))
        pages = [Page(number, 1, 1, truth.text, Source.TEXT_LAYER) for number, truth in enumerate(truths, 1)]
        started = time.process_time()
        found = [
            {(e.start, e.end, CLASSES[e.type]) for e in grouped(entities) if e.type in CLASSES}
            for entities in ours.recognize(pages)
        ]
        between = time.process_time()
        plain = [
            {(span.start_char, span.end_char, CLASSES[span.label_]) for span in document.ents if span.label_ in CLASSES}
            for document in bare.pipe([truth.text for truth in truths], batch_size=32)
        ]
        ended = time.process_time()
        results[path.stem] = {
            "documents": len(truths),
            "windows": sum(-(-len(truth.text) // WINDOW_CHARS) for truth in truths),
            "redwell": {**score(found, truths), "cpu_seconds": round(between - started, 2)},
            "spacy": {**score(plain, truths), "cpu_seconds": round(ended - between, 2)},
        }
    return results


def score(found: list[set[Span]], truths: list[Truth]) -> dict[str, float]:
    """Micro precision, recall and F1: a span counts when its start, end and class are right."""
    right = sum(len(spans & truth.spans) for spans, truth in zip(found, truths, strict=True))
    said, meant = sum(map(len, found)), sum(len(truth.spans) for truth in truths)
    return {
        "precision": round(right / said, 4) if said else 0.0,
        "recall": round(right / meant, 4) if meant else 0.0,
        "f1": round(2 * right / (said + meant), 4) if said + meant else 0.0,
    }


def documents(path: Path) -> Iterator[Truth]:
    """A CoNLL file (token first, tag last, IOB1 or IOB2) as texts: a line a sentence, tokens joined by spaces."""
    sentences: list[list[tuple[str, str]]] = []
    sentence: list[tuple[str, str]] = []
    marked = "-DOCSTART-" in path.read_text(encoding="utf-8")
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        parts = line.split()
        begins = bool(parts) and parts[0].startswith("-DOCSTART-")
        if parts and not begins:
            sentence.append((parts[0], parts[-1]))
            continue
        if sentence:
            sentences.append(sentence)
            sentence = []
        if sentences and (begins or (not marked and len(sentences) == SENTENCES)):
            yield _truth(sentences)
            sentences = []
    if sentences:
        yield _truth(sentences)


def _truth(sentences: list[list[tuple[str, str]]]) -> Truth:
    text, spans = "", set()
    for sentence in sentences:
        places = []
        for token, _ in sentence:
            places.append((len(text), len(text) + len(token)))
            text += token + " "
        text = text[:-1] + "\n"
        first = 0
        while first < len(sentence):
            kind = sentence[first][1].partition("-")[2].upper()
            last = first + 1
            while kind and last < len(sentence) and sentence[last][1] == f"I-{sentence[first][1][2:]}":
                last += 1
            if kind in GOLD:
                spans.add((places[first][0], places[last - 1][1], GOLD[kind]))
            first = last
    return Truth(text, frozenset(spans))
