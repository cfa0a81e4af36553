"""Fields by the model: its JSON, its values looked up in the text, and what it and the rules make together."""

import json
from dataclasses import replace

import pytest

from rag.errors import InvalidInput
from rag.fakes import FakeGenerator, text_page
from rag.fields.ask import asks_model, by_model, checked, excerpt, merged, output_schema
from rag.fields.record import Origin
from rag.fields.rules import by_rules
from rag.fields.schema import parse, ready
from rag.settings import Fields, Llm, Settings

TEXT = "Solvane Pumps GmbH\nInvoice no.: RE-10482\nInvoice date: 3 March 2026\nTotal due: EUR 2,856.00"
PAGES = [text_page(1, TEXT)]
SCHEMA = ready("invoice")


async def test_the_model_is_given_the_schema_and_its_values_are_cited():
    said = json.dumps(
        {"number": "RE-10482", "date": "2026-03-03", "total": "2856.00", "supplier": "Solvane Pumps GmbH"}
    )
    found = {one.field: one for one in await by_model(SCHEMA, PAGES, FakeGenerator(says=said), Settings())}
    assert {name: one.value for name, one in found.items()} == {
        "number": "RE-10482",
        "date": "2026-03-03",
        "total": "2856.00",
        "supplier": "Solvane Pumps GmbH",
    }
    assert (found["date"].text, found["total"].text) == ("3 March 2026", "EUR 2,856.00")
    assert all(TEXT[one.start : one.end] == one.text and one.origin is Origin.MODEL for one in found.values())


async def test_a_value_that_is_not_in_the_text_is_refused():
    said = json.dumps({"number": "RE-99999", "total": "1,000,000.00", "date": "2020-01-01"})
    assert await by_model(SCHEMA, PAGES, FakeGenerator(says=said), Settings()) == []


async def test_an_answer_that_breaks_off_gives_what_it_held():
    found = await by_model(
        SCHEMA, PAGES, FakeGenerator(says='{"number":"RE-10482","date":"3 March 2026","tot'), Settings()
    )
    assert [one.field for one in found] == ["number", "date"]


async def test_an_answer_that_is_no_json_gives_nothing():
    assert await by_model(SCHEMA, PAGES, FakeGenerator(says="The total is 5."), Settings()) == []


def test_rule_and_model_that_agree_are_both_named():
    rules = by_rules(SCHEMA, PAGES)
    model = checked(SCHEMA, {"number": "RE-10482"}, PAGES, "big")
    [number] = [one for one in merged(SCHEMA, rules, model) if one.field == "number"]
    before = next(one.score for one in rules if one.field == "number")
    assert (number.origin, number.model) == (Origin.BOTH, "big")
    assert number.score > before


def test_a_sure_rule_stands_against_the_model_and_an_unsure_one_gives_way():
    rules = [one for one in by_rules(SCHEMA, PAGES) if one.field == "total"]
    other = [replace(rules[0], value="1.00", origin=Origin.MODEL)]
    assert [one.value for one in merged(SCHEMA, rules, other)] == ["2856.00"]
    unsure = [replace(rules[0], score=0.3)]
    assert [one.value for one in merged(SCHEMA, unsure, other)] == ["1.00"]


def test_the_models_schema_holds_every_field_and_nothing_else():
    schema = parse(
        "own", {"properties": {"a": {"type": "array", "items": {"type": "string"}}, "b": {"enum": ["x", "y"]}}}
    )
    out = output_schema(schema)
    assert (out["required"], out["additionalProperties"]) == (["a", "b"], False)
    assert out["properties"]["a"]["type"] == "array"
    assert out["properties"]["b"]["enum"] == ["x", "y", None]


def test_the_small_packaged_model_is_asked_only_when_a_setting_says_so():
    assert not asks_model(Settings(), SCHEMA)
    assert asks_model(Settings(fields=Fields(model="always")), SCHEMA)
    assert asks_model(Settings(llm=Llm(model="Qwen/Qwen3-8B")), SCHEMA)
    assert asks_model(Settings(llm=Llm(base_url="http://models/v1")), SCHEMA)
    assert not asks_model(Settings(llm=Llm(model="Qwen/Qwen3-8B"), fields=Fields(model="never")), SCHEMA)


def test_a_schema_says_itself_whether_the_model_is_asked():
    fields = {"properties": {"a": {"type": "string"}}}
    assert asks_model(Settings(fields=Fields(model="never")), parse("own", fields | {"x-model": True}))
    assert not asks_model(Settings(fields=Fields(model="always")), parse("own", fields | {"x-model": False}))
    with pytest.raises(InvalidInput):
        parse("own", fields | {"x-model": "perhaps"})


def test_a_long_text_is_given_by_its_beginning_and_end():
    text = excerpt("a" * 900 + "b" * 100, 400)
    assert (text[0], text[-1], len(text)) == ("a", "b", 405)
