"""Every EntityRecognizer: one list a page, ordered, apart, and slicing to its text; spaCy's by value."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rag.adapters.ner_hub import build_recognizer
from rag.errors import ConfigurationError
from rag.fakes import FakeEntityRecognizer, text_page
from rag.local import LocalEntityRecognizer
from rag.settings import Entities

LETTER = (
    "We met John Smith in London. She signed the lease with Acme Ltd on 3 May 2024. The rent is EUR 4,850.00 a month.\n"
    "Write to office@acme.example about INV-2024-0117."
)


@pytest.fixture(params=["fake", "spacy"])
def recognizer(request):
    if request.param == "fake":
        return FakeEntityRecognizer()
    return LocalEntityRecognizer(request.getfixturevalue("spacy_recognizer"))


async def test_spans_slice_to_their_text_in_order_and_apart(recognizer):
    pages = [text_page(3, LETTER), text_page(4, ""), text_page(5, (LETTER + "\n\n") * 60)]
    found = await recognizer.recognize(pages)
    assert len(found) == 3
    assert found[1] == []
    for page, entities in zip(pages, found, strict=True):
        assert all(page.text[e.start : e.end] == e.text and e.page == page.number for e in entities)
        assert all(a.end <= b.start for a, b in pairwise(entities))


async def test_a_person_is_found(recognizer):
    [entities] = await recognizer.recognize([text_page(1, LETTER)])
    assert ("John Smith", "PERSON", "john smith") in [(e.text, e.type, e.norm) for e in entities]


async def test_no_pages_no_lists(recognizer):
    assert await recognizer.recognize([]) == []


def test_spacy_and_rules_together(spacy_recognizer):
    [entities] = spacy_recognizer.recognize([text_page(1, LETTER)])
    found = {(e.type, e.text, e.norm) for e in entities}
    assert {
        ("ORG", "Acme Ltd", "acme"),
        ("GPE", "London", "london"),
        ("DATE", "3 May 2024", "2024-05-03"),
        ("MONEY", "EUR 4,850.00", "EUR 4850.00"),
        ("EMAIL", "office@acme.example", "office@acme.example"),
        ("REFERENCE", "INV-2024-0117", "INV-2024-0117"),
    } <= found


def test_long_pages_are_found_to_their_end(spacy_recognizer):
    text = "Nothing happens here at all. " * 500 + "Angela Merkel visited Paris."
    [entities] = spacy_recognizer.recognize([text_page(1, text)])
    assert ("Paris", text.index("Paris")) in [(e.text, e.start) for e in entities]


def test_roles_of_a_contract_are_no_names(spacy_recognizer):
    [entities] = spacy_recognizer.recognize([text_page(1, "The Landlord lets the Premises to the Tenant.")])
    assert entities == []


def test_a_name_over_the_cut_between_two_windows_is_found_once(spacy_recognizer):
    """No line ends anywhere: the windows overlap."""
    filler = "Nothing happens here at all. " * 137
    text = filler[:3990] + " Angela Merkel visited Paris in the spring. " + filler
    [entities] = spacy_recognizer.recognize([text_page(1, text)])
    assert [e.text for e in entities].count("Angela Merkel") == 1
    assert all(text[e.start : e.end] == e.text for e in entities)


def test_a_token_classification_model_takes_the_place_of_spacy(tmp_path):
    """A tiny random model: what is tested is the adapter, not its judgement."""
    import torch
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "we", "met", "john", "smith", "in", "london", "."]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(tmp_path / "vocab.txt"), model_max_length=64).save_pretrained(tmp_path)
    labels = {0: "O", 1: "B-PER"}
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = BertForTokenClassification(
        BertConfig(vocab_size=len(words), id2label=labels, label2id={v: k for k, v in labels.items()}, **sizes)
    )
    with torch.no_grad():
        model.classifier.bias.copy_(torch.tensor([-100.0, 100.0]))  # everything is a person
    model.save_pretrained(tmp_path)
    recognizer = build_recognizer(Entities(engine="transformers", model=str(tmp_path)), tmp_path)
    pages = [text_page(1, "We met John Smith\nin London. " * 40), text_page(2, "")]
    first, second = recognizer.recognize(pages)
    assert second == []
    assert {entity.type for entity in first} == {"PERSON"}
    assert "John" in {entity.text for entity in first}
    assert all(pages[0].text[e.start : e.end] == e.text for e in first)
    assert first[-1].start > 900


@pytest.mark.parametrize("engine", ["spacy", "transformers"])
def test_a_model_that_is_none_names_the_setting(tmp_path, engine):
    with pytest.raises(ConfigurationError) as caught:
        build_recognizer(Entities(engine=engine, model=str(tmp_path)), tmp_path)
    assert "entities.model" in caught.value.remedy
