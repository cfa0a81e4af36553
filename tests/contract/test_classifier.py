"""Every Classifier: one result a text, scores sum to one, best first; the prototypes' by value."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from rag.adapters.classify_hub import build_classifier
from rag.analysis.labels import Example, Head, label_set
from rag.errors import ConfigurationError, InvalidInput
from rag.fakes import FakeClassifier
from rag.local import LocalClassifier
from rag.settings import Classifying

EVALDATA = Path(os.environ.get("REDWELL_EVALDATA", Path(__file__).parents[3] / "shared" / "evaldata"))
INVOICE = "INVOICE\nInvoice no. 2025-118\nBill to: Acme Ltd\nQuantity Unit price\nSubtotal 400.00\nVAT 23% 92.00\nAmount due EUR 492.00"
CONTRACT = "This contract is a lease agreement made between Acme Ltd (the Landlord) and Bauer GmbH (the Tenant). The term is five years."


@pytest.fixture(scope="session")
def prototypes(minilm):
    from rag.adapters.classify_prototypes import PrototypeClassifier

    return PrototypeClassifier(minilm)


@pytest.fixture(params=["fake", "prototypes"])
def classifier(request):
    return FakeClassifier() if request.param == "fake" else LocalClassifier(request.getfixturevalue("prototypes"))


async def test_clear_texts_in_their_order(classifier):
    assert [c.label for c in await classifier.classify([CONTRACT, INVOICE])] == ["contract", "invoice"]


async def test_scores_are_probabilities_best_first(classifier):
    for found in await classifier.classify([INVOICE, "", "zzz"]):
        assert sum(item.score for item in found.scores) == pytest.approx(1.0, abs=1e-6)
        assert [item.score for item in found.scores] == sorted((i.score for i in found.scores), reverse=True)
        assert (found.label, found.score) == (found.scores[0].label, found.scores[0].score)
        assert found.model == classifier.version


async def test_a_name_that_tells(classifier):
    assert (await classifier.classify_name("invoice-2025-118.pdf", "")).label == "invoice"


async def test_a_trained_head_decides_in_place_of_the_descriptions(classifier):
    labels = label_set("place", {"sea": "A text about ships and harbours.", "town": "A text about streets and houses."})
    examples = [
        Example(text, label)
        for number in range(5)
        for text, label in (
            (f"The zebra number {number} eats grass in the savanna.", "sea"),
            (f"Quarterly ledger {number} shows debit and credit.", "town"),
        )
    ]
    trained = await classifier.fit(examples, labels)
    own = replace(labels, head=Head(3, trained.data))
    found = await classifier.classify(["A zebra on the grass.", "The ledger of credit."], own)
    assert [one.label for one in found] == ["sea", "town"]
    assert found[0].model.endswith("place@3")
    assert (trained.samples, trained.better) == (10, True)
    assert sum(score.score for score in found[0].scores) == pytest.approx(1.0)


async def test_no_texts_no_results(classifier):
    assert await classifier.classify([]) == []


@pytest.mark.parametrize("text", ["", " \n", "8841 -- 17", "ok"])
def test_a_text_that_says_nothing_is_other(prototypes, text):
    assert prototypes.classify([text])[0].label == "other"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (
            "Dear Ms Varga,\nthank you for your letter of 3 May. We accept the offer.\nYours sincerely,\nG. Finch",
            "letter",
        ),
        (
            "Minutes of the board meeting\nPresent: A. Roe, B. Poe\nApologies: none\nResolved to approve the budget.",
            "minutes",
        ),
        ("From: a@x.example\nTo: b@y.example\nSubject: Lunch\n\nHi, shall we meet at noon? Thanks", "e-mail"),
        ("Curriculum vitae\nWork experience\n2019-2024 engineer\nEducation\nSkills: Python", "resume"),
        (
            "Travel policy\nThis policy applies to all employees. Expenses are reimbursed when approved by a manager.",
            "policy",
        ),
        ("CORNER SHOP\nReceipt\n2 x Coffee 6.00\nTotal 6.00\nCash 10.00 Change 4.00\nThank you", "receipt"),
    ],
)
def test_types_by_what_they_say(prototypes, text, label):
    assert prototypes.classify([text])[0].label == label


def test_own_labels_take_the_place_of_the_built_in(minilm):
    from rag.adapters.classify_prototypes import PrototypeClassifier

    own = PrototypeClassifier(
        minilm, labels={"cat": "A text about cats and kittens.", "car": "A text about cars and engines."}
    )
    assert [c.label for c in own.classify(["The kitten purrs on the sofa.", "The engine of the car is loud."])] == [
        "cat",
        "car",
    ]


@pytest.mark.skipif(
    not (EVALDATA / "doctypes.jsonl.gz").exists(), reason="doctypes.jsonl.gz is not here: set REDWELL_EVALDATA"
)
def test_real_documents_are_told_apart(prototypes):
    from sklearn.metrics import f1_score

    with gzip.open(EVALDATA / "doctypes.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    found = [c.label for c in prototypes.classify([row["text"] for row in rows])]
    truth = [row["type"] for row in rows]
    assert f1_score(truth, found, labels=sorted(set(truth)), average="macro") >= 0.80


def test_too_few_corrections_say_how_many_are_needed(prototypes):
    with pytest.raises(InvalidInput, match="1 corrected"):
        prototypes.fit([Example("This contract is short.", "contract")], label_set("type"))


def test_a_head_of_other_labels_is_not_applied(prototypes):
    one = label_set("place", {"sea": "Ships and harbours.", "town": "Streets and houses."})
    examples = [
        Example(f"Number {n} of the {word}.", label)
        for n in range(5)
        for word, label in (("zoo", "sea"), ("zip", "town"))
    ]
    head = Head(1, prototypes.fit(examples, one).data)
    other = replace(label_set("place", {"sea": "Ships and harbours.", "town": "Markets and churches."}), head=head)
    assert prototypes.classify(["The church beside the market."], other)[0].model == prototypes.version


def test_a_model_of_natural_language_inference_takes_the_place_of_the_descriptions(minilm, tmp_path):
    """A tiny random model: what is tested is the adapter, not its judgement."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "this", "text", "is", "a", ".", "sea", "town", "rent"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    labels = {0: "contradiction", 1: "neutral", 2: "entailment"}
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertForSequenceClassification(
        BertConfig(vocab_size=len(words), id2label=labels, label2id={v: k for k, v in labels.items()}, **sizes)
    ).save_pretrained(tmp_path)
    own = Classifying(engine="nli", zero_shot_model=str(tmp_path), labels={"sea": "Ships.", "town": "Streets."})
    classifier = build_classifier(own, minilm, tmp_path)
    [found] = classifier.classify(["The rent of a house in town."])
    assert {score.label for score in found.scores} == {"sea", "town", "other"}
    assert sum(score.score for score in found.scores) == pytest.approx(1.0)
    assert found.model.startswith("nli:")


def test_a_gliclass_model_gives_every_label_its_share(minilm, tmp_path):
    """A tiny random model, as above. The package is not part of the installation."""
    gliclass = pytest.importorskip("gliclass", reason="gliclass is not installed")
    from transformers import BertConfig, BertTokenizerFast

    marks = ["<<LABEL>>", "<<SEP>>"]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *marks, "the", "rent", "of", "a", "house", "sea", "town"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(tmp_path / "vocab.txt"), additional_special_tokens=marks).save_pretrained(tmp_path)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = gliclass.GLiClassModelConfig(
        encoder_config=BertConfig(vocab_size=len(words), **sizes),
        encoder_model_name="bert",
        class_token_index=words.index(marks[0]),
        text_token_index=words.index(marks[1]),
        hidden_size=16,
        vocab_size=len(words),
        architecture_type="uni-encoder",
        prompt_first=True,
    )
    gliclass.GLiClassModel(config).save_pretrained(tmp_path)
    own = Classifying(engine="gliclass", zero_shot_model=str(tmp_path), labels={"sea": "Ships.", "town": "Streets."})
    [found] = build_classifier(own, minilm, tmp_path).classify(["The rent of a house in town."])
    assert {score.label for score in found.scores} == {"sea", "town", "other"}
    assert all(score.score > 0.01 for score in found.scores if score.label != "other")
    assert found.model.startswith("gliclass:")


def test_an_engine_without_a_model_says_which_setting_is_missing(minilm, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        build_classifier(Classifying(engine="nli"), minilm, tmp_path)
    assert "zero_shot_model" in caught.value.remedy
