"""Which questions ask for a whole document, by rules: every word must be understood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_CHARS = 200


class Task(StrEnum):
    SUMMARY = "summary"
    PARTIES = "parties"
    NAMES = "names"
    STATEMENTS = "statements"


@dataclass(frozen=True, slots=True)
class Topic:
    """Sentences of a kind: those that `says` matches."""

    name: str
    says: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class WholeRequest:
    task: Task
    types: tuple[str, ...] = ()
    """Entity types that are listed."""
    what: str = ""
    """As it was asked for: 'dates'."""
    topic: Topic | None = None
    of: str = ""
    """Whose obligations."""
    document: str = ""
    """What the question calls the document; empty is the one in scope."""


_THING = r"(?:document|file|text|paper|contract|lease|agreement|letter|invoice|report|policy|minutes|e-?mail|form|receipt|presentation|statement|nda|page)s?"
_THIS = rf"(?:this|that|these|those|the|my|our|it)(?:\s+(?:whole|entire|full|selected|chosen))?(?:\s+{_THING})?"
_FILE = r"[\w()+@,'& -]{0,120}\.\w{2,5}"
_IN = rf"(?:\s+(?:(?:are|is|were|was)\s+)?(?:(?:named|mentioned|listed|given|stated|set\s+out|there|involved|contained)\s*)?(?:(?:in|of|to|from|under|for|by)\s+(?:{_THIS}|(?P<file>{_FILE})))?)?"
_ALL = r"(?:all\s+|every\s+)?(?:of\s+)?(?:the\s+|its\s+)?"
_ASK = r"(?:please\s+|can\s+you\s+|could\s+you\s+|would\s+you\s+)*(?:please\s+)?"
_LIST = rf"(?:(?:list|show|give|find|name|extract|get|tell)(?:\s+me)?\s+(?:a\s+list\s+of\s+)?{_ALL}|(?:what|who|which)(?:\s+(?:are|is|were|was))?\s+{_ALL})"

_ENTITIES = {
    "people": ("PERSON",),
    "persons": ("PERSON",),
    "individuals": ("PERSON",),
    "names": ("PERSON", "ORG"),
    "companies": ("ORG",),
    "organisations": ("ORG",),
    "organizations": ("ORG",),
    "firms": ("ORG",),
    "people and companies": ("PERSON", "ORG"),
    "people and organisations": ("PERSON", "ORG"),
    "places": ("GPE", "LOC", "FAC"),
    "locations": ("GPE", "LOC", "FAC"),
    "dates": ("DATE",),
    "amounts": ("MONEY",),
    "sums": ("MONEY",),
    "sums of money": ("MONEY",),
    "amounts of money": ("MONEY",),
    "prices": ("MONEY",),
    "percentages": ("PERCENT",),
    "e-mail addresses": ("EMAIL",),
    "email addresses": ("EMAIL",),
    "phone numbers": ("PHONE",),
    "telephone numbers": ("PHONE",),
    "ibans": ("IBAN",),
    "bank accounts": ("IBAN",),
    "references": ("REFERENCE",),
    "reference numbers": ("REFERENCE",),
    "laws": ("LAW",),
}
_TOPICS = {
    r"obligations|duties|responsibilities|commitments": Topic(
        "obligations",
        re.compile(
            r"\b(?:shall|must|undertakes?|(?:is|are)\s+(?:obliged|responsible|required|liable|bound|to\s+\w+)|obligat\w+|agrees?\s+(?:not\s+)?to|ha(?:s|ve)\s+to|may\s+not"
            r"|will\s+(?:pay|provide|keep|deliver|maintain)|bears?|pays?)\b",
            re.I,
        ),
    ),
    r"rights|entitlements": Topic("rights", re.compile(r"\b(?:may|entitled|rights?\s+to|has\s+the\s+right|free\s+to)\b(?!\s+not)", re.I)),
    r"deadlines|time\s+limits|due\s+dates|notice\s+periods": Topic(
        "deadlines",
        re.compile(
            r"\b(?:within|not?\s+later\s+than|by|until|before|due|deadline|notice|at\s+least)\b[^.]{0,60}?\b(?:\d+|one|two|three|four|six|ten|fourteen|thirty|days?|weeks?|months?)\b",
            re.I,
        ),
    ),
    r"payments|payment\s+terms|costs|fees|charges": Topic(
        "payments", re.compile(r"\b(?:pay\w*|fees?|charges?|costs?|rent|invoice\w*|price)\b|[€$£]\s?\d|\b(?:EUR|USD|GBP|CHF)\s?\d", re.I)
    ),
    r"termination\s+(?:rights|clauses|terms)|ways\s+to\s+terminate": Topic(
        "termination", re.compile(r"\b(?:terminat\w+|notice|cancel\w*|expir\w+|end(?:s|ed)?\s+on|rescind\w*)\b", re.I)
    ),
    r"penalties|liabilities|sanctions|damages": Topic(
        "penalties", re.compile(r"\b(?:penalt\w+|damages|liab\w+|forfeit\w*|deduct\w*|interest\s+(?:of|at)|compensat\w+|indemnif\w+)\b", re.I)
    ),
    r"conditions|requirements": Topic(
        "conditions", re.compile(r"\b(?:if|unless|provided\s+that|subject\s+to|conditions?|require[sd]?|only\s+when)\b", re.I)
    ),
}  # fmt: skip
_SUMMARY = tuple(
    re.compile(_ASK + pattern, re.I)
    for pattern in (
        rf"summari[sz]e(?:\s+(?:{_THIS}|(?P<file>{_FILE})))?(?:\s+(?:briefly|shortly|for\s+me|in\s+(?:a\s+few|two|three|short)\s*(?:sentences|words)?))*",
        rf"(?:(?:give|write|show|make)\s+(?:me\s+)?)?(?:an?\s+|the\s+)?(?:short\s+|brief\s+|quick\s+)?(?:summary|overview|abstract)(?:\s+(?:of|for)\s+(?:{_THIS}|(?P<file>{_FILE})))?",
        rf"(?:what(?:\s+is|'s)\s+(?:{_THIS}|(?P<file>{_FILE}))\s+about|what\s+does\s+(?:{_THIS}|(?P<file2>{_FILE}))\s+say|tl;?dr)",
    )
)
_PARTIES = re.compile(
    rf"{_ASK}(?:{_LIST}|between\s+whom\s+is\s+)(?:contracting\s+|contract\s+)?(?:parties|party){_IN}", re.I
)
_NAMES = re.compile(
    rf"{_ASK}{_LIST}(?:important\s+|key\s+)?(?P<what>{'|'.join(sorted((re.escape(word) for word in _ENTITIES), key=len, reverse=True))}){_IN}",
    re.I,
)
_WHO = re.compile(rf"{_ASK}who(?:\s+all)?\s+(?:is|are)\s+(?:named|mentioned){_IN}", re.I)
_OF = rf"(?:\s+of\s+(?:the\s+)?(?P<of>(?!{_THING}\b)[\w'&.-]+(?:\s(?!(?:in|under|to|from|by|for)\b)[\w'&.-]+){{0,3}}))?"
"""Whose: 'of the tenant'. Deadlines and costs of something are questions on a fact."""
_STATEMENTS = tuple(
    (
        re.compile(
            rf"{_ASK}{_LIST}(?:main\s+|key\s+|important\s+)?(?:{words})"
            + (_OF if topic.name in ("obligations", "rights") else "(?P<of>)")
            + _IN,
            re.I,
        ),
        topic,
    )
    for words, topic in _TOPICS.items()
)


def whole_request(question: str) -> WholeRequest | None:
    """What is asked of the whole document; None when the question is of another sort."""
    text = " ".join(question.split()).rstrip(" ?.!")
    if len(text) > MAX_CHARS:
        return None
    for pattern in _SUMMARY:
        if match := pattern.fullmatch(text):
            return WholeRequest(Task.SUMMARY, document=_file(match))
    if match := _PARTIES.fullmatch(text):
        return WholeRequest(Task.PARTIES, ("ORG", "PERSON"), "parties", document=_file(match))
    if match := _NAMES.fullmatch(text):
        what = " ".join(match["what"].casefold().split())
        return WholeRequest(Task.NAMES, _ENTITIES[what], what, document=_file(match))
    if match := _WHO.fullmatch(text):
        return WholeRequest(Task.NAMES, ("PERSON", "ORG"), "names", document=_file(match))
    for pattern, topic in _STATEMENTS:
        if match := pattern.fullmatch(text):
            return WholeRequest(
                Task.STATEMENTS, what=topic.name, topic=topic, of=match["of"] or "", document=_file(match)
            )
    return None


def _file(match: re.Match[str]) -> str:
    return next((found.strip() for name, found in match.groupdict().items() if name.startswith("file") and found), "")
