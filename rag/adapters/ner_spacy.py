"""Entities by spaCy and by rules (rag/analysis/entity_rules.py), with offsets into the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rag.analysis.entity_spans import Spans, entities_of
from rag.errors import ConfigurationError
from rag.model import Entity, Page
from rag.redaction.presidio import enter

if TYPE_CHECKING:
    from spacy.language import Language

RULES_VERSION = 4
UNUSED = ("tagger", "parser", "senter", "attribute_ruler", "lemmatizer", "morphologizer", "textcat", "entity_linker")


def pipeline(model_path: str, *, use_gpu: bool = False) -> Language:
    """spaCy's own, with the components that run. Raises OSError and ValueError as spaCy does."""
    enter()
    import spacy

    if use_gpu:
        spacy.require_gpu()
    return spacy.load(model_path, exclude=UNUSED)


class SpacyRecognizer:
    """`model_path` is a folder or an installed pipeline; only tok2vec (or transformer) and ner run."""

    def __init__(self, model_path: str, *, batch_size: int = 32, use_gpu: bool = False) -> None:
        try:
            self._nlp = pipeline(model_path, use_gpu=use_gpu)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"The entity model '{model_path}' cannot be loaded: {error}", "Correct entities.model."
            ) from error
        self._batch_size = batch_size
        meta = self._nlp.meta
        self.version = f"{meta['lang']}_{meta['name']}-{meta['version']}+rules/{RULES_VERSION}"

    def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        """One list a page, ordered by start, without overlaps; page.text[start:end] == text."""
        return entities_of(pages, self._spans)

    def _spans(self, texts: list[str]) -> Iterator[Spans]:
        for document in self._nlp.pipe(texts, batch_size=self._batch_size):
            yield [(span.start_char, span.end_char, span.label_) for span in document.ents]
