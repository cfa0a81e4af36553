"""The plan as lines for a terminal and as an SVG: one column a card, one block a replica, filled as far as it is used."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rag.planning.plan import Plan

COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d")
WIDTH, HEIGHT, GAP, TOP = 110, 260, 14, 60
BAR = 24
"""Characters of a full card in the terminal."""


def lines(plan: Plan) -> Iterator[str]:
    for card in plan.cards:
        if card.replicas:
            filled = round(card.use * BAR)
            names = ", ".join(f"{replica.name} ({replica.share:g})" for replica in card.replicas)
            yield f"node {card.node} card {card.number}  {'█' * filled}{'·' * (BAR - filled)} {card.use:4.0%}  {names}"


def svg(plan: Plan) -> str:
    """Height is the share of the card that is reserved; the dark part of a block is how much of the time it works."""
    used = [card for card in plan.cards if card.replicas]
    colours = {stage.name: COLOURS[index % len(COLOURS)] for index, stage in enumerate(plan.stages)}
    width = max(420, GAP + len(used) * (WIDTH + GAP))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{TOP + HEIGHT + 50}" '
        'font-family="sans-serif" font-size="12">',
        f'<text x="{GAP}" y="22" font-size="15">{_title(plan)}</text>',
        f'<text x="{GAP}" y="42" fill="#555">{_subtitle(plan)}</text>',
    ]
    for index, card in enumerate(used):
        left, bottom = GAP + index * (WIDTH + GAP), float(TOP + HEIGHT)
        parts.append(f'<rect x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="#f4f4f4" stroke="#999"/>')
        for replica in card.replicas:
            height = replica.share * HEIGHT
            bottom -= height
            busy = min(1.0, replica.use / replica.share) * WIDTH
            colour = colours[replica.stage]
            parts += [
                f'<rect x="{left}" y="{bottom:.1f}" width="{WIDTH}" height="{height:.1f}" fill="{colour}" opacity="0.3"/>',
                f'<rect x="{left}" y="{bottom:.1f}" width="{busy:.1f}" height="{height:.1f}" fill="{colour}" opacity="0.8"/>',
                f'<text x="{left + 6}" y="{bottom + height / 2 + 4:.1f}">{escape(replica.name)} {replica.share:g}</text>',
            ]
        under = f"node {card.node} card {card.number}: {card.use:.0%}"
        parts.append(f'<text x="{left}" y="{TOP + HEIGHT + 20}">{under}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _title(plan: Plan) -> str:
    return f"{plan.cards_used} cards, {plan.use:.0%} used on average"


def _subtitle(plan: Plan) -> str:
    return f"a document in {plan.document_seconds:.1f} s; at most {plan.most_documents_per_second * 3600:,.0f} an hour ({escape(plan.bottleneck)})"
