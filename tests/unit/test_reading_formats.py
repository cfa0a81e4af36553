"""What counts as read right."""

from __future__ import annotations

from rag.evaluation.reading_formats import recall


def test_recall_counts_repeated_words() -> None:
    assert recall("Rent due rent", "rent rent due due") == 0.75
    assert recall("**Rent**, due!", "due rent") == 1.0
    assert recall("", "rent") == 0.0
