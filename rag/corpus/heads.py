"""How a question about the library begins, and what that asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.corpus.query import Wants

_ASK = r"(?:please\s+|can you\s+|could you\s+|i want to know\s+|i would like to know\s+)*(?:please\s+)?(?:tell me\s+|show me\s+)?"
_IS = r"(?:what(?:\s+is|'s|\s+are)\s+|give\s+me\s+|show\s+me\s+|calculate\s+|compute\s+)?"
_ALL = r"(?:all\s+)?(?:of\s+)?(?:the\s+|our\s+|my\s+|these\s+)?"
_TELL = r"(?:list|show|find|get|give|name|display|enumerate)(?:\s+me)?\s+(?:a\s+list\s+of\s+|the\s+list\s+of\s+)?"


@dataclass(frozen=True, slots=True)
class Head:
    wants: Wants
    pattern: re.Pattern[str]
    plural: bool = False
    """The noun must be plural: 'the total of invoice 7' asks a document, 'of the invoices' the library."""
    needs_clause: bool = False
    without_noun: bool = False


def _head(wants: Wants, words: str, *, plural: bool = False, clause: bool = False, bare: bool = False) -> Head:
    return Head(wants, re.compile(_ASK + words, re.I), plural, clause, bare)


HEADS: tuple[Head, ...] = (
    _head(Wants.COUNT, rf"(?:in\s+)?how\s+many\s+(?:of\s+)?{_ALL}", plural=True),
    _head(Wants.COUNT, rf"(?:{_IS}the\s+|{_IS})?(?:total\s+|exact\s+)?(?:number|count)\s+of\s+{_ALL}", plural=True),
    _head(Wants.COUNT, rf"count\s+{_ALL}", plural=True),
    _head(
        Wants.TOTAL,
        rf"{_IS}(?:the\s+)?(?:grand\s+|overall\s+)?(?:total|sum)(?:\s+(?:amount|value|sum|cost|worth)s?)?\s+(?:of|for|over|across)\s+{_ALL}",
        plural=True,
    ),
    _head(Wants.TOTAL, rf"(?:how\s+much|what)\s+(?:do|did|have)\s+{_ALL}(?=.*(?:come|add\s+up|amount|sum\s+up)\s*(?:to)?(?:\s+in\s+total|\s+altogether)?$)", plural=True),
    _head(
        Wants.AVERAGE,
        rf"{_IS}(?:the\s+)?(?:average|mean)(?:\s+(?:amount|value|total|sum))?\s+(?:of|for|over|across)\s+{_ALL}",
        plural=True,
    ),
    *(
        _head(wants, rf"(?:(?:which|what)\s+(?:is|are|was)\s+|show\s+me\s+|find\s+|give\s+me\s+)?(?:the\s+|our\s+|my\s+)?{words}\s+")
        for wants, words in (
            (Wants.LARGEST, "(?:largest|biggest|highest|most\\s+expensive)"),
            (Wants.SMALLEST, "(?:smallest|lowest|cheapest)"),
            (Wants.LATEST, "(?:latest|newest|most\\s+recent)"),
            (Wants.EARLIEST, "(?:earliest|oldest)"),
        )
    ),
    _head(Wants.LIST, r"(?:in\s+)?(?:which|what)\s+(?:of\s+)?(?:the\s+|our\s+|my\s+)?", clause=True),
    _head(Wants.LIST, rf"{_TELL}(?:all|every|each)\s+(?:of\s+)?(?:the\s+|our\s+|my\s+)?"),
    _head(Wants.LIST, rf"{_TELL}(?:the\s+|our\s+|my\s+)?", plural=True),
    _head(Wants.LIST, r"(?:are|is)\s+there\s+(?:any\s+|an?\s+|some\s+)?|do\s+(?:we|i)\s+have\s+(?:any\s+|an?\s+|some\s+)", clause=True),
    _head(Wants.LIST, r"where\s+(?=(?:is|are|was|were)\s.*\s(?:mentioned|named|referred\s+to|cited)\b)", clause=True, bare=True),
    _head(Wants.LIST, r"what\s+(?=(?:(?:was|were|has\s+been|have\s+been)\s+(?:uploaded|added|imported)|did\s+we\s+(?:upload|add|import))\b)", clause=True, bare=True),
    _head(Wants.LIST, r"(?:all\s+(?:of\s+)?(?:the\s+|our\s+|my\s+)?)?", plural=True, clause=True),
)  # fmt: skip
"""Tried in this order."""
