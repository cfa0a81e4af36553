"""What is personal data by its form, and what is taken out of a document."""

import pytest

from rag.errors import InvalidInput
from rag.fakes import text_page
from rag.model import Entity
from rag.redaction.plan import PERSONAL, chosen_kinds, plan, redacted_text
from rag.redaction.rules import Countries, find, german_pension_number, german_tax_id


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
        ("Social security number: 219 09 9999", "SOCIAL_SECURITY", "219 09 9999"),
        ("write to o'neill@example.ie now", "EMAIL", "o'neill@example.ie"),
        ("from 2a02:8108:9640::1 at", "IP", "2a02:8108:9640::1"),
        ("of 4c:5e:0c:d2:81:3a in", "MAC", "4c:5e:0c:d2:81:3a"),
        ("to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT by", "CRYPTO", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
        ("see www.keller.example.com/cv.pdf there", "URL", "www.keller.example.com/cv.pdf"),
        ("at https://example.org/anna now", "URL", "https://example.org/anna"),
        ("il signor RSSMRA85T10A562S dichiara", "TAX_ID", "RSSMRA85T10A562S"),
        ("ITIN: 912-70-1234", "TAX_ID", "912-70-1234"),
        ("TFN 876 543 210", "TAX_ID", "876 543 210"),
        ("PAN: ABCPK1234L", "TAX_ID", "ABCPK1234L"),
        ("con DNI 12345678Z y", "ID_NUMBER", "12345678Z"),
        ("el titular, X1234567L, firma", "ID_NUMBER", "X1234567L"),
        ("PESEL: 44051401359", "ID_NUMBER", "44051401359"),
        ("Aadhaar 2341 2341 2346", "ID_NUMBER", "2341 2341 2346"),
        ("US passport A12345678", "ID_NUMBER", "A12345678"),
        ("Driver's license: D1234567", "ID_NUMBER", "D1234567"),
        ("Führerscheinnummer: B072RRE2I55", "ID_NUMBER", "B072RRE2I55"),
        ("Medicare number: 2123 45670 1", "HEALTH_ID", "2123 45670 1"),
        ("DEA number AB1234563", "HEALTH_ID", "AB1234563"),
        ("NPI 1234567893", "HEALTH_ID", "1234567893"),
        ("ABA routing number 021000021", "BANK_ACCOUNT", "021000021"),
        ("Account number: 002345678901", "BANK_ACCOUNT", "002345678901"),
        ("Kennzeichen: HH-AB 1234", "VEHICLE", "HH-AB 1234"),
        ("number plate: AB12 CDE", "VEHICLE", "AB12 CDE"),
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
        "Section A.5.3.1.7 applies.",
        "1BoatSLRHtKNngkdXEeobR76b53LETtpyU",
        "Thank you.Please come again.",
        "PESEL: 44051401358",
        "Ref 202309097001 confirms the payment.",
        "Confirmation code R000017473",
        "Licence fees are specified in PO #104962.",
        "The bank saves 20250001 units a year.",
        "Doc no. CS00241999, cash sales",
        "DNI 12345678A",
    ],
)
def test_what_has_wrong_check_digits_is_none(text):
    assert find(text, PERSONAL) == []


@pytest.mark.parametrize(
    "card",
    [
        "5500 0000 0000 0004",
        "4111-1111-1111-1111",
        "2223 0031 2200 3222",
        "3782 822463 10005",
        "3056 930902 5904",
        "3852 000002 3237",
        "1354 1234 5678 911",
        "6304 0000 0000 0000",
    ],
)
def test_cards_of_all_networks_are_found(card):
    text = f"Paid with {card} today."
    assert [(one.kind, text[one.start : one.end]) for one in find(text, PERSONAL)] == [("CARD", card)]


@pytest.mark.parametrize(
    "number",
    [
        "Nothing 0000 0000 0000 0000",
        "a wrong digit 5500 0000 0000 0005",
        "IMEI 490154203237518",
        "SIRET 732 829 320 00074",
        "EAN 4006381334013",
        "SIM 8991 1012 0000 3204 514",
    ],
)
def test_other_numbers_with_a_right_check_digit_are_no_cards(number):
    assert "CARD" not in [one.kind for one in find(number, PERSONAL)]


def test_check_digits():
    assert german_tax_id("86095742719")
    assert not german_tax_id("86095742718")
    assert german_pension_number("15070649C103")
    assert not german_pension_number("15070649C104")


def test_only_the_countries_asked_for_are_looked_at():
    text = "PESEL: 44051401359, DNI 12345678Z, Tel 01 712 3456 78"
    assert [one.kind for one in find(text, ["ID_NUMBER"], Countries(("ES",), ()))] == ["ID_NUMBER"]
    assert find(text, PERSONAL, Countries((), ())) == find(text, ["PHONE"], Countries((), ()))


def test_a_label_counts_only_before_its_number():
    text = "4405140135 is the sum of the year. " + "x" * 50 + " 44051401359 PESEL"
    assert find(text, PERSONAL) == []


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
