"""How well fields are read: receipts through OCR, invoices through the reader, against the values that they are known to have."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal

from rag.adapters.ocr_tesseract import TesseractOcr
from rag.adapters.ocr_tesserocr import TesserocrOcr
from rag.errors import InvalidInput, RedwellError
from rag.evaluation.files import in_place
from rag.fields.record import FieldValue
from rag.fields.rules import by_rules
from rag.fields.schema import ready
from rag.fields.values import amounts, days
from rag.model import Page, PageTask
from rag.read.reader import LocalReader
from rag.read.sandbox import Sandbox
from rag.settings import Limits, Reading

NEAR = 0.9
"""Likeness of two names (0..1) from which they count as near: one or two letters misread."""
RECEIPT = {"total": "total", "date": "date", "company": "company"}
INVOICE = {
    "amount": "total",
    "amount_untaxed": "subtotal",
    "amount_tax": "tax",
    "date": "date",
    "date_due": "due_date",
    "invoice_number": "number",
    "issuer": "supplier",
    "currency": "currency",
}
"""Name in the truth -> field of the ready-made schema."""


def evaluate_fields(
    folder: Path,
    *,
    ocr: Literal["tesseract", "tesserocr"] = "tesserocr",
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Set and half -> field -> {right, of, share} and, for names, `near`: right but for a letter or two.

    `folder` holds receipts/ (N.jpg with N.json) and invoices/ (NAME.pdf with NAME.json). The rules were written looking at
    the files in even places by name, and later at every second of the others; every fourth was never looked at and shows
    how they do on others. Raises InvalidInput without files.
    """
    limits, reading = Limits(), Reading(engine=ocr)
    sandbox = Sandbox(limits)
    reader = LocalReader(limits=limits, reading=reading, open_path=in_place, sandbox=sandbox)
    adapter = {"tesseract": TesseractOcr, "tesserocr": TesserocrOcr}[reading.engine]
    engine = adapter(limits=limits, reading=reading, open_path=in_place, sandbox=sandbox)
    result: dict[str, dict[str, dict[str, Any]]] = {}
    try:
        for name, schema, wanted, ending in (
            ("receipts", "receipt", RECEIPT, ".jpg"),
            ("invoices", "invoice", INVOICE, ".pdf"),
        ):
            files = sorted(path for path in (folder / name).glob(f"*{ending}") if path.with_suffix(".json").exists())
            for place, path in enumerate(files):
                progress(f"{name}: {path.name}")
                pages = _pages(path, reader, engine)
                found = {one.field: one for one in reversed(by_rules(ready(schema), pages))}
                truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
                parts = ["all", "odd places" if place % 2 else "even places"]
                parts += ["never looked at"] if place % 4 == 3 else []
                for key in (f"{name}, {part}" for part in parts):
                    _count(result.setdefault(key, {}), truth[0] if isinstance(truth, list) else truth, wanted, found)
    finally:
        reader.close()
    if not result:
        raise InvalidInput(f"'{folder}' has no receipts/ or invoices/ with JSON beside them.", "Name another folder.")
    return result


def _pages(path: Path, reader: LocalReader, engine: TesseractOcr | TesserocrOcr) -> list[Page]:
    try:
        outline = reader.read(str(path), filename=path.name)
    except RedwellError:
        return []
    return [engine.recognize(page) if isinstance(page, PageTask) else page for page in outline.pages]


def _count(
    counts: dict[str, dict[str, Any]],
    truth: Mapping[str, Any],
    wanted: Mapping[str, str],
    found: Mapping[str, FieldValue],
) -> None:
    for key, field in wanted.items():
        if truth.get(key) in (None, ""):
            continue
        row = counts.setdefault(field, {"right": 0, "of": 0})
        row["of"] += 1
        got = found.get(field)
        row["right"] += got is not None and same(got, str(truth[key]))
        if field in ("company", "supplier"):
            row["near"] = row.get("near", 0) + (got is not None and likeness(got.value, str(truth[key])) >= NEAR)
            row["near_share"] = round(row["near"] / row["of"], 3)
        row["share"] = round(row["right"] / row["of"], 3)


def same(got: FieldValue, truth: str) -> bool:
    """The same number, the same day, or the same letters and digits."""
    if got.number is not None:
        return [float(one.value) for one in amounts(truth)][:1] == [got.number]
    if got.date is not None:
        return [day.value for day in days(truth)][:1] == [got.date]
    return _flat(got.value) == _flat(truth)


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, _flat(one), _flat(other), autojunk=False).ratio()


def _flat(text: str) -> str:
    return re.sub(r"\W", "", text.casefold())
