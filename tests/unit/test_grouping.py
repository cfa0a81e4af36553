"""Mentions of one thing in one document."""

import pytest

from rag.analysis.entity_rules import normalise
from rag.analysis.grouping import canonical, grouped
from rag.model import Entity


def mentions(*names: tuple[str, str]) -> list[Entity]:
    return [Entity(text, kind, 1, 0, len(text), normalise(text, kind)) for text, kind in names]


def norms(*names: tuple[str, str]) -> list[str]:
    return [entity.norm for entity in grouped(mentions(*names))]


def test_a_surname_is_the_one_person_who_bears_it():
    found = norms(("Anna Keller", "PERSON"), ("Ms Keller", "PERSON"), ("Keller", "PERSON"), ("A. Keller", "PERSON"))
    assert found == ["anna keller"] * 4


def test_a_surname_that_two_persons_bear_is_left_alone():
    found = norms(("Anna Keller", "PERSON"), ("Otto Keller", "PERSON"), ("Keller", "PERSON"), ("O. Keller", "PERSON"))
    assert found == ["anna keller", "otto keller", "keller", "otto keller"]


def test_a_first_name_is_no_surname():
    assert norms(("Anna Keller", "PERSON"), ("Anna", "PERSON")) == ["anna keller", "anna"]


def test_a_firm_keeps_one_name_over_its_legal_forms():
    assert norms(("Acme Ltd.", "ORG"), ("ACME Limited", "ORG"), ("Acme, Inc.", "ORG")) == ["acme"] * 3


def test_an_acronym_is_the_one_firm_that_it_spells():
    assert norms(("Northgate Office Supplies", "ORG"), ("NOS", "ORG")) == ["northgate office supplies"] * 2
    two = norms(("North Oil Service", "ORG"), ("Northgate Office Supplies", "ORG"), ("NOS", "ORG"))
    assert two[2] == "nos"


def test_spans_are_not_touched():
    before = mentions(("Anna Keller", "PERSON"), ("Keller", "PERSON"), ("3 May 2024", "DATE"))
    after = grouped(before)
    assert [(e.text, e.start, e.end, e.type) for e in after] == [(e.text, e.start, e.end, e.type) for e in before]


@pytest.mark.parametrize(
    ("spellings", "kind", "name"),
    [
        (["Keller", "Keller", "Anna Keller"], "PERSON", "Anna Keller"),
        (["Acme Ltd", "ACME Limited", "Acme Ltd"], "ORG", "Acme Ltd"),
        (["NOS", "NOS", "Northgate Office\nSupplies"], "ORG", "Northgate Office Supplies"),
    ],
)
def test_the_name_of_a_group(spellings, kind, name):
    assert canonical(spellings, kind) == name
