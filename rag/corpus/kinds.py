"""Nouns for documents: what they mean in the tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from rag.corpus.query import Kind

ANY = Kind("document")
_ANY = ("document", "doc", "file", "record", "item", "upload", "piece of paper")
_LABELS: Mapping[str, tuple[str, ...]] = {
    "contract": ("contract", "agreement"),
    "invoice": ("invoice", "bill"),
    "receipt": ("receipt",),
    "letter": ("letter",),
    "e-mail": ("e-mail", "email", "e mail", "mail"),
    "form": ("form", "application form"),
    "report": ("report",),
    "financial statement": ("financial statement",),
    "resume": ("resume", "résumé", "curriculum vitae", "cv"),
    "scientific paper": ("scientific paper", "research paper", "paper"),
    "news article": ("news article", "newspaper article", "press article"),
    "policy": ("policy", "guideline"),
    "minutes": ("minute", "set of minutes", "meeting minute"),
    "presentation": ("presentation", "slide deck"),
}
_TITLED: Mapping[str, tuple[str | None, tuple[str, ...]]] = {
    "lease": ("contract", ("lease", "tenancy agreement", "rental agreement")),
    "non-disclosure agreement": ("contract", ("nda", "non-disclosure agreement", "confidentiality agreement")),
    "contract of employment": ("contract", ("employment contract", "contract of employment", "employment agreement")),
    "amendment": ("contract", ("amendment", "addendum")),
    "purchase order": (None, ("purchase order",)),
    "delivery note": (None, ("delivery note",)),
    "bank statement": (None, ("bank statement", "account statement", "statement of account")),
    "fax": (None, ("fax", "telefax")),
    "notes": (None, ("note", "project note")),
    "slides": (None, ("slide",)),
}
_MEDIA: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "PDF": ("application/pdf", ("pdf", "pdf file", "pdf document")),
    "picture": ("image/", ("picture", "image", "photo", "image file")),
    "text file": ("text/", ("text file",)),
}


def find_kind(word: str, labels: tuple[str, ...] = ()) -> Kind | None:
    """The kind that a noun, singular or plural, stands for; `labels` are document types beyond the built-in ones."""
    return _table(labels).get(" ".join(word.casefold().split()))


def known(labels: tuple[str, ...] = ()) -> list[str]:
    """One word for every kind."""
    return sorted({kind.word for kind in _table(labels).values()})


def nouns(labels: tuple[str, ...] = ()) -> str:
    """A pattern for every noun, longest first."""
    words = sorted(_table(labels), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words) + r")(?![\w-])"


def plural(word: str) -> str:
    if word in ("minutes", "notes", "slides"):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    return word + "s"


def forms(word: str) -> tuple[str, ...]:
    """Singular and plural; 'contract of employment' has its plural in the first word, as has 'set of minutes'."""
    if " of " in word:
        head, _, rest = word.partition(" of ")
        return word, f"{plural(head)} of {rest}"
    return word, plural(word)


def is_plural(word: str, labels: tuple[str, ...] = ()) -> bool:
    flat = " ".join(word.casefold().split())
    return flat in _plurals(labels)


@cache
def _table(labels: tuple[str, ...]) -> Mapping[str, Kind]:
    table: dict[str, Kind] = {}
    for label in labels:
        table.update(dict.fromkeys(forms(label.casefold()), Kind(label, label=label)))
    for label, words in _LABELS.items():
        _add(table, words, Kind(label, label=label))
    for word, (owner, words) in _TITLED.items():
        _add(table, words, Kind(word, label=owner, title="|".join(words)))
    for word, (media, words) in _MEDIA.items():
        _add(table, words, Kind(word, media=media))
    _add(table, _ANY, ANY)
    return table


def _add(table: dict[str, Kind], words: tuple[str, ...], kind: Kind) -> None:
    for word in words:
        for form in forms(word):
            table.setdefault(form, kind)


@cache
def _plurals(labels: tuple[str, ...]) -> frozenset[str]:
    singular = [*labels, *_ANY]
    singular += [word for words in _LABELS.values() for word in words]
    singular += [word for _, words in (*_TITLED.values(), *_MEDIA.values()) for word in words]
    return frozenset(forms(word.casefold())[1] for word in singular)
