"""Entities by a token classification model of transformers (a hub name or a folder), and by the same rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.adapters.ner_spacy import RULES_VERSION, SpacyRecognizer
from rag.analysis.entity_spans import Spans, entities_of
from rag.errors import ConfigurationError
from rag.model import Entity, Page
from rag.runtime.weights import resolve
from rag.settings import Entities

TYPES = {"PER": "PERSON", "LOC": "LOC", "ORG": "ORG"}
"""The short names of CoNLL models; other names are taken as they are."""
STRIDE = 32
"""Tokens that two passes over a long text share."""


def build_recognizer(own: Entities, cache_dir: Path) -> SpacyRecognizer | HubRecognizer:
    """The recognizer that the settings name. Raises ConfigurationError."""
    path = resolve(own.model, cache_dir=cache_dir)
    engine = SpacyRecognizer if own.engine == "spacy" else HubRecognizer
    return engine(path, batch_size=own.batch_size, use_gpu=own.scaling.gpus > 0)


class HubRecognizer:
    """Windows longer than the model's own length are read in overlapping strides."""

    def __init__(self, model_path: str, *, batch_size: int = 32, use_gpu: bool = False) -> None:
        from transformers import pipeline

        try:
            self._run: Any = pipeline(
                "token-classification",
                model=model_path,
                aggregation_strategy="first",
                stride=STRIDE,
                device=0 if use_gpu else -1,
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigurationError(
                f"The entity model '{model_path}' cannot be loaded: {error}", "Correct entities.model."
            ) from error
        self._batch_size = batch_size
        self.version = f"{Path(model_path).name}+rules/{RULES_VERSION}"

    def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        """One list a page, ordered by start, without overlaps; page.text[start:end] == text."""
        return entities_of(pages, self._spans)

    def _spans(self, texts: list[str]) -> Iterator[Spans]:
        for found in self._run(texts, batch_size=self._batch_size) if texts else ():
            yield [(one["start"], one["end"], TYPES.get(one["entity_group"], one["entity_group"])) for one in found]
