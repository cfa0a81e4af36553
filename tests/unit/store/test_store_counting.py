"""Corpus queries in SQL, on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rag.analysis.entity_rules import find
from rag.corpus import kinds
from rag.corpus.count import count
from rag.corpus.query import AmountRange, CorpusQuery, DateOf, DateRange, Wants
from rag.corpus.wording import told
from rag.fakes import text_page
from rag.fields.record import FieldValue
from rag.fields.schema import Kind
from rag.model import Classification, Entity, Filter, Status
from rag.store.documents import DocumentStore
from rag.store.labels import LabelStore

LEASE = "COMMERCIAL LEASE\nbetween Kestrel Quay Properties Ltd and Anna Keller of 18 Harbour\nStreet, made on 14 March 2023.\nDeposit EUR 14,550.00."
LIBRARY = (
    ("lease-harbour.pdf", "contract", LEASE),
    ("work.pdf", "contract", "Contract of employment with Anna Keller, 11 July 2025. Salary EUR 68,400.00."),
    (
        "a1.pdf",
        "invoice",
        "Northgate Ltd\nInvoice of 12 May 2025\nDesk EUR 900.00\nTotal EUR 12,421.77, due 11 June 2025",
    ),
    ("a2.pdf", "invoice", "Northgate Ltd\nInvoice of 30.06.2025\nTotal EUR 2,789.03"),
    ("b1.pdf", "invoice", "Solvane Inc\nInvoice 2025-09-22\nTotal USD 10,000.00"),
    ("b2.pdf", "invoice", "Solvane Inc\nNo total, no date. 100% of it."),
    ("note.txt", "other", "A note of Northgatehouse, not of the firm; the deposit is under_score."),
)


async def library(store: DocumentStore) -> dict[str, str]:
    ids = {}
    for name, label, text in LIBRARY:
        document, _ = await store.add(
            filename=name, media_type="application/pdf", sha256=name.encode().hex().ljust(64, "0"), size=1
        )
        ids[name] = document.id
        page = text_page(1, text)
        await store.save_pages(document.id, [page])
        found = [Entity(text[f.start : f.end], f.type, 1, f.start, f.end, f.norm) for f in find(text)]
        await store.save_entities(document.id, found)
        await LabelStore(store._database).save(document.id, "type", Classification(label, 0.9))
        await store.set_status(document.id, Status.READY)
    return ids


def query(wants=Wants.LIST, *words, **options) -> CorpusQuery:
    return CorpusQuery(wants, tuple(kinds.find_kind(word) for word in words), **options)


async def names(store, asked) -> list[str]:
    return [row.filename for row in (await count(asked, store, limit=100)).rows]


CASES = (
    (query(), [name for name, _, _ in sorted(LIBRARY)]),
    (query(Wants.LIST, "contract"), ["lease-harbour.pdf", "work.pdf"]),
    (query(Wants.LIST, "lease"), ["lease-harbour.pdf"]),
    (query(Wants.LIST, "employment contract", "lease"), ["lease-harbour.pdf", "work.pdf"]),
    (query(mentions=(("Anna Keller",),)), ["lease-harbour.pdf", "work.pdf"]),
    (query(mentions=(("18 harbour street",),)), ["lease-harbour.pdf"]),
    (query(mentions=(("Kestrel Quay",), ("Anna Keller",))), ["lease-harbour.pdf"]),
    (query(mentions=(("Solvane", "Kestrel Quay"),)), ["b1.pdf", "b2.pdf", "lease-harbour.pdf"]),
    (query(mentions=(("Northgate",),)), ["a1.pdf", "a2.pdf"]),
    (query(mentions=(("Northgate Limited",),)), ["a1.pdf", "a2.pdf"]),
    (query(mentions=(("30 June 2025",),)), ["a2.pdf"]),
    (query(mentions=(("€2.789,03",),)), ["a2.pdf"]),
    (query(mentions=(("100%",),)), ["b2.pdf"]),
    (query(mentions=(("under_score",),)), ["note.txt"]),
    (query(mentions=(("(.*",),)), []),
    (query(Wants.LIST, "invoice", amount=AmountRange(low=10_000_00)), ["a1.pdf", "b1.pdf"]),
    (query(Wants.LIST, "invoice", amount=AmountRange(low=10_000_01)), ["a1.pdf"]),
    (query(Wants.LIST, "invoice", amount=AmountRange(high=12_000_00)), ["b1.pdf", "a2.pdf"]),
    (query(amount=AmountRange(low=0, currency="USD")), ["b1.pdf"]),
    (query(Wants.SMALLEST, "invoice"), ["a2.pdf", "b1.pdf", "a1.pdf"]),
    (query(Wants.LATEST, "invoice"), ["b1.pdf", "a2.pdf", "a1.pdf"]),
)


async def test_which_documents_match(store):
    """One library for all of them: making it takes longer than the queries."""
    await library(store)
    found = [await names(store, asked) for asked, _ in CASES]
    assert found == [expected for _, expected in CASES]


async def test_own_dates_are_the_first_of_the_text_and_bounds_are_half_open(store):
    await library(store)
    may, july = datetime(2025, 5, 12, tzinfo=UTC).date(), datetime(2025, 7, 11, tzinfo=UTC).date()
    asked = query(dates=(DateRange(DateOf.DOCUMENT, may, july),))
    assert await names(store, asked) == ["a2.pdf", "a1.pdf"]
    counted = await count(asked, store)
    assert counted.without_date == 2
    assert [row.date.value for row in counted.rows] == ["2025-06-30", "2025-05-12"]


async def test_the_day_of_upload(store):
    await library(store)
    today = datetime.now(UTC).date()
    assert len(await names(store, query(dates=(DateRange(DateOf.UPLOAD, today),)))) == 7
    assert await names(store, query(dates=(DateRange(DateOf.UPLOAD, before=today - timedelta(days=1)),))) == []


async def test_sums_are_exact_and_kept_apart_by_currency(store):
    await library(store)
    counted = await count(query(Wants.TOTAL, "invoice"), store)
    assert [(s.currency, s.documents, s.cents) for s in counted.sums] == [("EUR", 2, 1521080), ("USD", 1, 1000000)]
    assert counted.without_amount == 1
    assert told(counted).startswith(
        "In total EUR 15,210.80 over 2 invoices, USD 10,000.00 over 1 invoice. Counted exactly"
    )
    assert "not converted" in told(counted)


async def test_the_total_is_exact_beyond_the_rows_and_pages_do_not_overlap(store):
    await library(store)
    first = await count(query(), store, limit=3)
    rest = await count(query(), store, offset=3, limit=3)
    last = await count(query(), store, offset=6, limit=3)
    assert (first.total, first.offset_after, rest.offset_after, last.offset_after) == (7, 3, 6, None)
    assert [row.filename for part in (first, rest, last) for row in part.rows] == await names(store, query())


async def test_every_row_is_cited_by_the_words_that_match(store):
    ids = await library(store)
    counted = await count(query(mentions=(("18 Harbour Street",),), amount=AmountRange(low=1)), store)
    [row] = counted.rows
    assert row.document_id == ids["lease-harbour.pdf"]
    assert [(match.what, match.text) for match in row.matches] == [
        ("mention", "18 Harbour\nStreet"),
        ("amount", "EUR 14,550.00"),
    ]
    for match in row.matches:
        assert LEASE[match.start : match.end] == match.text
        citation = counted.citations[match.citation - 1]
        assert citation.start <= match.start < match.end <= citation.end
        assert LEASE[citation.start : citation.end] == citation.quote
        assert citation.boxes


async def test_a_type_is_cited_by_its_title_or_the_first_words(store):
    await library(store)
    [lease] = (await count(query(Wants.COUNT, "lease"), store)).rows
    assert [(match.what, match.text) for match in lease.matches] == [("title", "COMMERCIAL LEASE")]
    invoice = (await count(query(Wants.COUNT, "invoice"), store)).rows[0]
    assert [(match.what, match.text) for match in invoice.matches] == [("beginning", "Northgate Ltd")]


async def test_the_scope_is_kept_and_what_is_not_read_is_said(store):
    ids = await library(store)
    await store.set_status(ids["a1.pdf"], Status.FAILED)
    await store.set_status(ids["a2.pdf"], Status.PARTIAL)
    counted = await count(query(Wants.COUNT, "invoice"), store)
    assert (counted.total, counted.in_scope, counted.unread) == (3, 7, 1)
    assert "1 document not read yet" in told(counted)
    narrow = query(Wants.COUNT, "invoice", filter=Filter(document_ids=(ids["b1.pdf"], ids["work.pdf"])))
    assert ((await count(narrow, store)).total, (await count(narrow, store)).in_scope) == (1, 2)
    other = query(Wants.COUNT, filter=Filter(collections=("elsewhere",)))
    assert (await count(other, store)).total == 0


def field(name, text, page=1, start=0, end=1, **value):
    return FieldValue(name, value.pop("kind", Kind.NAME), text, text, page, start, end, **value)


async def test_extracted_fields_come_before_the_largest_amount_and_the_first_date(store):
    ids = await library(store)
    text = LIBRARY[2][2]
    total = text.index("EUR 900.00")
    await store.save_fields(
        ids["a1.pdf"],
        [
            field("total", "900.00", 1, total, total + 10, kind=Kind.AMOUNT, number=900.0, currency="EUR"),
            field("date", "2025-06-11", None, None, None, kind=Kind.DATE, date="2025-06-11"),
        ],
    )
    counted = await count(query(Wants.LARGEST, "invoice", dates=(DateRange(DateOf.DOCUMENT),)), store)
    assert [(r.filename, r.amount.cents, r.amount.source, r.date.value, r.date.source) for r in counted.rows] == [
        ("b1.pdf", 10_000_00, "largest", "2025-09-22", "first"),
        ("a2.pdf", 2_789_03, "largest", "2025-06-30", "first"),
        ("a1.pdf", 900_00, "field", "2025-06-11", "field"),
    ]
    assert [match.text for match in counted.rows[2].matches] == ["EUR 900.00"]
    assert await names(store, query(amount=AmountRange(low=0, currency="USD"))) == ["b1.pdf"]


async def test_a_document_comes_from_whom_its_fields_say_or_else_from_whom_it_mentions(store):
    ids = await library(store)
    start = LIBRARY[4][2].index("Solvane")
    await store.save_fields(ids["b1.pdf"], [field("supplier", "Solvane Inc", 1, start, start + 11)])
    await store.save_fields(ids["a2.pdf"], [field("supplier", "Somebody Else")])
    assert await names(store, query(issuers=(("Solvane",),))) == ["b1.pdf", "b2.pdf"]
    assert await names(store, query(issuers=(("Solvane Incorporated",),))) == ["b1.pdf", "b2.pdf"]
    assert await names(store, query(issuers=(("Northgate",),))) == ["a1.pdf"]
    first, second = (await count(query(issuers=(("Solvane",),)), store)).rows
    assert [(m.what, m.text) for m in (*first.matches, *second.matches)] == [
        ("issuer", "Solvane Inc"),
        ("issuer", "Solvane"),
    ]


async def test_apostrophes_and_dashes_of_any_sort_are_the_same(store):
    await library(store)
    document, _ = await store.add(filename="c.txt", media_type="text/plain", sha256="c" * 64, size=1)
    await store.save_pages(document.id, [text_page(1, "St. Brendan’s Day Clinic, order BW–PO–7")])
    await store.set_status(document.id, Status.READY)
    assert await names(store, query(mentions=(("St. Brendan's Day Clinic",), ("BW-PO-7",)))) == ["c.txt"]


async def test_a_deleted_document_is_counted_no_more(store):
    ids = await library(store)
    await store.delete(ids["b1.pdf"])
    assert await names(store, query(mentions=(("Solvane",),))) == ["b2.pdf"]


async def test_a_date_that_does_not_exist_is_no_date(store):
    ids = await library(store)
    odd = [
        Entity("2025-99-99", "DATE", 1, 0, 10, "2025-99-99"),
        Entity("EUR 5 million", "MONEY", 1, 0, 3, "eur 5 million"),
    ]
    await store.save_entities(ids["b2.pdf"], odd)
    assert "b2.pdf" not in await names(store, query(Wants.LATEST))
    assert "b2.pdf" not in await names(store, query(Wants.LARGEST))
