"""Every Embedder: unit rows in the order of the texts, near for texts that say the same."""

from __future__ import annotations

import httpx
import numpy as np
import pytest

from rag.adapters.embed_http import HttpEmbedder
from rag.adapters.embed_st import SentenceTransformerEmbedder
from rag.errors import ConfigurationError, DeadlineExceeded, Unavailable
from rag.fakes import FakeEmbedder
from rag.local import LocalEmbedder
from tests.endpoints import KEY

RENT = "The monthly rent is 2,450 euros."


@pytest.fixture(params=["fake", "minilm", "endpoint"])
def embedder(request):
    if request.param == "endpoint":
        url = request.getfixturevalue("endpoints").url
        return LocalEmbedder(HttpEmbedder(url, model="m", dimensions=64, api_key=KEY, batch_size=4))
    return FakeEmbedder() if request.param == "fake" else LocalEmbedder(request.getfixturevalue("minilm"))


async def test_rows_have_unit_length_in_float32(embedder):
    rows = await embedder.embed([RENT, "x", "long " * 600])
    assert (rows.dtype, rows.shape) == (np.float32, (3, embedder.dimensions))
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


async def test_rows_come_in_the_order_of_the_texts(embedder):
    texts = ["cat " * n for n in (3, 40, 1, 120, 7)] + [RENT]
    together = await embedder.embed(texts)
    alone = [(await embedder.embed([text]))[0] for text in texts]
    assert all(float(a @ b) > 0.995 for a, b in zip(together, alone, strict=True))


async def test_a_question_is_nearest_to_its_answer(embedder):
    question, *others = await embedder.embed(["What is the monthly rent?", "Cats sleep all day.", RENT])
    assert float(question @ others[1]) > float(question @ others[0]) + 0.2


async def test_no_texts_no_rows(embedder):
    assert (await embedder.embed([])).shape == (0, embedder.dimensions)


async def test_empty_and_odd_texts_have_rows(embedder):
    rows = await embedder.embed(["", "\ud83d\ude00", "\n"])
    assert np.isfinite(rows).all()


async def test_the_same_text_has_the_same_row(embedder):
    rows = await embedder.embed([RENT, RENT])
    assert float(rows[0] @ rows[1]) == pytest.approx(1.0, abs=1e-4)


def test_a_processor_without_bfloat16_makes_vectors_of_the_same_version(minilm, minilm_folder, monkeypatch):
    import torch

    monkeypatch.setattr("rag.runtime.processor.multiplies_bfloat16", lambda: False)
    plain = SentenceTransformerEmbedder(minilm_folder, batch_size=4)
    assert {weight.dtype for weight in plain._model.parameters()} == {torch.float32}
    assert (plain.version, plain.version.endswith("-bfloat16")) == (minilm.version, True)
    texts = [RENT, "Cats sleep all day.", "long " * 600]
    assert (np.sum(plain.embed(texts) * minilm.embed(texts), axis=1) > 0.998).all()


def test_an_endpoint_with_other_dimensions_or_another_key_is_a_wrong_setting(endpoints):
    with pytest.raises(ConfigurationError, match="shape"):
        HttpEmbedder(endpoints.url, model="m", dimensions=384, api_key=KEY).embed(["a"])
    with pytest.raises(ConfigurationError, match="401"):
        HttpEmbedder(endpoints.url, model="m", dimensions=64).embed(["a"])


def test_an_endpoint_that_is_away_may_be_asked_later(endpoints):
    endpoints.away = True
    with pytest.raises(Unavailable):
        HttpEmbedder(endpoints.url, model="m", dimensions=64, api_key=KEY).embed(["a"])
    with pytest.raises(Unavailable):
        HttpEmbedder("http://127.0.0.1:9/v1", model="m", dimensions=64).embed(["a"])


def test_an_endpoint_that_takes_too_long():
    def late(request):
        raise httpx.ReadTimeout("late")

    with pytest.raises(DeadlineExceeded):
        HttpEmbedder("http://x", model="m", dimensions=2, transport=httpx.MockTransport(late)).embed(["a"])
