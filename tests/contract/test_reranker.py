"""Every Reranker: one score a text, in their order, and what answers the question is above what does not."""

from __future__ import annotations

import json

import httpx
import pytest

from rag.adapters.rerank_http import HttpReranker
from rag.adapters.rerank_st import CrossEncoderReranker
from rag.errors import ConfigurationError, DeadlineExceeded, Unavailable
from rag.fakes import FakeReranker
from rag.local import LocalReranker
from tests.endpoints import KEY

WORDS = [
    "rent",
    "cat",
    "garden",
    "lease",
    "dog",
    "invoice",
    "court",
    "river",
    "stone",
    "apple",
    "music",
    "train",
    "window",
    "paper",
]
TEXTS = ["the cat sleeps", "the rent is due", "a river of stone", "cat and rent"]


@pytest.fixture(scope="session")
def small_model(tmp_path_factory) -> str:
    """A real cross-encoder of 40,000 weights, taught in a second that texts about rent answer."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    torch.manual_seed(0)
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("reranker")
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *["the", "a", "is", "of", "and", "due", "sleeps"], *WORDS]
    (folder / "vocab.txt").write_text("\n".join(known))
    tokenizer = BertTokenizer(vocab=str(folder / "vocab.txt"))
    config = BertConfig(
        vocab_size=len(known),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=32,
        num_labels=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertForSequenceClassification(config)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(1)
    for _ in range(40):
        told = [WORDS[i] if i < len(WORDS) else "rent" for i in torch.randint(24, (16,), generator=generator)]
        batch = tokenizer(["rent"] * 16, [f"the {word} is due" for word in told], padding=True, return_tensors="pt")
        target = torch.tensor([float(word == "rent") for word in told])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(**batch).logits[:, 0], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    assert CrossEncoder(str(folder), device="cpu").num_labels == 1
    return str(folder)


def answer(request: httpx.Request) -> httpx.Response:
    """As Cohere answers: best first, by index."""
    body = json.loads(request.content)
    asked = set(body["query"].split())
    rows = [
        {"index": index, "relevance_score": len(asked & set(text.split()))}
        for index, text in enumerate(body["documents"])
    ]
    rows.sort(key=lambda row: -row["relevance_score"])
    return httpx.Response(200, json={"results": rows[: body["top_n"]]})


@pytest.fixture(params=["fake", "cross-encoder", "http", "endpoint"])
def reranker(request):
    if request.param == "fake":
        return FakeReranker()
    if request.param == "endpoint":
        return HttpReranker(request.getfixturevalue("endpoints").url, model="m", api_key=KEY)
    if request.param == "http":
        return HttpReranker("http://elsewhere/v1", model="m", transport=httpx.MockTransport(answer))
    return LocalReranker(CrossEncoderReranker(request.getfixturevalue("small_model"), threads=1))


async def test_what_holds_the_asked_word_is_above_what_does_not(reranker):
    scores = await reranker.rerank("rent", TEXTS)
    assert len(scores) == 4
    assert min(scores[1], scores[3]) > max(scores[0], scores[2])


async def test_scores_follow_the_texts_not_their_places(reranker):
    forth, back = await reranker.rerank("cat", TEXTS), await reranker.rerank("cat", TEXTS[::-1])
    assert forth == pytest.approx(back[::-1], abs=1e-4)


async def test_nothing_to_score(reranker):
    assert await reranker.rerank("rent", []) == []


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        CrossEncoderReranker(str(tmp_path))


@pytest.mark.parametrize(
    ("played", "error"),
    [
        (lambda request: httpx.Response(500), Unavailable),
        (lambda request: httpx.Response(200, json={"scores": []}), ConfigurationError),
        (lambda request: (_ for _ in ()).throw(httpx.ReadTimeout("late")), DeadlineExceeded),
    ],
)
async def test_errors_of_an_endpoint_are_ours(played, error):
    with pytest.raises(error):
        await HttpReranker("http://elsewhere", model="m", transport=httpx.MockTransport(played)).rerank("a", ["b"])
