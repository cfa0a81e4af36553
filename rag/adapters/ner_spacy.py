"""Entities by spaCy and by rules, with offsets into the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.model import Entity, Page

WINDOW_CHARS = 4000
_KEPT = frozenset("PERSON ORG GPE LOC FAC NORP DATE TIME MONEY PERCENT LAW PRODUCT EVENT WORK_OF_ART".split())
_RULES = (
    ("EMAIL", re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")),
    ("IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")),
    (
        "MONEY",
        re.compile(
            r"(?:€|\$|£|\b(?:EUR|USD|GBP|CHF)) ?\d[\d.,' ]*\d(?:[.,]\d{2})?|\b\d[\d.,']*\d ?(?:€|EUR|USD|GBP|CHF)\b"
        ),
    ),
    ("REFERENCE", re.compile(r"\b[A-Z]{2,5}[-/](?:\d{2,4}[-/])?\d{2,8}\b")),
    ("PHONE", re.compile(r"(?<!\w)\+\d{1,3}[ \d()/-]{7,16}\d\b")),
)
_LEGAL = re.compile(r"\b(?:ltd|limited|gmbh|inc|incorporated|llc|llp|plc|ag|co|corp|corporation|company)\b\.?", re.I)


class SpacyRecognizer:
    """`model_path` is a folder or an installed package of spaCy's. Only tok2vec and ner run."""

    def __init__(self, model_path: str, *, batch_size: int = 32, use_gpu: bool = False) -> None:
        import spacy

        if use_gpu:
            spacy.require_gpu()
        full = spacy.load(model_path)
        self._nlp = spacy.load(
            model_path, exclude=[name for name in full.pipe_names if name not in ("tok2vec", "transformer", "ner")]
        )
        self._batch_size = batch_size
        self.version = f"{full.meta['lang']}_{full.meta['name']}-{full.meta['version']}+rules/1"

    def recognize(self, pages: Sequence[Page]) -> list[list[Entity]]:
        windows = [(index, start, text) for index, page in enumerate(pages) for start, text in _windows(page.text)]
        found: list[list[Entity]] = [[] for _ in pages]
        documents = self._nlp.pipe((text for _, _, text in windows), batch_size=self._batch_size)
        for (index, offset, _), document in zip(windows, documents, strict=True):
            for span in document.ents:
                if span.label_ in _KEPT:
                    entity = _trimmed(pages[index], offset + span.start_char, offset + span.end_char, span.label_)
                    if entity is not None:
                        found[index].append(entity)
        return [_resolved(page, by_model) for page, by_model in zip(pages, found, strict=True)]


def _windows(text: str) -> Iterator[tuple[int, str]]:
    """Pieces of at most `WINDOW_CHARS`, cut where a paragraph, line or word ends, so that no span is cut in two."""
    start = 0
    while start < len(text):
        end = min(start + WINDOW_CHARS, len(text))
        if end < len(text):
            for mark in ("\n\n", "\n", " "):
                cut = text.rfind(mark, start + WINDOW_CHARS // 2, end)
                if cut > 0:
                    end = cut
                    break
        yield start, text[start:end]
        start = end


def _trimmed(page: Page, start: int, end: int, kind: str) -> Entity | None:
    """Without surrounding white space and marks; a span over a paragraph's end is no name."""
    text = page.text[start:end]
    left = len(text) - len(text.lstrip(" \n\t,;:.-–|'\"("))
    right = len(text.rstrip(" \n\t,;:-–|'\"("))
    if right <= left or "\n\n" in text[left:right]:
        return None
    text = text[left:right]
    if not any(c.isalnum() for c in text) or (kind in ("PERSON", "ORG", "GPE") and not any(c.isalpha() for c in text)):
        return None
    return Entity(text, kind, page.number, start + left, start + right, normalise(text))


def _resolved(page: Page, by_model: list[Entity]) -> list[Entity]:
    """Rules win over the model where they overlap; ordered by start."""
    by_rule = []
    for kind, pattern in _RULES:
        for match in pattern.finditer(page.text):
            if kind == "IBAN" and not valid_iban(match.group()):
                continue
            by_rule.append(
                Entity(match.group(), kind, page.number, match.start(), match.end(), normalise(match.group()))
            )
    kept: list[Entity] = []
    for entity in [*by_rule, *by_model]:
        if all(entity.end <= other.start or entity.start >= other.end for other in kept):
            kept.append(entity)
    return sorted(kept, key=lambda entity: entity.start)


def valid_iban(text: str) -> bool:
    """ISO 13616: moved four characters, letters as numbers, the whole modulo 97 is 1."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    digits = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
    return int(digits) % 97 == 1


def normalise(text: str) -> str:
    """Mentions of one thing share this: case, white space, marks and legal forms do not matter."""
    plain = " ".join(_LEGAL.sub(" ", text).split()).casefold()
    plain = re.sub(r"^the |['’]s$", "", plain)
    return re.sub(r"[^\w@.+ ]", "", plain).strip(" .") or text.casefold()
