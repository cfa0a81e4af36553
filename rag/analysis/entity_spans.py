"""From a model's spans to entities: windows over long pages, clean edges, rules beside the model, one type a name. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rag.analysis import entity_rules
from rag.analysis.entity_rules import normalise
from rag.model import Entity, Page
from rag.text import encodable

WINDOW_CHARS = 4000
Spans = Iterable[tuple[int, int, str]]
"""(start, end, type) in the text that was given."""
KEPT = frozenset(
    {"PERSON", "ORG", "GPE", "LOC", "FAC", "NORP", "DATE", "TIME", "MONEY", "PERCENT", "LAW", "PRODUCT", "EVENT"}
)
"""CARDINAL, ORDINAL, QUANTITY, LANGUAGE and WORK_OF_ART are noise in business documents."""
NAMES = frozenset({"PERSON", "ORG", "GPE", "LOC", "FAC", "NORP", "PRODUCT", "EVENT", "LAW"})
MONEY_SIGN = re.compile(r"[$€£¥₹]|\b(?:[A-Z]{3}|RM|dollars?|euros?|pounds?|francs?|yen|rupees?)\b")
TIME_WORD = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}\b(?!\d)|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|day\b|\b(?:days|weeks?|months?"
    r"|quarters?|years?|decades?|century|centuries|spring|summer|autumn|winter|today|yesterday|tomorrow)\b",
    re.I,
)
GENERIC = frozenset(
    [
        "landlord",
        "tenant",
        "lessor",
        "lessee",
        "lender",
        "borrower",
        "buyer",
        "seller",
        "purchaser",
        "supplier",
        "vendor",
        "customer",
        "client",
        "contractor",
        "employer",
        "employee",
        "licensor",
        "licensee",
        "guarantor",
        "agent",
        "trustee",
        "company",
        "party",
        "parties",
        "lease",
        "agreement",
        "contract",
        "premises",
        "property",
        "schedule",
        "appendix",
        "annex",
        "exhibit",
        "section",
        "article",
        "page",
        "iban",
        "bic",
        "swift",
        "vat",
        "invoice",
        "receipt",
        "order",
        "total",
        "subtotal",
        "amount",
        "tax",
        "date",
        "due",
        "tel",
        "phone",
        "fax",
        "email",
        "e-mail",
        "ref",
        "no",
        "description",
        "quantity",
        "qty",
        "price",
        "unit",
        "agenda",
        "minutes",
        "chair",
        "signature",
        "signed",
    ]
)
"""Words that drafts write with a capital and models take for names."""
EDGE = " \t\n\r\u00a0,;:.-–—|'\"“”‘’()[]*•/\\_#"


def entities_of(pages: Sequence[Page], find: Callable[[list[str]], Iterable[Spans]]) -> list[list[Entity]]:
    """One list a page, ordered by start, without overlaps; page.text[start:end] == text.

    `find` is the model: spans of each text, in the order of the texts. Pages longer than a window are cut where a
    paragraph ends, or else with an overlap, so that no span is lost to a cut.
    """
    flat = [entity_rules.unwrapped(encodable(page.text)) for page in pages]
    pieces = [
        (index, window)
        for index, whole in enumerate(flat)
        for window in entity_rules.windows(whole, WINDOW_CHARS)
        if not window.text.isspace()
    ]
    by_model: list[list[Entity]] = [[] for _ in pages]
    for (index, window), spans in zip(pieces, find([window.text for _, window in pieces]), strict=True):
        for first, last, kind in spans:
            start, end = window.offset + first, window.offset + last
            if kind in KEPT and window.keeps_from <= start < window.keeps_to:
                entity = trimmed(pages[index], flat[index], start, end, kind)
                if entity is not None:
                    by_model[index].append(entity)
    return [_merged(page, found) for page, found in zip(pages, by_model, strict=True)]


def trimmed(page: Page, flat: str, start: int, end: int, kind: str) -> Entity | None:
    """Without marks and white space around it, and only up to a line that ends in `flat` (the page unwrapped); None when
    nothing of a name is left."""
    text = page.text[start:end]
    start += len(text) - len(text.lstrip(EDGE))
    text = text.strip(EDGE)
    # A model span over the end of a short line joins two cells of a form.
    cut = flat.find("\n", start, start + len(text))
    if cut >= 0:
        text = page.text[start:cut].rstrip(EDGE)
    if len(text) < 2 or len(text) > 120 or not any(map(str.isalnum, text)):
        return None
    if kind == "MONEY" and re.search(r"%|\bper ?cent\b", text):
        kind = "PERCENT"
    if kind in NAMES:
        if text[:4].casefold() == "the ":
            start, text = start + 4, text[4:]
        words = re.findall(r"[a-z-]+", text.casefold())
        if sum(map(str.isalpha, text)) < max(2, len(text) // 2) or all(
            word in GENERIC or len(word) < 2 for word in words
        ):
            return None
    if kind == "PERSON" and (any(map(str.isdigit, text)) or text.islower()):
        return None
    if kind == "MONEY" and not (any(map(str.isdigit, text)) and MONEY_SIGN.search(text) and "\n" not in text):
        return None
    if kind == "DATE" and (not TIME_WORD.search(text) or re.fullmatch(r"[\d /.-]{1,3}|[\d ]{5,}", text)):
        return None
    return Entity(text, kind, page.number, start, start + len(text), normalise(text, kind))


def _merged(page: Page, by_model: list[Entity]) -> list[Entity]:
    """What has a form is certain: rules win over the model where they overlap."""
    taken = bytearray(len(page.text))
    merged = []
    by_rule = [
        Entity(page.text[found.start : found.end], found.type, page.number, found.start, found.end, found.norm)
        for found in entity_rules.find(page.text)
    ]
    for entity in [*by_rule, *by_model]:
        if not any(taken[entity.start : entity.end]):
            taken[entity.start : entity.end] = b"\x01" * (entity.end - entity.start)
            merged.append(entity)
    return sorted(_agreed(merged), key=lambda entity: entity.start)


def _agreed(entities: list[Entity]) -> list[Entity]:
    """One name has one type on a page: the one that the model gave it most often."""
    votes: dict[str, Counter[str]] = {}
    for entity in entities:
        if entity.type in NAMES:
            votes.setdefault(entity.norm, Counter())[entity.type] += 1
    return [
        replace(entity, type=votes[entity.norm].most_common(1)[0][0]) if entity.type in NAMES else entity
        for entity in entities
    ]
