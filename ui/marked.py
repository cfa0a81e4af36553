"""A page's text as HTML: entities coloured, spans marked, doubtful words underlined. All of it is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from rag.replies.documents import Entity, Page
from ui.view import Span, table_html
from ui.words import later, say

ENTITY_GROUPS = {
    "PERSON": ("person", later("Person")),
    "ORG": ("org", later("Organisation")),
    "NORP": ("org", later("Group")),
    "GPE": ("place", later("Place")),
    "LOC": ("place", later("Place")),
    "FAC": ("place", later("Building")),
    "DATE": ("time", later("Date")),
    "TIME": ("time", later("Time")),
    "MONEY": ("money", later("Amount")),
    "PERCENT": ("money", later("Percentage")),
    "QUANTITY": ("money", later("Quantity")),
    "LAW": ("other", later("Law")),
    "PRODUCT": ("other", later("Product")),
    "EVENT": ("other", later("Event")),
    "WORK_OF_ART": ("other", later("Title")),
}
_TABLE = re.compile(r"^\|.*\|[ \t]*\n\|(?:[ :]*-+[ :]*\|)+[ \t]*(?:\n\|.*\|[ \t]*)+", re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")
DOUBTFUL = 0.6
"""Words read with less confidence are marked."""


def entity_group(kind_of_entity: str) -> tuple[str, str]:
    """(css group, name for people) of an entity type."""
    group, name = ENTITY_GROUPS.get(kind_of_entity, ("other", kind_of_entity.replace("_", " ").capitalize()))
    return group, say(name)


def page_text_html(page: Page, entities: Sequence[Entity] = (), highlights: Sequence[Span] = ()) -> str:
    """The page's text: entities coloured, spans marked, doubtful words underlined. Its characters are the page's."""
    named = [
        (mention.start, mention.end, entity.type)
        for entity in entities
        for mention in entity.mentions
        if mention.page == page.number
    ]
    doubtful = [(word.start, word.end) for word in page.words if word.confidence < DOUBTFUL]
    edges = {0, len(page.text)}
    for start, end in [*((start, end) for start, end, _ in named), *doubtful, *highlights]:
        edges |= {min(max(start, 0), len(page.text)), min(max(end, 0), len(page.text))}
    cuts = sorted(edges)
    types = _cover(cuts, named)
    doubts = _cover(cuts, [(start, end, "doubtful") for start, end in doubtful])
    marks = _cover(cuts, [(start, end, "hit") for start, end in highlights])
    pieces = []
    for at, (start, end) in enumerate(pairwise(cuts)):
        pieces.append(_piece(page.text[start:end], types[at], bool(doubts[at]), bool(marks[at])))
    return f'<div class="rw-text">{"".join(pieces)}</div>'


def _cover(cuts: Sequence[int], named: Sequence[tuple[int, int, str]]) -> list[str]:
    """For each piece between two cuts the name of a span that covers it, or ''."""
    index = {cut: at for at, cut in enumerate(cuts)}
    covering = [""] * len(cuts)
    last = cuts[-1]
    for start, end, name in named:
        for at in range(index[min(max(start, 0), last)], index[min(max(end, 0), last)]):
            covering[at] = name
    return covering


def _piece(text: str, entity: str, doubtful: bool, marked: bool) -> str:
    html = escape(text)
    if doubtful:
        html = f'<span class="rw-doubt" title="{escape(say("Read with little confidence"))}">{html}</span>'
    if entity:
        group, name = entity_group(entity)
        html = f'<span class="rw-e rw-e-{group}" title="{escape(name)}">{html}</span>'
    return f'<mark class="rw-hit">{html}</mark>' if marked else html


def tables_html(text: str) -> list[str]:
    """The tables of a page's text, which holds them as Markdown, as HTML; escaped."""
    return [_table_html(match[0]) for match in _TABLE.finditer(text)]


def _table_html(table: str) -> str:
    head, _, *body = (_CELL.split(line.strip().strip("|").strip()) for line in table.strip().splitlines())
    return table_html([cell.strip() for cell in head], [[cell.strip() for cell in row] for row in body])


def legend_html(entities: Sequence[Entity], page: int | None = None) -> str:
    """The entity colours that occur (on the page), once each."""
    seen = dict.fromkeys(
        entity_group(entity.type)[0]
        for entity in entities
        if page is None or any(mention.page == page for mention in entity.mentions)
    )
    names = {
        "person": say("People"),
        "org": say("Organisations"),
        "place": say("Places"),
        "time": say("Dates"),
        "money": say("Amounts"),
        "other": say("Other"),
    }
    items = "".join(
        f'<span class="rw-e rw-e-{group}">{escape(name)}</span>' for group, name in names.items() if group in seen
    )
    return f'<div class="rw-legend">{items}</div>' if items else ""
