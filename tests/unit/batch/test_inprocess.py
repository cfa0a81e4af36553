"""The ports of a batch actor call their adapters as the deployments do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from ingestion.inprocess import local_services
from rag.fakes import FakeEmbedder
from rag.runtime import engines
from rag.settings import load


class Adapter:
    """FakeEmbedder as a plain synchronous adapter."""

    def embed(self, texts: list[str]) -> np.ndarray:
        return asyncio.run(FakeEmbedder().embed(texts))


async def test_texts_are_embedded_by_the_version_that_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "embedding", lambda settings, gpus: Adapter())
    services = local_services(load("cpu", overrides={"data_dir": str(tmp_path)}))
    vectors = await services.embedder.embed(["one", "two"])
    assert np.array_equal(vectors, await FakeEmbedder().embed(["one", "two"]))
