"""Reranking by a cross-encoder of sentence-transformers: question and text are read together, so it is slow and sharp."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag.errors import ConfigurationError
from rag.text import encodable


class CrossEncoderReranker:
    """Raises ConfigurationError for a model that cannot be loaded or does not score pairs with one number."""

    def __init__(self, model_path: str, *, batch_size: int = 16, threads: int = 2, device: str = "cpu") -> None:
        import torch
        from sentence_transformers import CrossEncoder

        if device == "cuda" and not torch.cuda.is_available():
            raise ConfigurationError(
                "The reranker was told to use a GPU and there is none.", "Set reranking.scaling.gpus to 0."
            )
        if device == "cpu":
            torch.set_num_threads(threads)
        try:
            self._model = CrossEncoder(model_path, device=device, local_files_only=Path(model_path).is_dir())
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"The reranking model '{model_path}' cannot be loaded: {error}", "Correct reranking.model."
            ) from error
        if self._model.num_labels != 1:
            raise ConfigurationError(
                f"The reranking model '{model_path}' gives {self._model.num_labels} numbers a pair.",
                "Name a cross-encoder with one, e.g. cross-encoder/ms-marco-MiniLM-L6-v2.",
            )
        self._batch_size = batch_size
        self.version = Path(model_path).name

    def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """Relevance of each text to the question, 0..1, in the order of the texts."""
        if not texts:
            return []
        import torch

        pairs = [(encodable(query), encodable(text)) for text in texts]
        scores = self._model.predict(
            pairs, batch_size=self._batch_size, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False
        )
        return [float(score) for score in scores]
