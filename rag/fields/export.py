"""Fields of many documents as one table, a row a document: CSV, XLSX, JSON. Streamed; no cell is a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path

from rag.access.principal import shown
from rag.fields.record import FieldValue
from rag.model import Document

FIRST = ("document_id", "filename", "collection", "schema")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
Rows = AsyncIterator[tuple[Document, list[FieldValue]]]


def harmless(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would compute; numbers are written as numbers elsewhere."""
    return f"'{text}" if text.startswith(_FORMULA) else text


async def as_csv(rows: Rows, names: Sequence[str]) -> AsyncIterator[str]:
    """With a byte order mark, so that spreadsheets read it as UTF-8. Lists are joined by '; '."""
    yield "\ufeff" + _line([*FIRST, *names])
    async for document, values in rows:
        yield _line(
            [*(harmless(text) for text in _head(document, values)), *(_cell_text(values, name) for name in names)]
        )


async def as_json(rows: Rows) -> AsyncIterator[str]:
    """A list of objects with every value's place, source and score."""
    opening = "["
    async for document, values in rows:
        head = dict(zip(FIRST, _head(document, values), strict=True))
        yield opening + "\n" + json.dumps({**head, "fields": [record(one) for one in values]}, ensure_ascii=False)
        opening = ","
    yield "]\n" if opening == "," else "[]\n"


async def write_xlsx(rows: Rows, names: Sequence[str], path: Path) -> None:
    """A sheet written row by row; amounts are numbers and dates are dates."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    book = xlsxwriter.Workbook(str(path), options)
    sheet = book.add_worksheet("Fields")
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, [*FIRST, *names], bold)
    at = 0
    async for document, values in rows:
        at += 1
        for column, text in enumerate(_head(document, values)):
            sheet.write_string(at, column, harmless(text))
        for column, name in enumerate(names, len(FIRST)):
            found = [one for one in values if one.field == name]
            if len(found) == 1 and found[0].number is not None:
                sheet.write_number(at, column, found[0].number)
            elif len(found) == 1 and found[0].date:
                sheet.write_datetime(at, column, date.fromisoformat(found[0].date), day)
            elif found:
                sheet.write_string(at, column, _cell_text(values, name)[:32_000])
    book.close()


def record(value: FieldValue) -> dict[str, object]:
    return {
        "field": value.field,
        "kind": value.kind.value,
        "text": value.text,
        "value": value.value,
        "number": value.number,
        "date": value.date,
        "currency": value.currency,
        "page": value.page,
        "start": value.start,
        "end": value.end,
        "source": value.origin.value,
        "model": value.model,
        "score": value.score,
        "position": value.position,
        "schema": value.schema,
    }


def _head(document: Document, values: Sequence[FieldValue]) -> list[str]:
    return [document.id, document.filename, shown(document.collection), values[0].schema if values else ""]


def _cell_text(values: Sequence[FieldValue], name: str) -> str:
    found = [one for one in values if one.field == name]
    if len(found) == 1 and found[0].number is not None:
        return found[0].value
    return harmless("; ".join(one.value for one in found))


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
