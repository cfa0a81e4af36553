"""Values of fields by rules: forms, labels, layout."""

import re

import pytest

from rag.errors import InvalidInput, NotFound
from rag.fakes import text_page
from rag.fields.rules import by_rules
from rag.fields.schema import Kind, parse, ready, ready_names
from rag.fields.values import amounts, days, decimal, repaired, usual_currency, writes_month_first
from rag.model import Page, Source, Word, Words

INVOICE = """Solvane Pumps GmbH
Hafenstr. 12, 20457 Hamburg
info@solvane-pumps.example

Rechnung Nr. RE-10482      Rechnungsdatum: 03.03.2026
Fällig am: 02.04.2026

Pos  Text                 Menge     Preis
1    Kreiselpumpe         2         1.200,00
Zwischensumme: 2.400,00 EUR
MwSt 19 %: 456,00 EUR
Gesamtbetrag: 2.856,00 EUR
IBAN DE89 3704 0044 0532 0130 00"""

RECEIPT = """MOORING BISTRO LTD (519537-X)
12 Quay Road
TAX INVOICE
Date: 27/03/2018 12:07:10
2 x 2.20 4.40
Total Qty: 2 4.40
Subtotal 8.80
Total GST 0.53
TOTAL: 9.33
CASH 10.00
CHANGE 0.67"""


def found(schema, text):
    return {one.field: one for one in by_rules(ready(schema), [text_page(1, text)])}


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("1.234,56 €", "1234.56", "EUR"),
        ("EUR 1'234.50", "1234.50", "EUR"),
        ("RM106.50", "106.50", "MYR"),
        ("57. 80", "57.80", ""),
        ("1 234,56 zł", "1234.56", "PLN"),
        ("-30.06", "-30.06", ""),
        ("4.850", "4850", ""),
        ("1,23,456.00", "123456.00", ""),
    ],
)
def test_an_amount_in_many_spellings(text, value, currency):
    [one] = amounts(text)
    assert (f"{one.value}", one.currency, text[one.start : one.end]) == (value, currency, text)


def test_cells_of_a_row_are_several_amounts():
    assert [str(one.value) for one in amounts("Total Qty: 4 101.76")] == ["4", "101.76"]


@pytest.mark.parametrize("text", ["12/03/2018", "19 %", "INV-1234"])
def test_dates_percentages_and_references_are_no_amounts(text):
    assert amounts(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22 MAR 2018", "2018-03-22"),
        ("5. März 2024", "2024-03-05"),
        ("Aug 3, 2014", "2014-08-03"),
        ("August 3 , 2014", "2014-08-03"),
        ("17-02-18", "2018-02-17"),
        ("20180428", "2018-04-28"),
        ("10.02.2017", "2017-02-10"),
        ("03/25/2018", "2018-03-25"),
        ("28 Mar '18", "2018-03-28"),
        ("Mar-28-2018", "2018-03-28"),
        ("2018-Apr-28", "2018-04-28"),
        ("28 / 04 / 2018", "2018-04-28"),
    ],
)
def test_a_date_in_many_spellings(text, value):
    assert [day.value for day in days(text)] == [value]


def test_what_no_calendar_has_is_no_date():
    assert days("24/16/2017") == []


def test_one_clear_date_tells_the_order_of_the_others():
    text = "Issued 03/04/2024, due 03/25/2024"
    assert writes_month_first(text)
    assert [day.value for day in days(text, month_first=True)] == ["2024-03-04", "2024-03-25"]


def test_misread_digits_are_repaired_in_place():
    assert repaired("Date: D2/O2/17 SOLD OUT 1O.5O") == "Date: 02/02/17 SOLD OUT 10.50"


def test_the_usual_currency_is_the_one_written_most():
    assert usual_currency("RM 5.00, RM 7.00, $ 1.00") == "MYR"


def test_no_number_is_no_decimal():
    assert decimal("abc") is None


def test_the_fields_of_a_german_invoice():
    fields = found("invoice", INVOICE)
    assert {name: one.value for name, one in fields.items()} == {
        "number": "RE-10482",
        "date": "2026-03-03",
        "due_date": "2026-04-02",
        "supplier": "Solvane Pumps GmbH",
        "subtotal": "2400.00",
        "tax": "456.00",
        "total": "2856.00",
        "currency": "EUR",
        "iban": "DE89370400440532013000",
    }
    assert (fields["total"].number, fields["total"].currency) == (2856.0, "EUR")
    assert fields["due_date"].date == "2026-04-02"


def test_every_value_is_cited_to_its_words():
    for one in found("invoice", INVOICE).values():
        assert (one.page, INVOICE[one.start : one.end]) == (1, one.text)


def test_the_total_of_a_receipt_is_what_cash_and_change_say():
    fields = found("receipt", RECEIPT)
    assert (fields["total"].value, fields["date"].value, fields["company"].value) == (
        "9.33",
        "2018-03-27",
        "MOORING BISTRO LTD",
    )
    assert fields["total"].score > 0.75


def test_a_contract_names_its_parties_and_dates():
    text = (
        "This lease is made on 1 March 2024 between Northgate Estates Ltd (the Landlord) and Anna Keller (the Tenant). "
        "The monthly rent is EUR 4,850.00. The term commences on 1 April 2024 and ends on 28 February 2030. "
        "This agreement is governed by the laws of Ireland."
    )
    values = {}
    for one in by_rules(ready("contract"), [text_page(1, text)]):
        values.setdefault(one.field, []).append(one.value)
    assert values["parties"] == ["Northgate Estates Ltd", "Anna Keller"]
    assert (values["start_date"], values["end_date"]) == (["2024-04-01"], ["2030-02-28"])
    assert (values["amount"], values["governing_law"]) == (["4850.00"], ["Ireland"])


def test_a_letter_has_subject_and_reference():
    text = "Harbour Insurance AG\n\nOur ref: CLM-2025-118\nDate: 3 June 2025\n\nSubject: Water damage\n\nDear Ms Keller,\nThank you."
    fields = {name: one.value for name, one in found("letter", text).items()}
    assert (fields["sender"], fields["reference"], fields["date"]) == (
        "Harbour Insurance AG",
        "CLM-2025-118",
        "2025-06-03",
    )
    assert (fields["subject"], fields["recipient"]) == ("Water damage", "Ms Keller")


def test_a_value_stands_below_its_head():
    """A column head over its value, in another block of the text."""
    words, text = [], ""
    for word, x, y in (("Invoice", 10, 10), ("date", 60, 10), ("Due", 200, 10), ("date", 230, 10)):
        words.append((word, x, y))
    for word, x, y in (("01.02.2024", 10, 30), ("01.03.2024", 200, 30)):
        words.append((word, x, y))
    placed = []
    for word, x, y in words:
        placed.append(Word(len(text), len(text) + len(word), (x, y, x + 6 * len(word), y + 10), 1.0))
        text += word + "\n"
    page = Page(1, 600, 800, text, Source.TEXT_LAYER, Words.pack(placed))
    values = {one.field: one.value for one in by_rules(ready("invoice"), [page])}
    assert (values["date"], values["due_date"]) == ("2024-02-01", "2024-03-01")


def test_a_misread_date_is_cited_as_it_was_read():
    page = text_page(1, "Date: D2/02/17", source=Source.OCR)
    [one] = [one for one in by_rules(ready("receipt"), [page]) if one.field == "date"]
    assert (one.text, one.value) == ("D2/02/17", "2017-02-02")


def test_own_schemas_find_by_name_title_and_pattern():
    schema = parse(
        "own",
        {
            "type": "object",
            "properties": {
                "seat_number": {"type": "string", "x-kind": "reference"},
                "weight": {"type": "number", "title": "Gross weight"},
                "gate": {"type": "string", "x-pattern": r"Gate ([A-Z]\d+)"},
                "class": {"type": "string", "enum": ["Economy", "Business"]},
            },
        },
    )
    text = "Seat number: 12F7\nGross weight: 23.50 kg\nBoarding at Gate B42\nClass: ECONOMY"
    values = {one.field: one.value for one in by_rules(schema, [text_page(1, text)])}
    assert values == {"seat_number": "12F7", "weight": "23.50", "gate": "B42", "class": "Economy"}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"a b": {"type": "string"}}},
        {"type": "object", "properties": {"a": {"type": "object"}}},
        {"type": "object", "properties": {"a": {"x-pattern": "("}}},
        {"type": "object", "properties": {"a": {"x-kind": "colour"}}},
    ],
)
def test_a_schema_that_cannot_be_read_says_why(document):
    with pytest.raises(InvalidInput) as refused:
        parse("own", document)
    assert refused.value.remedy


def test_the_ready_made_schemas_are_read():
    assert ready_names() == ["contract", "invoice", "letter", "receipt"]
    assert ready("invoice").field("total").kind is Kind.AMOUNT
    with pytest.raises(NotFound):
        ready("cookbook")


def test_a_changed_schema_has_another_version():
    one = parse("own", {"properties": {"a": {"type": "string"}}})
    other = parse("own", {"properties": {"a": {"type": "number"}}})
    assert one.version != other.version


def test_a_pattern_that_never_ends_is_stopped():
    schema = parse("own", {"properties": {"a": {"x-pattern": r"(a|aa)+$"}}})
    with pytest.raises(InvalidInput):
        by_rules(schema, [text_page(1, "a" * 60 + "b")])


def test_an_empty_document_has_no_fields():
    assert by_rules(ready("invoice"), [text_page(1, "")]) == []


def test_the_sum_of_a_tax_is_not_the_total():
    text = "ACME STORE\nNET 8.80\nTOTAL GST 0.53\nPAYABLE 9.33"
    assert found("receipt", text)["total"].value == "9.33"


def test_a_sum_is_no_invoice_number():
    assert "number" not in found("invoice", "Invoice 24.99 EUR")


def test_what_is_payable_goes_before_a_net_and_its_tax() -> None:
    text = "GARDEN BAKERY LTD\nNet goods 14.40\nGST: 0.86\nTotal goods (Inc. GST): 15.26\nOther 26.61\nTotal Payable: 41.87"
    assert found("receipt", text)["total"].value == "41.87"


def scanned(text: str, doubtful: tuple[str, ...] = ()) -> Page:
    """Each line a row, each word as wide as its letters; `doubtful` words were read with little confidence."""
    placed, at = [], 0
    for number, line in enumerate(text.split("\n")):
        for match in re.finditer(r"\S+", line):
            box = (match.start() * 10.0, number * 30.0, match.end() * 10.0, number * 30.0 + 20)
            placed.append(Word(at + match.start(), at + match.end(), box, 0.3 if match.group() in doubtful else 0.9))
        at += len(line) + 1
    return Page(1, 600, 800, text, Source.OCR, Words.pack(placed), confidence=0.8)


def receipt(text: str, doubtful: tuple[str, ...] = ()) -> dict[str, str]:
    return {one.field: one.value for one in by_rules(ready("receipt"), [scanned(text, doubtful)])}


def test_a_company_whose_legal_form_stands_on_the_next_line_is_one_name_and_cited_as_one() -> None:
    text = "PERI CHICKEN\nHarbour Chickenland Malaysia\nSdn Bhd\nUnit G-13, Ground Floor\nTel: 1300"
    [company] = [one for one in by_rules(ready("receipt"), [scanned(text)]) if one.field == "company"]
    assert company.value == "Harbour Chickenland Malaysia Sdn Bhd"
    assert text[company.start : company.end] == company.text == "Harbour Chickenland Malaysia\nSdn Bhd"


def test_a_legal_form_alone_is_no_company() -> None:
    assert "company" not in receipt("Sdn Bhd\n12 Quay Road")


def test_a_branch_in_brackets_is_part_of_the_name_and_a_registration_number_is_not() -> None:
    assert receipt("HARBOUR AND SONS (QUAYSIDE)\nLOT 12, QUAY ROAD")["company"] == "HARBOUR AND SONS (QUAYSIDE)"
    assert receipt("HARBOUR AND SONS (519537-X)\nLOT 12, QUAY ROAD")["company"] == "HARBOUR AND SONS"


def test_specks_beside_a_name_are_left_out() -> None:
    assert receipt("~ HARBOUR TRADERS 4\nLOT 12", doubtful=("~", "4"))["company"] == "HARBOUR TRADERS"
    assert receipt("HARBOUR STUDIO 4\nLOT 12")["company"] == "HARBOUR STUDIO 4"


def test_letters_that_were_badly_read_are_no_name_where_others_are_read_well() -> None:
    text = "Qruy Welmo\nHarbour Traders\nLOT 12"
    assert receipt(text, doubtful=("Qruy", "Welmo"))["company"] == "Harbour Traders"


def test_a_card_is_charged_the_total_where_its_row_cannot_be_read() -> None:
    text = "HARBOUR LTD\n8866008112206 77 865.80\nTotWskfes: aa 80\nMaster Card 63.80"
    assert receipt(text)["total"] == "63.80"


def test_what_is_paid_in_full_has_no_change() -> None:
    assert receipt("HARBOUR LTD\nTea 6.00\nOther 9.50\nT0tl 6.00\nCASH 6.00\nCHANGE 0.00")["total"] == "6.00"


def test_the_sum_below_a_rounding_line_is_the_total() -> None:
    text = "HARBOUR LTD\nTotal Sales Incl GST 8.21\nRounding -0.01\nTotal 8.20\nCASH 50.00"
    assert receipt(text)["total"] == "8.20"


def test_the_total_row_of_a_table_of_taxes_is_not_the_total() -> None:
    text = "HARBOUR LTD\nTotal 21.20\nTHANK YOU\nGST Summary   Amount(RM)   Tax(RM)\nSR 20.00 1.20\nTotal 20.00 1.20"
    assert receipt(text)["total"] == "21.20"


def test_a_total_that_was_misread_by_a_letter_is_found() -> None:
    assert receipt("HARBOUR LTD\nTea 8.40\nSugar 9.90\nIOTAL 9.33\nbalance of points 77.10")["total"] == "9.33"


def test_a_total_that_includes_a_tax_is_not_that_tax() -> None:
    assert receipt("HARBOUR LTD\nTOTAL (GST 6% INCL) 9.33\nOTHER 12.50")["total"] == "9.33"
