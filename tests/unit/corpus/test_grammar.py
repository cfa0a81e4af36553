"""Which questions are about the library itself, and what they ask."""

import json
from datetime import date

import pytest

from rag.corpus import kinds
from rag.corpus.grammar import understand
from rag.corpus.query import AmountRange, DateOf, DateRange, Wants
from rag.model import Filter
from tests.conftest import ROOT

TODAY = date(2026, 11, 21)


def read(question, **options):
    query = understand(question, today=TODAY, **options)
    assert query is not None, f"not understood: {question}"
    return query


@pytest.mark.parametrize(
    ("question", "wants"),
    [
        ("How many leases name Acme?", Wants.COUNT),
        ("number of invoices", Wants.COUNT),
        ("Please count the letters", Wants.COUNT),
        ("Which invoices are above 10,000?", Wants.LIST),
        ("Can you list all contracts?", Wants.LIST),
        ("documents uploaded this week", Wants.LIST),
        ("Where is Kofi Brandt mentioned?", Wants.LIST),
        ("Are there any receipts from Acme?", Wants.LIST),
        ("total of all invoices from Acme", Wants.TOTAL),
        ("How much do all invoices from Acme come to?", Wants.TOTAL),
        ("What is the average amount of our invoices?", Wants.AVERAGE),
        ("What is the largest invoice?", Wants.LARGEST),
        ("cheapest invoice from Acme", Wants.SMALLEST),
        ("What is the most recent letter?", Wants.LATEST),
        ("the oldest contract", Wants.EARLIEST),
    ],
)
def test_what_is_asked_for(question, wants):
    assert read(question).wants is wants


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How many documents do we have?", []),
        ("How many contracts and NDAs do we have?", ["contract", "non-disclosure agreement"]),
        ("list all purchase orders", ["purchase order"]),
        ("how many e-mails are there", ["e-mail"]),
        ("how many minutes mention Acme", ["minutes"]),
        ("How many PDFs are there?", ["PDF"]),
        ("how many policies are stored", ["policy"]),
    ],
)
def test_kinds_of_documents(question, words):
    assert [kind.word for kind in read(question).kinds] == words


def test_a_type_of_the_settings_is_a_kind():
    [kind] = read("how many site plans name Acme", labels=("site plan",)).kinds
    assert (kind.word, kind.label) == ("site plan", "site plan")


@pytest.mark.parametrize("word", kinds.known())
def test_every_kind_is_found_under_its_own_word_and_its_plural(word):
    assert {kinds.find_kind(form).word for form in kinds.forms(word)} == {word}


@pytest.mark.parametrize(
    ("question", "mentions"),
    [
        ("How many leases name Acme?", (("Acme",),)),
        ("which contracts are between Acme Ltd and St. Brendan's Clinic", (("Acme Ltd",), ("St. Brendan's Clinic",))),
        ("How many documents mention Acme and Globex?", (("Acme",), ("Globex",))),
        ("How many documents mention Acme or Globex?", (("Acme", "Globex"),)),
        ("which documents mention the heating riser", (("heating riser",),)),
        ('which documents mention "the broken pipe of the kitchen"', (("the broken pipe of the kitchen",),)),
        ("documents that mention Acme and that name Globex", (("Acme",), ("Globex",))),
        ("list all documents that mention X since May", (("X",),)),
        ("In how many letters is Anna Keller named?", (("Anna Keller",),)),
        ("which documents mention 1 June 2025", (("1 June 2025",),)),
        ("which letters mention EUR 4,850.00", (("EUR 4,850.00",),)),
        ("which documents mention info@acme.example", (("info@acme.example",),)),
    ],
)
def test_names_end_where_the_rest_can_be_read(question, mentions):
    assert read(question).mentions == mentions


@pytest.mark.parametrize(
    ("question", "issuers"),
    [
        ("list the invoices from Acme and Globex", (("Acme", "Globex"),)),
        ("How many invoices did Acme send us in 2025?", (("Acme",),)),
        ("which letters were sent by Acme since May", (("Acme",),)),
        ("latest invoice from Acme", (("Acme",),)),
        ("What is the total of the Acme Supply invoices since July 2025?", (("Acme Supply",),)),
    ],
)
def test_whom_it_comes_from(question, issuers):
    assert (read(question).issuers, read(question).mentions) == (issuers, ())


@pytest.mark.parametrize(
    ("question", "low", "high", "currency"),
    [
        ("which invoices are above 10,000", 10_000_01, None, None),
        ("invoices over EUR 2.5k", 2_500_01, None, "EUR"),
        ("which invoices are at least $1 million?", 1_000_000_00, None, "USD"),
        ("invoices below 99.50 euros", None, 99_49, "EUR"),
        ("invoices with a total of more than 1'000 CHF", 1_000_01, None, "CHF"),
        ("which invoices are between EUR 3,000 and EUR 9,000?", 3_000_00, 9_000_00, "EUR"),
        ("invoices of exactly 12.421,77 EUR", 12_421_77, 12_421_77, "EUR"),
        ("how many invoices exceed 5000", 5_000_01, None, None),
    ],
)
def test_amounts(question, low, high, currency):
    assert read(question).amount == AmountRange(low, high, currency)


@pytest.mark.parametrize(
    ("question", "of", "after", "before"),
    [
        ("documents uploaded this week", DateOf.UPLOAD, "2026-11-16", "2026-11-23"),
        ("how many files did we upload in the last 7 days", DateOf.UPLOAD, "2026-11-14", None),
        ("what was uploaded yesterday?", DateOf.UPLOAD, "2026-11-20", "2026-11-21"),
        ("how many documents were added yesterday", DateOf.UPLOAD, "2026-11-20", "2026-11-21"),
        ("letters since May", DateOf.DOCUMENT, "2026-05-01", None),
        ("letters since December", DateOf.DOCUMENT, "2025-12-01", None),
        ("letters after 1 May 2025", DateOf.DOCUMENT, "2025-05-02", None),
        ("letters before May 2025", DateOf.DOCUMENT, None, "2025-05-01"),
        ("letters until 30 June 2025", DateOf.DOCUMENT, None, "2025-07-01"),
        ("letters of 2024", DateOf.DOCUMENT, "2024-01-01", "2025-01-01"),
        ("letters dated between 1 March and 30 June 2025", DateOf.DOCUMENT, "2025-03-01", "2025-07-01"),
        ("letters from March 2025 to May 2025", DateOf.DOCUMENT, "2025-03-01", "2025-06-01"),
        ("letters between November and February 2025", DateOf.DOCUMENT, "2024-11-01", "2025-03-01"),
        ("letters from Q2 2025", DateOf.DOCUMENT, "2025-04-01", "2025-07-01"),
        ("letters of last month", DateOf.DOCUMENT, "2026-10-01", "2026-11-01"),
        ("letters in the last 2 months", DateOf.DOCUMENT, "2026-09-21", None),
        ("letters written on 2025-09-15", DateOf.DOCUMENT, "2025-09-15", "2025-09-16"),
    ],
)
def test_dates(question, of, after, before):
    day = lambda text: date.fromisoformat(text) if text else None  # noqa: E731
    assert read(question).dates == (DateRange(of, day(after), day(before)),)


def test_the_leap_day_has_a_year_before():
    query = understand("letters between 29 February and 1 January 2024", today=date(2024, 3, 1))
    assert query is not None
    assert query.dates[0].after == date(2023, 2, 28)


def test_everything_at_once():
    query = read(
        "How many invoices over EUR 5,000 from Acme mention Harbour Street since June 2025 in collection matter-17?"
    )
    assert [kind.word for kind in query.kinds] == ["invoice"]
    assert (query.issuers, query.mentions) == ((("Acme",),), (("Harbour Street",),))
    assert query.amount == AmountRange(5_000_01, None, "EUR")
    assert query.dates == (DateRange(DateOf.DOCUMENT, date(2025, 6, 1)),)
    assert query.filter.collections == ("matter-17",)


def test_metadata_is_named_as_such():
    assert read("contracts with metadata matter 2024-17").filter.metadata == (("matter", "2024-17"),)


def test_the_scope_of_the_request_stays_and_cannot_be_left():
    scope = Filter(collections=("a",), document_ids=("d1",))
    assert read("how many letters", scope=scope).filter == scope
    assert read("how many letters in collection a", scope=scope).filter.collections == ("a",)
    assert understand("how many letters in collection b", today=TODAY, scope=scope) is None


@pytest.mark.parametrize(
    "question",
    [
        "",
        "invoices",
        "Which documents",
        "What is the monthly rent?",
        "How many days does the landlord have to decide?",
        "How many employees does the contract name?",
        "What is the total of invoice SV-10517?",
        "What is the total due on invoice NOS-2025-1187, including VAT?",
        "Which contracts run for more than 5 years?",
        "Which contracts are over 5 years old?",
        "What is the contract about?",
        "Which document says why the rent was reduced?",
        "which document contains the serial number of the old server",
        "Which letters are vowels in English?",
        "How many letters are in the alphabet?",
        "How many records did Acme break?",
        "Which invoice was paid late because of the bank?",
        "List the parties",
        "How many contracts did the company that owns Acme sign before it was sold?",
        "what is the latest delivery date",
        "How many documents " + "that mention Acme " * 40,
    ],
)
def test_what_is_not_wholly_understood_is_left_to_the_passages(question):
    assert understand(question, today=TODAY) is None


def test_no_question_about_a_document_is_taken_for_one_about_the_library():
    questions = [json.loads(line)["question"] for line in (ROOT / "data" / "questions.jsonl").read_text().splitlines()]
    assert [question for question in questions if understand(question, today=TODAY)] == []
    assert len(questions) == 60
