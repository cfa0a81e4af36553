"""Words that say the same thing to a reader of contracts, accounts and minutes (rag/answering/synonyms.txt), by stem."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rag.answering.ground import stem

_FILE = Path(__file__).with_name("synonyms.txt")


@cache
def synonyms() -> dict[str, frozenset[str]]:
    """Stem -> the other stems of its groups."""
    found: dict[str, set[str]] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        group = {stem(word) for word in line.split()} if not line.startswith("#") else set()
        for word in group:
            found.setdefault(word, set()).update(group - {word})
    return {word: frozenset(others) for word, others in found.items()}
