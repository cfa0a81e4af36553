"""Corpus queries in SQL: which documents match, how many, what their amounts come to. Exact on SQLite and PostgreSQL alike.

Extracted fields come first: `total`, `date`, and whom it comes from. Where a document has none, its amount is its largest (of the
currency that is asked for), its own date the first full date of its text, and it comes from whom it mentions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)

from rag.analysis.entity_rules import normalise
from rag.corpus.query import Amount, AmountRange, CorpusQuery, DateOf, Kind, OwnDate, Row, Sum, Wants
from rag.model import Status
from rag.store.database import Database
from rag.store.listing import matches
from rag.store.tables import documents, entities, fields, lookup_key, pages

TOTAL, DATE = "total", "date"
ISSUERS = ("supplier", "company", "sender")
"""Fields of the ready schemas (rag/fields/ready)."""
HEAD_CHARS = 400
"""Of the first page: where a document says what it is."""
_NORMED = r"^[A-Z]{3} [0-9]{1,13}[.][0-9]{2}$"
"""`norm` of an amount that is exact: rag.analysis.entity_rules.money."""
_ISO = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_FINAL = (Status.READY.value, Status.PARTIAL.value)


@dataclass(frozen=True, slots=True)
class Tally:
    """`total` counts every match; `rows` are those of the page that was asked for, without their matches in the text."""

    total: int
    rows: tuple[Row, ...]
    in_scope: int
    unread: int
    sums: tuple[Sum, ...]
    without_amount: int
    without_date: int


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a page of a document."""

    document_id: str
    page: int
    start: int
    end: int


class Counting:
    _database: Database

    async def tally(self, query: CorpusQuery, *, offset: int = 0, limit: int = 10) -> Tally:
        """Count what matches and fetch `limit` rows from `offset` on; everything of one moment of the database."""
        candidates = _candidates(query)
        scope = matches(query.filter)
        found = select(candidates).where(*_amount_and_date(query, candidates)).cte("found")
        amount_missing = [candidates.c.cents.is_(None)] if query.needs_amount else []
        date_missing = [candidates.c.own_date.is_(None)] if query.needs_date else []
        async with self._database.read() as connection:

            async def count(source: Any, *conditions: ColumnElement[bool]) -> int:
                return await connection.scalar(select(func.count()).select_from(source).where(*conditions)) or 0

            total = await count(found)
            in_scope = await count(documents, *scope)
            read = await count(documents, *scope, documents.c.status.in_(_FINAL))
            without_amount = await count(candidates, *amount_missing) if amount_missing else 0
            without_date = await count(candidates, *date_missing) if date_missing else 0
            sums = []
            if query.needs_amount:
                cents = found.c.cents
                grouped = select(found.c.currency, func.count(), func.sum(cents), func.min(cents), func.max(cents))
                for row in await connection.execute(
                    grouped.group_by(found.c.currency).order_by(func.sum(cents).desc())
                ):
                    sums.append(Sum(row[0], *(int(value) for value in row[1:])))
            page = select(found).order_by(*_order(query, found)).offset(offset).limit(limit)
            rows = tuple(_row(row) for row in await connection.execute(page))
        return Tally(total, rows, in_scope, in_scope - read, tuple(sums), without_amount, without_date)

    async def mention_places(self, document_ids: Sequence[str], names: Sequence[str]) -> dict[str, Place]:
        """The first place of each document where one of the names stands; what the pages do not say literally, an
        entity under another spelling does."""
        places: dict[str, Place] = {}
        named = (
            select(entities.c.document_id, entities.c.page, entities.c.start, entities.c.end)
            .where(entities.c.document_id.in_(document_ids), or_(*(_named(name) for name in names)))
            .order_by(entities.c.document_id, entities.c.page.desc(), entities.c.start.desc())
        )
        said = (
            select(pages.c.document_id, pages.c.number, pages.c.text)
            .where(pages.c.document_id.in_(document_ids), or_(*(_said(name) for name in names)))
            .order_by(pages.c.document_id, pages.c.number.desc())
        )
        literal = re.compile("|".join(f"(?:{phrase_pattern(name)})" for name in names), re.I)
        async with self._database.read() as connection:
            for row in await connection.execute(named):
                places[row.document_id] = Place(row.document_id, row.page, row.start, row.end)
            for document_id, number, text in await connection.execute(said):
                if match := literal.search(text):
                    places[document_id] = Place(document_id, number, *match.span())
        return places

    async def issuer_places(self, document_ids: Sequence[str], names: Sequence[str]) -> dict[str, Place]:
        """Where the field stands that says whom the document comes from, or else the mention."""
        places = await self.mention_places(document_ids, names)
        query = select(fields.c.document_id, fields.c.page, fields.c.start, fields.c.end).where(
            fields.c.document_id.in_(document_ids),
            fields.c.name.in_(ISSUERS),
            fields.c.page.is_not(None),
            or_(*(_field_says(name) for name in names)),
        )
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                places[row.document_id] = Place(*row)
        return places


def phrase_pattern(words: str) -> str:
    """Whole words, in any white space, apostrophes and dashes of any sort: read alike by Python and by PostgreSQL."""
    parts = [re.sub(r"([^\w])", r"\\\1", part) for part in words.split()]
    parts = [re.sub(r"\\['’‘`´]", "['’‘`´]", part) for part in parts]
    parts = [re.sub(r"\\[-‐‑–—]", "[-‐‑–—]", part) for part in parts]
    return r"(?<!\w)" + r"\s+".join(parts) + r"(?!\w)"


def _said(name: str) -> ColumnElement[bool]:
    """On a page, as whole words. The plain comparison first: it spares the pattern most pages."""
    longest = max(re.findall(r"[A-Za-z0-9]+", name), key=len, default="")
    exact = pages.c.text.regexp_match(f"(?i){phrase_pattern(name)}")
    return and_(pages.c.text.icontains(longest, autoescape=True), exact) if longest else exact


def _named(name: str) -> ColumnElement[bool]:
    """As an entity, in another spelling: '1 June 2025' is 1.6.2025, 'Acme Ltd' is Acme."""
    keys = {lookup_key(name), *(lookup_key(normalise(name, kind)) for kind in ("", "ORG", "PERSON", "DATE", "MONEY"))}
    return or_(entities.c.key.in_(keys), entities.c.text_key == lookup_key(name))


def _candidates(query: CorpusQuery) -> CTE:
    """Read documents that match all but amount and date, with both beside them where they are needed."""
    conditions = [*matches(query.filter), documents.c.status.in_(_FINAL)]
    if query.kinds:
        conditions.append(or_(*(_is_kind(kind) for kind in query.kinds)))
    conditions += [_mentioned(group) for group in query.mentions]
    conditions += [_issued_by(group) for group in query.issuers]
    for item in query.dates:
        if item.of is DateOf.UPLOAD:
            if item.after is not None:
                conditions.append(documents.c.created_at >= _midnight(item.after))
            if item.before is not None:
                conditions.append(documents.c.created_at < _midnight(item.before))
    columns = [documents.c.id, documents.c.filename, documents.c.filename_key, documents.c.collection]
    columns += [documents.c.label, documents.c.created_at]
    chosen: Select[Any] = select(*columns).where(*conditions)
    if query.needs_amount:
        amounts = _amounts(query.amount.currency if query.amount else None)
        chosen = chosen.add_columns(
            amounts.c.cents,
            amounts.c.currency,
            amounts.c.page.label("amount_page"),
            amounts.c.start.label("amount_start"),
            amounts.c.end.label("amount_end"),
            amounts.c.rank.label("amount_rank"),
        ).outerjoin(amounts, and_(amounts.c.document_id == documents.c.id, amounts.c.place == 1))
    if query.needs_date:
        dates = _own_dates()
        chosen = chosen.add_columns(
            dates.c.own_date,
            dates.c.page.label("date_page"),
            dates.c.start.label("date_start"),
            dates.c.end.label("date_end"),
            dates.c.rank.label("date_rank"),
        ).outerjoin(dates, and_(dates.c.document_id == documents.c.id, dates.c.place == 1))
    return chosen.cte("candidates")


def _amounts(currency: str | None) -> CTE:
    """The amount of every document has place 1: its field `total`, or else the largest exact amount."""
    total = select(
        fields.c.document_id,
        fields.c.page,
        fields.c.start,
        fields.c.end,
        cast(func.round(fields.c.number * 100), BigInteger).label("cents"),
        func.coalesce(fields.c.currency, "").label("currency"),
        literal(0).label("rank"),
    ).where(fields.c.name == TOTAL, fields.c.number.is_not(None))
    # Cast behind CASE: PostgreSQL may look at rows that the condition leaves out.
    digits = cast(func.replace(func.substr(entities.c.norm, 5), ".", ""), BigInteger)
    unit = func.substr(entities.c.norm, 1, 3)
    named = select(
        entities.c.document_id,
        entities.c.page,
        entities.c.start,
        entities.c.end,
        case((entities.c.norm.regexp_match(_NORMED), digits)).label("cents"),
        unit.label("currency"),
        literal(1).label("rank"),
    ).where(entities.c.type == "MONEY", entities.c.norm.regexp_match(_NORMED))
    both = union_all(total, named.where(unit == currency) if currency else named).cte("exact_amounts")
    order = func.row_number().over(
        partition_by=both.c.document_id, order_by=(both.c.rank, both.c.cents.desc(), both.c.page, both.c.start)
    )
    return select(both, order.label("place")).cte("amounts")


def _own_dates() -> CTE:
    """The date of every document has place 1: its field `date`, or else the first full date of its text."""
    given = select(
        fields.c.document_id,
        fields.c.page,
        fields.c.start,
        fields.c.end,
        fields.c.date.label("own_date"),
        literal(0).label("rank"),
    ).where(fields.c.name == DATE, fields.c.date.is_not(None))
    named = select(
        entities.c.document_id,
        entities.c.page,
        entities.c.start,
        entities.c.end,
        entities.c.norm.label("own_date"),
        literal(1).label("rank"),
    ).where(entities.c.type == "DATE", entities.c.norm.regexp_match(_ISO))
    both = union_all(given, named).cte("full_dates")
    order = func.row_number().over(
        partition_by=both.c.document_id, order_by=(both.c.rank, both.c.page, both.c.start, both.c.own_date)
    )
    return select(both, order.label("place")).cte("own_dates")


def _issued_by(names: Sequence[str]) -> ColumnElement[bool]:
    has = documents.c.id.in_(select(fields.c.document_id).where(fields.c.name.in_(ISSUERS)))
    says = select(fields.c.document_id).where(fields.c.name.in_(ISSUERS), or_(*(_field_says(name) for name in names)))
    return or_(documents.c.id.in_(says), and_(not_(has), _mentioned(names)))


def _field_says(name: str) -> ColumnElement[bool]:
    """The name, with or without its legal form, stands in the field."""
    spellings = dict.fromkeys((name, normalise(name, "ORG")))
    return or_(*(fields.c.value.regexp_match(f"(?i){phrase_pattern(spelling)}") for spelling in spellings))


def _mentioned(names: Sequence[str]) -> ColumnElement[bool]:
    said = select(pages.c.document_id).where(or_(*(_said(name) for name in names)))
    named = select(entities.c.document_id).where(or_(*(_named(name) for name in names)))
    return or_(documents.c.id.in_(said), documents.c.id.in_(named))


def _amount_and_date(query: CorpusQuery, candidates: CTE) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.needs_amount:
        asked = query.amount or AmountRange()
        conditions.append(candidates.c.cents.is_not(None))
        if asked.currency is not None:
            conditions.append(candidates.c.currency == asked.currency)
        if asked.low is not None:
            conditions.append(candidates.c.cents >= asked.low)
        if asked.high is not None:
            conditions.append(candidates.c.cents <= asked.high)
    if query.needs_date:
        conditions.append(candidates.c.own_date.is_not(None))
    for item in query.dates:
        if item.of is DateOf.DOCUMENT:
            # ISO dates sort as text.
            if item.after is not None:
                conditions.append(candidates.c.own_date >= item.after.isoformat())
            if item.before is not None:
                conditions.append(candidates.c.own_date < item.before.isoformat())
    return conditions


def _is_kind(kind: Kind) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if kind.label is not None:
        conditions.append(documents.c.label == kind.label)
    if kind.media is not None:
        conditions.append(documents.c.media_type.startswith(kind.media, autoescape=True))
    if kind.title is not None:
        conditions.append(or_(documents.c.filename_key.regexp_match(name_pattern(kind.title)), _titled(kind.title)))
    return and_(True, *conditions)


def _titled(words: str) -> ColumnElement[bool]:
    head = func.substr(pages.c.text, 1, HEAD_CHARS)
    return exists().where(
        pages.c.document_id == documents.c.id, pages.c.number == 1, head.regexp_match(f"(?i){title_pattern(words)}")
    )


def name_pattern(words: str) -> str:
    """Of a file name, casefolded: 'purchase order' is in 'purchase-order-2025.pdf'."""
    alternatives = "|".join("[ _.-]?".join(phrase.casefold().split()) for phrase in words.split("|"))
    return rf"(?<![a-z])(?:{alternatives})s?(?![a-z])"


def title_pattern(words: str) -> str:
    """A line that begins with at most three words before one of the phrases, which no colon makes the label of a value:
    'FIRST AMENDMENT TO LEASE'."""
    alternatives = "|".join(r"[\s-]+".join(re.escape(part) for part in phrase.split()) for phrase in words.split("|"))
    return rf"(?:^|\n)[^\w\n]{{0,4}}(?:\w[\w'-]*[ ]){{0,3}}(?:{alternatives})s?(?![\w:])"


def _order(query: CorpusQuery, found: CTE) -> list[ColumnElement[Any]]:
    name: list[ColumnElement[Any]] = [found.c.filename_key, found.c.id]
    if query.wants in (Wants.LATEST, Wants.EARLIEST):
        return [found.c.own_date.desc() if query.wants is Wants.LATEST else found.c.own_date, *name]
    if query.needs_amount:
        return [found.c.cents if query.wants is Wants.SMALLEST else found.c.cents.desc(), *name]
    if query.needs_date:
        return [found.c.own_date.desc(), *name]
    if query.dates:
        return [found.c.created_at.desc(), *name]
    return name


def _row(row: Any) -> Row:
    amount = own = None
    if hasattr(row, "cents"):
        source = "largest" if row.amount_rank else "field"
        amount = Amount(row.cents, row.currency, row.amount_page, row.amount_start, row.amount_end, source)
    if hasattr(row, "own_date"):
        own = OwnDate(row.own_date, row.date_page, row.date_start, row.date_end, "first" if row.date_rank else "field")
    return Row(row.id, row.filename, row.collection, row.label, row.created_at, amount, own)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
