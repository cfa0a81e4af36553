"""The table of fields: its rows, and what a change of them means."""

from rag.replies.fields import DocumentFields, FieldValue
from ui.screens.fields import changed, table_rows

FOUND = DocumentFields(
    "d",
    "contract",
    (
        FieldValue("parties", "Acme", "Acme", "Parties", "name", source="rule", score=0.8),
        FieldValue("parties", "Anna", "Anna", "Parties", "name", source="rule", score=0.6, position=1),
        FieldValue("amount", "EUR 5", "5", "Amount", "amount", currency="EUR", source="person", score=1.0),
    ),
    ("end_date",),
)


def test_a_row_a_field_and_the_missing_ones_last():
    rows = [(row["Field"], row["Value"], row["From"], row["Sure"]) for row in table_rows(FOUND)]
    assert rows == [
        ("Parties", "Acme; Anna", "Rule", 0.6),
        ("Amount", "EUR 5", "Corrected", 1.0),
        ("end_date", "", "", None),
    ]


def test_only_what_was_changed_is_sent():
    rows = table_rows(FOUND)
    after = [{**row} for row in rows]
    after[0]["Value"], after[1]["Value"], after[2]["Value"] = "Acme; Bob", None, "2030-01-01"
    assert changed(rows, after) == {"parties": ["Acme", "Bob"], "amount": None, "end_date": "2030-01-01"}
    assert changed(rows, rows) == {}
