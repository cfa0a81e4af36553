"""Sentence embeddings by sentence-transformers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.errors import ConfigurationError
from rag.runtime.processor import calculated_in
from rag.text import encodable


class SentenceTransformerEmbedder:
    """Texts to unit vectors. `version` names the weights and the dtype: an index made by another one is refused.

    bfloat16 weights are two to three times as fast as float32 on a CPU with instructions for them (cosine between the two is at least 0.998); on
    another they are calculated with in float32, and their version is the same. Rows are renormalised in float32, because bfloat16
    rows are off unit length by a percent.
    """

    def __init__(
        self,
        model_path: str,
        *,
        dtype: str = "bfloat16",
        batch_size: int = 32,
        threads: int = 2,
        device: str | None = None,
    ) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        device = device or "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            raise ConfigurationError(
                "The embedder was told to use a GPU and there is none.", "Set embedding.scaling.gpus to 0."
            )
        if device == "cpu":
            torch.set_num_threads(threads)
        local = Path(model_path).is_dir()
        try:
            self._model = SentenceTransformer(
                model_path,
                device=device,
                local_files_only=local,
                model_kwargs={"dtype": getattr(torch, calculated_in(dtype, 0 if device == "cpu" else 1))},
            )
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"The embedding model '{model_path}' cannot be loaded: {error}", "Correct embedding.model."
            ) from error
        self._model.eval()
        self._batch_size = batch_size
        self.dimensions = int(self._model.get_embedding_dimension() or 0)
        self.version = f"{Path(model_path).name if not local else _digest(Path(model_path))}-{dtype}"

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32 array of shape (len(texts), dimensions), rows of unit length, in the order of `texts`."""
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        # Long texts first: a batch of like lengths has no padding, and memory runs out at once or never.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        vectors = self._model.encode(
            [encodable(texts[i]) for i in order],
            batch_size=self._batch_size,
            convert_to_numpy=False,
            convert_to_tensor=True,
            normalize_embeddings=False,
            show_progress_bar=False,
        )
        rows = vectors.float().cpu().numpy()
        result = np.empty_like(rows)
        result[order] = rows
        norms = np.linalg.norm(result, axis=1, keepdims=True)
        return result / np.maximum(norms, 1e-12)


def _digest(folder: Path) -> str:
    """A name for local weights that does not depend on where they lie."""
    import json

    config = folder / "config.json"
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    data = config.read_bytes() if config.exists() else b""
    name = "model"
    if data:
        name = Path(str(json.loads(data).get("_name_or_path") or "model")).name or "model"
    return f"{name}-{hashlib.sha256(data + str(size).encode()).hexdigest()[:8]}"
