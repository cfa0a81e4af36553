from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.analysis.entity_rules import find, iso_date, money, normalise, unwrapped, valid_iban, windows


@pytest.mark.parametrize(
    ("text", "kind", "span", "norm"),
    [
        ("write to Jo.Doe@Acme.example.", "EMAIL", "Jo.Doe@Acme.example", "jo.doe@acme.example"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("Tel: (01) 234 5678", "PHONE", "(01) 234 5678", "012345678"),
        ("call +353 1 234 5678 now", "PHONE", "+353 1 234 5678", "+35312345678"),
        ("due 1 March 2025.", "DATE", "1 March 2025", "2025-03-01"),
        ("on Sept. 3rd, 2024", "DATE", "Sept. 3rd, 2024", "2024-09-03"),
        ("31.12.2025", "DATE", "31.12.2025", "2025-12-31"),
        ("03/04/2025", "DATE", "03/04/2025", "03/04/2025"),
        ("2024-02-29", "DATE", "2024-02-29", "2024-02-29"),
        ("rent of EUR 4,850.00 a month", "MONEY", "EUR 4,850.00", "EUR 4850.00"),
        ("costs 1.234,50 € now", "MONEY", "1.234,50 €", "EUR 1234.50"),
        ("about $12 million", "MONEY", "$12 million", "$12 million"),
        ("Dear Acme Tools Ltd,", "ORG", "Acme Tools Ltd", "acme tools"),
        ("see NOS-2025-1187", "REFERENCE", "NOS-2025-1187", "NOS-2025-1187"),
        ("Invoice no.: 20418", "REFERENCE", "20418", "20418"),
        ("card 4111 1111 1111 1111, thanks", "CARD", "4111 1111 1111 1111", "4111111111111111"),
        ("under § 433 Abs. 2 BGB the buyer", "LAW", "§ 433 Abs. 2 BGB", "§ 433 abs 2 bgb"),
        ("nach §§ 305 ff. BGB gilt", "LAW", "§§ 305 ff. BGB", "§ 305 ff bgb"),
        ("a claim under 42 U.S.C. § 1983 was", "LAW", "42 U.S.C. § 1983", "42 u s c § 1983"),
        ("see 17 CFR 240.10b-5 again", "LAW", "17 CFR 240.10b-5", "17 cfr 240 10b-5"),
        ("by Article 6(1)(f) of the GDPR it", "LAW", "Article 6(1)(f) of the GDPR", "article 6(1)(f) gdpr"),
        ("Art. 6 Abs. 1 lit. f DSGVO erlaubt", "LAW", "Art. 6 Abs. 1 lit. f DSGVO", "art 6 abs 1 lit f dsgvo"),
        (
            "Section 10(b) of the Securities Exchange Act of 1934 forbids",
            "LAW",
            "Section 10(b) of the Securities Exchange Act of 1934",
            "section 10(b) securities exchange act of 1934",
        ),
        ("Regulation (EU) 2016/679 says", "LAW", "Regulation (EU) 2016/679", "regulation (eu) 2016/679"),
        ("Directive 95/46/EC was", "LAW", "Directive 95/46/EC", "directive 95/46/ec"),
    ],
)
def test_what_has_a_form_is_found(text, kind, span, norm):
    [found] = find(text)
    assert (found.type, text[found.start : found.end], found.norm) == (kind, span, norm)


@pytest.mark.parametrize(
    "text",
    [
        "DE89 3704 0044 0532 0130 01",
        "COVID-19",
        "version 1.2.3",
        "30/02/2024x",
        "a@b",
        "EUR\n1",
        "4111 1111 1111 1112",
        "Section 3 of the lease",
    ],
)
def test_what_only_looks_like_it_is_not(text):
    assert find(text) == []


@given(st.text(alphabet="A1 -/.@€$\nmay2024EUR", max_size=80))
def test_spans_are_ordered_and_apart(text):
    found = find(text)
    assert all(a.end <= b.start for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Monday 3 June 2024", "2024-06-03"),
        ("June 2024", "2024-06"),
        ("25/12/2024", "2024-12-25"),
        ("12/25/2024", "2024-12-25"),
        ("05/05/2024", "2024-05-05"),
        ("31 February 2024", ""),
        ("yesterday", ""),
    ],
)
def test_dates_in_iso(text, iso):
    assert iso_date(text) == iso


@pytest.mark.parametrize(
    ("text", "amount"),
    [("£5", "GBP 5.00"), ("4'850.5 CHF", "CHF 4850.50"), ("RM 20.50", "MYR 20.50"), ("12", ""), ("$2 million", "")],
)
def test_amounts(text, amount):
    assert money(text) == amount


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("ORG", "Acme Ltd.", "ACME Limited"),
        ("ORG", "The Bauer GmbH & Co. KG", "Bauer"),
        ("ORG", "Smith, Jones & Co., Inc.", "Smith Jones &"),
        ("PERSON", "Dr. Helena\nVarga", "Helena Varga"),
        ("PERSON", "Helena Varga's", "helena varga"),
        ("DATE", "1 March 2025", "2025-03-01"),
        ("MONEY", "€4,850", "EUR 4850.00"),
    ],
)
def test_spellings_of_one_thing_meet(kind, one, other):
    assert normalise(one, kind) == normalise(other, kind)


def test_a_firm_that_is_only_its_legal_form_keeps_it():
    assert normalise("Company", "ORG") == "company"


def test_iban_checksums():
    assert valid_iban("IE29 AIBK 9311 5212 3456 78")
    assert not valid_iban("IE29 AIBK 9311 5212 3456 79")
    assert not valid_iban("DE89")


@given(st.text(alphabet="ab \n", max_size=300), st.integers(2, 50), st.integers(1, 20))
def test_windows_keep_every_span_of_a_line_whole_and_once(text, size, overlap):
    pieces = list(windows(text, size, overlap))
    assert all(text[piece.offset :].startswith(piece.text) for piece in pieces)
    assert all(len(piece.text) <= size + 2 * overlap for piece in pieces)
    for start in range(len(text)):
        for end in range(start + 1, min(start + overlap, len(text)) + 1):
            if "\n" not in text[start:end]:
                homes = [piece for piece in pieces if piece.keeps_from <= start < piece.keeps_to]
                assert len(homes) == 1
                assert homes[0].offset <= start
                assert end <= homes[0].offset + len(homes[0].text)


@given(st.text(alphabet="ab. \n", max_size=300))
def test_unwrapping_keeps_offsets(text):
    flat = unwrapped(text)
    assert len(flat) == len(text)
    assert all(a == b or (a, b) == ("\n", " ") for a, b in zip(text, flat, strict=True))


def test_a_wrapped_line_goes_on_and_a_short_one_ends():
    text = "The lease was signed in the office at 18 Harbour\nStreet by both.\nDublin\nInvoice"
    assert unwrapped(text) == "The lease was signed in the office at 18 Harbour Street by both.\nDublin\nInvoice"
