"""Names at the head of a document, after labels, and in 'between A and B'. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.fields.layout import Row, Token, stacked

HEAD_ROWS = 14
DOUBTFUL = 0.6
"""A word read with less confidence (0..1) may be a speck."""
_FORMS = (
    r"(?<!\w)(?:s[do0q]n\.?,? ?b[hna][do0]\.?|sdn|[s5]/b|gmbh(?: & co\.? kgaa?| & co\.? kg)?|mbh|a\.?g|k\.?g|e\.? ?k|ohg|gbr|e\.? ?v|ug"
    r"|ltd\.?|limited|inc\.?|incorporated|llc|l\.l\.c|llp|plc|corp\.?|corporation|company|& co\.?|s\.?a\.?s?|s\.?r\.?l|s\.?l|b\.?v|n\.?v|pte\.?|pty\.?"
    r"|oy|ab|a/s|aps|sp\. z o\.o)\.?(?!\w)"
)
_FORM = re.compile(_FORMS, re.IGNORECASE)
_ONLY_FORM = re.compile(rf"(?:[\[({{][^\])}}]{{1,12}}[\])}}]\s*)?(?:{_FORMS}[\s,]*)+", re.IGNORECASE)
"""A line that only ends the name above it: 'Sdn Bhd', '(M) Ltd.'"""
_TRADE = re.compile(
    r"(?<!\w)(?:enterprise|trading|restaurant|restoran|ristorante|caf[eé]|bistro|bakery|bäckerei|bakeries|hotel|market|mart|supermarket|supermarkt"
    r"|hypermarket|pharmacy|apotheke|store|stores|shop|stationery|hardware|kedai|grocer|kitchen|services?|solutions|group|holdings?|university|clinic"
    r"|praxis|bank|insurance|versicherung|stiftung|verlag|agency|studio|industries|international|hospitality)(?!\w)",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(?<!\w)(?:invoice|tax|receipt|rechnung|quittung|date|datum|tel|telephone|phone|fax|e-?mail|www|https?|gst|vat|ust|reg|page|seite|cash$|cashier|sold|goods|returnable"
    r"|bill|order|no|nr|lot|jalan|jln|street|str|strasse|straße|road|rd|avenue|ave|taman|floor|level|suite|customer|kunde|thank|you|welcome|total|amount"
    r"|ship|due|number|nummer|copy|description|qty|table|time|guest|check|licensee|formerly|original|duplicate|p\.?o\.? ?box|dear|subject|betreff"
    r"|statement|summary|account|between|agreement|contract|vertrag|facture|factuur|home of|payment|for|attn|attention)(?!\w)",
    re.IGNORECASE,
)
_NUMBER_BEHIND = re.compile(
    r"\s*[\[({](?=[^\])}]*(?:\d|\b(?:reg|formerly|co|no)\b)|\W|\w{0,2}\W*$)[^\])}]{0,40}[\])}]?\s*\W*$|\s+(?:co\.?|company)?\s*(?:reg\.?|no\.?)?\s*[:#]?\s*[\dA-Z]*\d[\dA-Z-]{4,}\s*$",
    re.I,
)
_DOMAIN = re.compile(r"(?:@|www\.|https?://(?:www\.)?)([a-z0-9-]{3,})\.[a-z.]{2,}", re.IGNORECASE)
_MAIL_HOSTS = frozenset({"gmail", "hotmail", "yahoo", "outlook", "gmx", "web", "icloud", "facebook", "aol", "live"})
_ROLE = r"(?:\(|,|;|whose\b|having\b|with (?:its|registered)|a (?:company|corporation|limited|delaware)|residing|represented|located|mit sitz|vertreten|wohnhaft|$)"
_BETWEEN = re.compile(
    rf"\b(?:by and between|between|by and among|zwischen)[:,]?\s+(?P<a>.{{3,300}}?)[\s,;]+(?:and|und)[:,]?\s+(?P<b>[A-ZÄÖÜ„\"“].{{2,160}}?)\s*{_ROLE}",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Named:
    start: int
    end: int
    score: float


def issuer(rows: Sequence[Row], text: str) -> list[tuple[Row, Named]]:
    """Who wrote the document: candidates among the head's cells, best first. `text` is the whole document's."""
    domains = {found.casefold() for found in _DOMAIN.findall(text)} - _MAIL_HOSTS
    scored: list[tuple[float, int, Row, Named]] = []
    for index, row in enumerate(_head(rows)):
        for start, end in row.cells():
            a, b = name_span(row.text, *_legible(row, start, end))
            score = _head_score(row.text[a:b], row.number - rows[0].number, domains) - _unsure(row, a, b)
            if score > 0:
                scored.append((score, -index, row, Named(a, b, min(0.95, 0.2 + 0.11 * score))))
    scored.sort(key=lambda item: item[:2], reverse=True)
    return [(row, named) for _, _, row, named in scored]


def _head(rows: Sequence[Row]) -> list[Row]:
    """The rows at the top; a name whose legal form stands on the next line is a row of its own before them."""
    found: list[Row] = []
    top = rows[:HEAD_ROWS]
    for index, row in enumerate(top):
        for lower in top[index + 1 : index + 2]:
            for below in lower.cells():
                above = [cell for cell in row.cells() if _over(row, cell, lower, below)]
                form = lower.text[slice(*below)].strip()
                if above and _ONLY_FORM.fullmatch(form) and not _FORM.search(row.text[slice(*above[0])]):
                    found.append(stacked(row, above[0], lower, below))
        found.append(row)
    return found


def _over(upper: Row, above: tuple[int, int], lower: Row, below: tuple[int, int]) -> bool:
    left, right = upper.extent(*above)
    x0, x1 = lower.extent(*below)
    return min(right, x1) > max(left, x0)


def _legible(row: Row, start: int, end: int) -> tuple[int, int]:
    """Without specks before and behind, which a reader took for a letter or two."""
    words = row.within(start, end)
    while len(words) > 1 and _speck(words[0][1]):
        words = words[1:]
    while len(words) > 1 and _speck(words[-1][1]):
        words = words[:-1]
    if not words:
        return start, end
    place, last = words[-1]
    return max(start, words[0][0]), min(end, place + last.end - last.start)


def _speck(token: Token) -> bool:
    return token.end - token.start <= 2 and token.confidence < DOUBTFUL


def _unsure(row: Row, start: int, end: int) -> float:
    """What is badly read is hardly a name: 0 where it is read well."""
    sure = [token.confidence for _, token in row.within(start, end)]
    return 4.0 * max(0.0, DOUBTFUL - sum(sure) / len(sure)) if sure else 0.0


def name_span(text: str, start: int, end: int) -> tuple[int, int]:
    """Without marks around it and registration numbers behind it."""
    piece = text[start:end]
    shorter = _NUMBER_BEHIND.sub("", piece)
    piece = shorter if len(shorter) >= 3 else piece
    left = len(piece) - len(re.sub(r"^[^\w(]+", "", piece))
    piece = re.sub(r"[^\w.)&!]+$", "", piece)
    return start + min(left, len(piece)), start + len(piece)


_MISREAD_FORM = re.compile(r"\bS[DO0Q]N\.? ?B[HN][DO0]\b|\bSDN\.? ?BAD\b|\b5/B\b", re.IGNORECASE)


def legal_form(name: str) -> str:
    """The name with its legal form as it is spelt, where a reader took its letters for others: 'SON BHD' is 'SDN BHD'."""

    def spelt(match: re.Match[str]) -> str:
        form = match.group()
        return "S/B" if "/" in form else "SDN BHD" if form.isupper() else "Sdn Bhd"

    return _MISREAD_FORM.sub(spelt, name)


def _head_score(name: str, index: int, domains: set[str]) -> float:
    letters = sum(map(str.isalpha, name))
    words = re.findall(r"[^\W\d_]{2,}", name)
    if letters < 4 or len(name) > 70 or not words or letters < 0.55 * len(name.replace(" ", "")):
        return 0.0
    if _ONLY_FORM.fullmatch(name):
        return 0.0
    score = 3.0 - 0.22 * index
    score += 2.6 if _FORM.search(name) else 0.0
    score += 1.4 if _TRADE.search(name) else 0.0
    score += 0.6 if name.isupper() or name.istitle() else 0.0
    score += 0.4 if len(words) >= 2 else -0.6
    score -= 1.0 if any(map(str.isdigit, name)) else 0.0
    score -= 3.2 if _NOT.search(name) else 0.0
    score -= 1.2 if name[0].islower() else 0.0
    score -= 2.0 * sum(not (word.isupper() or word[1:].islower()) for word in words) / len(words)
    score -= 1.5 if sum(len(word) >= 3 for word in words) * 2 < len(name.split()) else 0.0
    flat = re.sub(r"\W", "", name.casefold())
    if any(flat.startswith(domain.replace("-", "")[:8]) or domain.replace("-", "") in flat for domain in domains):
        score += 2.0
    return score


def parties(text: str) -> list[Named]:
    """The two names in the first 'between A and B'; offsets into `text`, whose line ends are spaces."""
    for match in _BETWEEN.finditer(text):
        found = []
        for group in ("a", "b"):
            start, end = match.span(group)
            cut = re.search(
                r"\(|,(?! (?:Inc|LLC|L\.|Ltd|S\.|N\.|Corp|GmbH|LP|PLC))|;|\s(?:whose|having|a (?:company|corporation|Delaware))\b",
                text[start:end],
            )
            end = start + cut.start() if cut else end
            piece = text[start:end]
            begin = (
                start
                + len(piece)
                - len(re.sub(r"^(?:[\W_]+|(?:the|der|die|dem|den)\s+|\(?\d\)\s*)*", "", piece, flags=re.I))
            )
            stripped = text[begin:end].rstrip(" \"“”„'.,;:")
            if 2 < len(stripped) <= 90 and stripped[0].isupper():
                found.append(Named(begin, begin + len(stripped), 0.8))
        if len(found) == 2:
            return found
    return []


def person_or_firm(text: str) -> bool:
    """True when a cell can be a name: letters, a capital first, not a sentence."""
    words = text.split()
    return (
        0 < len(words) <= 9
        and len(text) >= 3
        and (text[0].isupper() or text[0].isdigit())
        and sum(map(str.isalpha, text)) >= 0.6 * len(text.replace(" ", ""))
    )
