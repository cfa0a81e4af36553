"""ROUGE-L, and the ways that are compared."""

import gzip
import json

import pytest

from rag.errors import InvalidInput
from rag.evaluation.fields import likeness, same
from rag.evaluation.summaries import Abstract, evaluate_summaries, load, rouge_l
from rag.fakes import FakeGenerator
from rag.fields.record import FieldValue
from rag.fields.schema import Kind


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence():
    assert rouge_l("the cat sat", ["The cat sat."]) == 1.0
    assert rouge_l("police killed the gunman", ["police kill the gunman"]) == pytest.approx(0.75)
    assert rouge_l("a b", ["c d", "b"]) == pytest.approx(2 / 3)
    assert rouge_l("", ["a"]) == 0.0


async def test_every_way_is_measured_over_the_same_abstracts():
    sentences = ("We study rain on steep tin roofs in the far north.", "It falls.", "Then it stops.")
    result = await evaluate_summaries([Abstract(sentences, (sentences[0],))], FakeGenerator())
    assert result["ways"]["first sentence"]["rouge_l"] == 1.0
    assert set(result["ways"]) == {
        "first sentence",
        "lead-3",
        "central sentences",
        "bare model",
        "redwell, short",
        "redwell, long",
    }


def test_the_set_is_read(tmp_path):
    with gzip.open(tmp_path / "scitldr-dev.jsonl.gz", "wt") as file:
        file.write(json.dumps({"source": ["a", "b"], "target": ["c"]}) + "\n")
    assert load(tmp_path) == [Abstract(("a", "b"), ("c",))]
    with pytest.raises(InvalidInput):
        load(tmp_path / "none")


def test_a_field_is_right_as_a_number_a_day_or_a_name():
    total = FieldValue("total", Kind.AMOUNT, "9,30", "9.30", number=9.3)
    day = FieldValue("date", Kind.DATE, "1 March 2024", "2024-03-01", date="2024-03-01")
    name = FieldValue("company", Kind.NAME, "ACME Ltd.", "ACME Ltd.")
    assert [same(total, "$9.30"), same(day, "01/03/2024"), same(name, "Acme Ltd")] == [True, True, True]
    assert [same(total, "9.31"), same(day, "2024-03-02"), same(name, "Acme")] == [False, False, False]
    assert likeness("ACNE LTD", "ACME LTD") > 0.8
