"""What is personal data by its form, and what is taken out of a document."""

import pytest

from rag.errors import InvalidInput
from rag.fakes import text_page
from rag.model import Entity
from rag.redaction.plan import PERSONAL, chosen_kinds, plan, redacted_text
from rag.redaction.rules import find, german_pension_number, german_tax_id, luhn, nhs_number


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("Card 4111 1111 1111 1111 charged", "CARD", "4111 1111 1111 1111"),
        ("to DE89 3704 0044 0532 0130 00 now", "IBAN", "DE89 3704 0044 0532 0130 00"),
        ("write to anna.keller@example.org.", "EMAIL", "anna.keller@example.org"),
        ("Steuer-ID 86 095 742 719", "TAX_ID", "86 095 742 719"),
        ("RV-Nr. 15 070649 C 103", "SOCIAL_SECURITY", "15 070649 C 103"),
        ("SSN 219-09-9999", "SOCIAL_SECURITY", "219-09-9999"),
        ("NINO AB 12 34 56 C", "SOCIAL_SECURITY", "AB 12 34 56 C"),
        ("NHS no. 943 476 5919", "SOCIAL_SECURITY", "943 476 5919"),
        ("call (020) 7946 0958 today", "PHONE", "(020) 7946 0958"),
        ("Tel. 030 1234567", "PHONE", "030 1234567"),
        ("Passport no: C01X00T47", "ID_NUMBER", "C01X00T47"),
        ("Date of birth: 12.03.1984", "BIRTH_DATE", "12.03.1984"),
        ("born on 3 March 1984 in", "BIRTH_DATE", "3 March 1984"),
        ("from 192.168.10.4 at", "IP", "192.168.10.4"),
        ("at 12 Harbour Street in", "ADDRESS", "12 Harbour Street"),
        ("in der Hafenstr. 12", "ADDRESS", "Hafenstr. 12"),
        ("nach 20457 Hamburg", "ADDRESS", "20457 Hamburg"),
    ],
)
def test_personal_data_is_told_by_its_form(text, kind, found):
    assert [(one.kind, text[one.start : one.end]) for one in find(text, PERSONAL)] == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    [
        "Card 4111 1111 1111 1112",
        "DE88 3704 0044 0532 0130 00",
        "SSN 666-12-3456",
        "Invoice 86095742710",
        "Version 1.2.3.400",
        "The total is 12,345.67 for 2026.",
    ],
)
def test_what_has_wrong_check_digits_is_none(text):
    assert find(text, PERSONAL) == []


def test_check_digits():
    assert luhn("5500 0000 0000 0004")
    assert not luhn("0000 0000 0000 0000")
    assert german_tax_id("86095742719")
    assert not german_tax_id("86095742718")
    assert german_pension_number("15070649C103")
    assert not german_pension_number("15070649C104")
    assert nhs_number("9434765919")
    assert not nhs_number("9434765918")


def test_only_the_kinds_asked_for_are_found():
    text = "anna@example.org, 219-09-9999"
    assert [one.kind for one in find(text, ["EMAIL"])] == ["EMAIL"]


def test_a_name_goes_wherever_it_stands():
    pages = [
        text_page(1, "Anna Keller signs.\nDear Ms Keller,\nthe cellar is dry."),
        text_page(2, "ANNA\nKELLER agreed."),
    ]
    removed = plan(pages, [Entity("Anna Keller", "PERSON", 1, 0, 11)], ["PERSON"])
    assert [(one.page, one.text) for one in removed] == [(1, "Anna Keller"), (1, "Keller"), (2, "ANNA\nKELLER")]
    assert redacted_text(pages[0], removed) == "[PERSON] signs.\nDear Ms [PERSON],\nthe cellar is dry."


def test_a_part_of_a_name_that_is_a_common_word_of_the_text_stays_alone():
    pages = [text_page(1, "Mark Weber will mark the page. Mark it well.")]
    removed = plan(pages, [Entity("Mark Weber", "PERSON", 1, 0, 10)], ["PERSON"])
    assert [one.text for one in removed] == ["Mark Weber"]


def test_kinds_are_checked():
    assert chosen_kinds(["person,email", "iban"], PERSONAL) == ("PERSON", "EMAIL", "IBAN")
    assert chosen_kinds([], ("EMAIL",)) == ("EMAIL",)
    with pytest.raises(InvalidInput, match="SHOE_SIZE"):
        chosen_kinds(["shoe_size"], PERSONAL)
