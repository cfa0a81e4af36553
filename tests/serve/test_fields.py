"""Fields by a schema with the real model: structured output reaches vLLM, and what is not in the text is not taken."""

from __future__ import annotations

import pytest

TEXT = "Nordwind Logistics. Proof of delivery.\nParcel weight: 12.50\nThe parcel was received by Harald Nilsen at the north gate."
SCHEMA = {
    "title": "Parcels",
    "type": "object",
    "x-model": True,
    "properties": {
        "receiver": {"type": "string", "title": "Name of the person who received the parcel"},
        "weight": {"type": "number", "x-labels": ["parcel weight"]},
        "colour": {"enum": ["azure", "crimson"], "title": "Colour of the parcel"},
    },
}


@pytest.fixture
def parcel(client):
    """A document of a collection whose schema asks the model."""
    client.put_collection_schema("parcels", SCHEMA)
    [receipt] = client.upload([("parcel.txt", TEXT.encode())], collection="parcels")
    document = client.wait(receipt.id)
    yield document
    client.delete(document.id)
    client.delete_collection_schema("parcels")


def test_fields_come_from_rules_and_model_each_cited_and_nothing_that_is_not_there(client, parcel):
    found = client.fields(parcel.id)
    by_name = {one.field: one for one in found.fields}
    text = client.page(parcel.id, 1).text
    assert parcel.stages["fields"].status == "done"
    assert all(text[one.start : one.end] == one.text for one in found.fields)
    assert (by_name["weight"].number, by_name["weight"].source) in ((12.5, "rule"), (12.5, "rule+model"))
    assert by_name["receiver"].source == "model"
    assert by_name["receiver"].model == "smollm2-135m-instruct"
    # The grammar lets the model write a colour; the text names none.
    assert "colour" in found.missing
